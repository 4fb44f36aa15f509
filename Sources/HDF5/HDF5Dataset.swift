import CHDF5

/// A dataset: numbers or strings in a shape, row-major, with attributes.
///
///     let rewards = try file.root.dataset("reward")
///     let all = try rewards.read(as: Float.self)
///     let lastTen = try rewards.readRows(all.count - 10..<all.count, as: Float.self)
///
/// In a file opened with `.swmrRead`, `shape` and every read look afresh at what the writer has
/// flushed. Not `Sendable`; see `HDF5File`.
public struct HDF5Dataset {
    /// How many bytes a read may take by default: 4 GiB.
    public static let maximumBytes = 4 << 30

    let handle: ObjectHandle

    /// The size of each dimension, rows first; `[]` for a single value.
    ///
    /// - Throws: `Issue`.
    public var shape: [Int] {
        get throws {
            let operation = handle.operation("read the shape")
            let raw = try refreshedIdentifier(for: operation)
            return try Extent(of: try operation.own(H5Dget_space(raw)), for: operation).shape
        }
    }

    /// Reads everything, flattened row-major and converted to `Scalar`.
    ///
    /// - Parameter maximumBytes: More than this is refused.
    /// - Throws: `Issue` if it does not hold numbers, or claims more than the file can hold.
    public func read<Scalar: HDF5Scalar>(
        as: Scalar.Type = Scalar.self, maximumBytes: Int = HDF5Dataset.maximumBytes
    ) throws -> [Scalar] {
        let operation = handle.operation("read as \(Scalar.self)")
        let raw = try refreshedIdentifier(for: operation)
        try requireNumbers(raw, for: operation)
        let space = try operation.own(H5Dget_space(raw))
        let count = try Extent(of: space, for: operation).count
        return try read(
            raw, count: count, from: space, into: CHDF5_wholeSpace(), maximumBytes: maximumBytes,
            for: operation)
    }

    /// Reads some rows, flattened row-major and converted to `Scalar`.
    ///
    /// - Throws: `Issue` if there are not so many rows, and as `read` does.
    public func readRows<Scalar: HDF5Scalar>(
        _ rows: Range<Int>, as: Scalar.Type = Scalar.self, maximumBytes: Int = HDF5Dataset.maximumBytes
    ) throws -> [Scalar] {
        let operation = handle.operation("read rows \(rows) as \(Scalar.self)")
        let raw = try refreshedIdentifier(for: operation)
        try requireNumbers(raw, for: operation)
        let space = try operation.own(H5Dget_space(raw))
        let shape = try Extent(of: space, for: operation).shape
        guard let available = shape.first, rows.lowerBound >= 0, rows.upperBound <= available else {
            throw operation.error(
                .outOfRange, found: "the shape \(shape)", allowed: "\(rows.upperBound) rows or more")
        }
        let selection = try Extent(shape: [rows.count] + shape.dropFirst(), for: operation)
        guard selection.count > 0 else { return [] }
        try select(rows, of: space, shape: shape, for: operation)
        let memory = try selection.makeSpace(for: operation)
        return try read(
            raw, count: selection.count, from: space, into: memory.raw, maximumBytes: maximumBytes,
            for: operation)
    }

    /// Adds rows at the end of a dataset made by `createExtendible`.
    ///
    /// - Parameter rows: Flattened row-major; a multiple of the size of a row.
    /// - Throws: `Issue`.
    public func append<Scalar: HDF5Scalar>(_ rows: [Scalar]) throws {
        let operation = handle.operation("append \(rows.count) values")
        let raw = try handle.identifier(for: operation)
        try requireNumbers(raw, for: operation)
        let shape = try Extent(of: try operation.own(H5Dget_space(raw)), for: operation).shape
        guard let oldCount = shape.first else {
            throw operation.error(.mismatch, found: "a single value, which has no rows", allowed: "rows")
        }
        let row = try Extent(shape: Array(shape.dropFirst()), for: operation)
        guard row.count > 0, rows.count.isMultiple(of: row.count) else {
            throw operation.error(
                .mismatch, found: "\(rows.count) values", allowed: "whole rows: a row has \(row.count) values"
            )
        }
        guard !rows.isEmpty else { return }
        let newCount = oldCount + rows.count / row.count
        try operation.check(H5Dset_extent(raw, ([newCount] + row.shape).map { hsize_t($0) }))
        let space = try operation.own(H5Dget_space(raw))
        try select(oldCount..<newCount, of: space, shape: shape, for: operation)
        let memory = try Extent(shape: [rows.count], for: operation).makeSpace(for: operation)
        let (spaceRaw, memoryRaw) = (space.raw, memory.raw)
        try rows.withUnsafeBytes { bytes in
            _ = try operation.check(
                H5Dwrite(
                    raw, Scalar.hdf5Type.identifier, memoryRaw, spaceRaw, CHDF5_default(), bytes.baseAddress))
        }
    }

    /// Hands the rows appended so far to the operating system, where readers find them.
    ///
    /// - Throws: `Issue`.
    public func flush() throws {
        let operation = handle.operation("flush the dataset")
        try operation.check(H5Dflush(try handle.identifier(for: operation)))
    }

    /// Sets an attribute of the dataset, replacing one of the same name.
    ///
    /// - Throws: `Issue`, also for text with a NUL and, in the old file format, beyond 64 KB.
    public func setAttribute(_ name: String, _ value: some HDF5AttributeValue) throws {
        try handle.setAttribute(name, value.hdf5Attribute)
    }

    /// An attribute of the dataset.
    ///
    /// - Throws: `Issue` if there is none of this name, or it does not hold a `Value`.
    public func attribute<Value: HDF5AttributeValue>(_ name: String, as: Value.Type = Value.self) throws
        -> Value
    {
        try handle.attribute(name)
    }

    /// An attribute of the dataset, or `nil` if there is none of this name.
    ///
    /// - Throws: `Issue` if it does not hold a `Value`.
    public func attributeIfPresent<Value: HDF5AttributeValue>(
        _ name: String, as: Value.Type = Value.self
    ) throws -> Value? {
        try handle.attributeIfPresent(name)
    }
}
