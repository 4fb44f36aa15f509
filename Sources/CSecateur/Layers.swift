import Levels
import Secateur
import SecateurHeader

private typealias Layers = Handle<LinearLayer>

@c @implementation
public func secateur_linear_create(
    _ weight: UnsafePointer<Float>?, _ rows: Int, _ columns: Int, _ bias: UnsafePointer<Float>?,
    _ precisionName: UnsafePointer<CChar>?, _ threads: Int32, _ layer: UnsafeMutablePointer<OpaquePointer?>?
) -> secateur_status {
    status {
        guard let weight else { throw nullPointer("weight") }
        try LinearLayer.require(rows: rows, columns: columns)
        try Layers.open(to: layer) {
            try LinearLayer(
                weight: Array(UnsafeBufferPointer(start: weight, count: rows * columns)), rows: rows,
                columns: columns, bias: bias.map { Array(UnsafeBufferPointer(start: $0, count: rows)) },
                precision: try precision(precisionName),
                threads: threads == 0 ? Runtime.usableProcessors : Int(threads))
        }
    }
}

@c @implementation
public func secateur_linear_execute(
    _ layer: OpaquePointer?, _ inputs: UnsafePointer<Float>?, _ tokens: Int,
    _ outputs: UnsafeMutablePointer<Float>?
) -> secateur_status {
    status {
        let layer = try Layers.value(at: layer)
        guard tokens > 0 else { return }
        guard let inputs, let outputs else { throw nullPointer("inputs or outputs") }
        layer.compute(inputs, tokens: tokens, into: outputs)
    }
}

@c @implementation
public func secateur_linear_size_bytes(_ layer: OpaquePointer?) -> Int {
    (try? Layers.value(at: layer).sizeBytes) ?? 0
}

@c @implementation
public func secateur_linear_destroy(_ layer: OpaquePointer?) {
    Layers.close(layer)
}
