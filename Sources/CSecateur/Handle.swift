import Levels

/// A value behind an address that C programs hold, from when it is opened to when it is closed.
final class Handle<Value: Sendable>: Sendable {
    let value: Value

    private init(_ value: Value) {
        self.value = value
    }

    /// Writes the address of a new handle.
    /// - Throws: `Issue` when there is no place to write it to; what making the value throws.
    static func open(to place: UnsafeMutablePointer<OpaquePointer?>?, _ make: () throws -> Value) throws {
        guard let place else { throw nullPointer("result") }
        place.pointee = OpaquePointer(Unmanaged.passRetained(Handle(try make())).toOpaque())
    }

    /// The value at an address.
    /// - Throws: `Issue` for no address.
    static func value(at address: OpaquePointer?) throws -> Value {
        guard let address else { throw nullPointer("handle") }
        return Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(address)).takeUnretainedValue().value
    }

    static func close(_ address: OpaquePointer?) {
        if let address { Unmanaged<Handle>.fromOpaque(UnsafeRawPointer(address)).release() }
    }
}
