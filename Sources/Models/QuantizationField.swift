import ModelFiles

/// What `config.json` says of weights that are stored in few bits, in the words of compressed-tensors. It goes when
/// the weights are stored in another way.
package enum QuantizationField {
    /// The field's name.
    package static let name = "quantization_config"

    /// Takes it out of a folder's `config.json`, which stays as it is where it has none.
    package static func drop(in folder: String) throws {
        guard try ModelConfiguration(folder: folder).has(name) else { return }
        try set(nil, in: folder)
    }

    /// Sets it, a JSON object; nil takes it out.
    /// - Throws: `Issue` for a file that holds no object, or that cannot be written.
    package static func set(_ value: [String: Any]?, in folder: String) throws {
        try ConfigurationFields.change(in: folder) { $0[name] = value }
    }
}
