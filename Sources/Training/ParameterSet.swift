import Levels
import ModelFiles
import Tensors

/// All parameters of a model, by their names in the checkpoint.
public final class ParameterSet {
    /// Every parameter, in the order of the file.
    public private(set) var all: [Parameter] = []
    private var byName: [String: Parameter] = [:]
    /// The file that they were read from.
    let file: String

    /// Reads the float tensors of a model folder.
    ///
    /// - Parameter prefix: is left out of the names.
    /// - Throws: `Issue` for a malformed file or a tensor of more than two dimensions.
    public init(folder: String, prefix: String = "") throws {
        let source = try SafetensorsFile(folder: folder)
        file = source.path
        for info in source.parameters {
            let name = info.name
            guard (1...2).contains(info.shape.count) else {
                throw Issue(
                    .unsupported, .path(file), field: .tensor(name), found: "shape \(info.shape)",
                    allowed: "1 or 2 dimensions")
            }
            add(
                Parameter(
                    name: name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name,
                    shape: info.shape, elements: try source.weights(name)))
        }
    }

    /// Takes parameters of distinct names.
    public init(_ parameters: [Parameter], file: String) {
        self.file = file
        for parameter in parameters { add(parameter) }
    }

    /// Adds a parameter, or replaces the one of its name.
    public func add(_ parameter: Parameter) {
        if let index = all.firstIndex(where: { $0.name == parameter.name }) {
            all[index] = parameter
        } else {
            all.append(parameter)
        }
        byName[parameter.name] = parameter
    }

    /// Removes the parameters whose names a test finds.
    public func remove(where isGone: (String) -> Bool) {
        all.removeAll { isGone($0.name) }
        byName = byName.filter { !isGone($0.key) }
    }

    /// All values, to go back to; arrays are shared until they are changed.
    public struct Snapshot: Sendable {
        struct Entry: Sendable {
            let name: String
            let shape: [Int]
            let elements: [Float]
            let mask: [Float]?
        }
        let entries: [Entry]
    }

    /// The present values.
    public var snapshot: Snapshot {
        Snapshot(
            entries: all.map {
                .init(name: $0.name, shape: $0.shape, elements: $0.value.elements, mask: $0.mask)
            })
    }

    /// Goes back to earlier values, with new parameters where shapes have changed.
    public func restore(_ snapshot: Snapshot) {
        let names = Set(snapshot.entries.map(\.name))
        remove { !names.contains($0) }
        for entry in snapshot.entries {
            let parameter = byName[entry.name]
            if let parameter, parameter.shape == entry.shape {
                parameter.value.elements = entry.elements
                parameter.restore(mask: entry.mask)
            } else {
                let new = Parameter(name: entry.name, shape: entry.shape, elements: entry.elements)
                new.restore(mask: entry.mask)
                add(new)
            }
        }
    }

    /// Whether there is a parameter of a name.
    public func contains(_ name: String) -> Bool { byName[name] != nil }

    /// A parameter.
    /// - Throws: `Issue` when it is missing.
    public func parameter(_ name: String) throws -> Parameter {
        guard let parameter = byName[name] else {
            throw Issue(.missing, .path(file), field: .tensor(name), found: "no such tensor")
        }
        return parameter
    }

    /// A parameter that must have a shape.
    /// - Throws: `Issue` when it is missing or of another shape.
    public func parameter(_ name: String, shape: [Int]) throws -> Parameter {
        let parameter = try parameter(name)
        guard parameter.shape == shape else {
            throw Issue(
                .mismatch, .path(file), field: .tensor(name), found: "shape \(parameter.shape)",
                allowed: "\(shape)")
        }
        return parameter
    }

    /// Forgets all gradients.
    public func clearGradients() {
        for parameter in all { parameter.clearGradient() }
    }
}
