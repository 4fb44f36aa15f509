import CHDF5

/// A group: a folder of datasets and other groups, with attributes.
///
///     let agent = try file.root.createGroup("agent")
///     try agent.write("weights", weights, shape: [rows, columns])
///     try agent.setAttribute("optimizer", "AdamW")
///
/// Names may be paths, `agent/weights`; groups on the way are created when writing.
/// Not `Sendable`; see `HDF5File`.
public struct HDF5Group {
    let handle: ObjectHandle

    /// The names of what the group holds, in byte order.
    ///
    /// - Throws: `Issue`.
    public var names: [String] {
        get throws {
            let operation = handle.operation("list the group")
            let raw = try handle.identifier(for: operation)
            var names: [String] = []
            try withUnsafeMutablePointer(to: &names) { pointer in
                let status = H5Literate(
                    raw, H5_INDEX_NAME, H5_ITER_INC, nil,
                    { _, name, _, context in
                        if let name {
                            context?.assumingMemoryBound(to: [String].self).pointee.append(
                                String(cString: name))
                        }
                        return 0
                    }, pointer)
                try operation.check(status)
            }
            return names
        }
    }

    /// Whether the group holds something of this name or path.
    ///
    /// - Throws: `Issue` if the file is closed or damaged.
    public func contains(_ name: String) throws -> Bool {
        let operation = handle.operation("look for \(name.debugDescription)")
        let raw = try handle.identifier(for: operation)
        var path = ""
        for component in try Self.validated(name, for: operation).split(separator: "/") {
            path += path.isEmpty ? component : "/\(component)"
            if try operation.check(H5Lexists(raw, path, CHDF5_default())) == 0 {
                return false
            }
        }
        return true
    }

    /// Opens a group in this one.
    ///
    /// - Throws: `Issue` if there is none of this name, or it is a dataset.
    public func group(_ name: String) throws -> HDF5Group {
        let operation = child(name, "open the group")
        let raw = try handle.identifier(for: operation)
        let opened = H5Gopen2(raw, try Self.validated(name, for: operation), CHDF5_default())
        return HDF5Group(handle: try own(opened, name, for: operation))
    }

    /// Creates a group in this one.
    ///
    /// - Throws: `Issue` if the name is taken.
    public func createGroup(_ name: String) throws -> HDF5Group {
        let operation = child(name, "create the group")
        let raw = try handle.identifierForAddition(for: operation)
        let links = try Self.linkList(for: operation)
        let creation = try operation.creationList(CHDF5_groupCreate())
        let created = H5Gcreate2(
            raw, try Self.validated(name, for: operation), links.raw, creation.raw, CHDF5_default())
        return HDF5Group(handle: try own(created, name, for: operation))
    }

    /// Opens a dataset in this group.
    ///
    /// - Throws: `Issue` if there is none of this name, or it is a group.
    public func dataset(_ name: String) throws -> HDF5Dataset {
        let operation = child(name, "open the dataset")
        let raw = try handle.identifier(for: operation)
        let opened = H5Dopen2(raw, try Self.validated(name, for: operation), CHDF5_default())
        return HDF5Dataset(handle: try own(opened, name, for: operation))
    }

    /// Sets an attribute of the group, replacing one of the same name.
    ///
    /// - Throws: `Issue`, also for text with a NUL and, in the old file format, beyond 64 KB.
    public func setAttribute(_ name: String, _ value: some HDF5AttributeValue) throws {
        try handle.setAttribute(name, value.hdf5Attribute)
    }

    /// An attribute of the group.
    ///
    /// - Throws: `Issue` if there is none of this name, or it does not hold a `Value`.
    public func attribute<Value: HDF5AttributeValue>(_ name: String, as: Value.Type = Value.self) throws
        -> Value
    {
        try handle.attribute(name)
    }

    /// An attribute of the group, or `nil` if there is none of this name.
    ///
    /// - Throws: `Issue` if it does not hold a `Value`.
    public func attributeIfPresent<Value: HDF5AttributeValue>(
        _ name: String, as: Value.Type = Value.self
    ) throws -> Value? {
        try handle.attributeIfPresent(name)
    }

    /// Starts something on a member of this group.
    func child(_ name: String, _ action: String) -> Operation {
        Operation(file: handle.file.path, object: handle.path(of: name), action: action)
    }

    func own(_ raw: hid_t, _ name: String, for operation: Operation) throws -> ObjectHandle {
        ObjectHandle(owning: try operation.check(raw), file: handle.file, path: handle.path(of: name))
    }

    static func validated(_ name: String, for operation: Operation) throws -> String {
        if name.isEmpty || name.utf8.contains(0) {
            throw operation.error(
                .malformed, found: "\(name.debugDescription)", allowed: "a name without NUL")
        }
        return name
    }

    /// Names are UTF-8, and groups on the way to a name are made.
    static func linkList(for operation: Operation) throws -> Identifier {
        let links = try operation.own(H5Pcreate(CHDF5_linkCreate()))
        try operation.check(H5Pset_create_intermediate_group(links.raw, 1))
        try operation.check(H5Pset_char_encoding(links.raw, H5T_CSET_UTF8))
        return links
    }
}
