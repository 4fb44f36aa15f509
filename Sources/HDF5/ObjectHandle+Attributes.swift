import CHDF5

extension ObjectHandle {
    func setAttribute(_ name: String, _ value: HDF5Attribute) throws {
        let operation = operation("set the attribute \(name.debugDescription)")
        let validName = try HDF5Group.validated(name, for: operation)
        switch value {
        case .text(let text):
            let type = try StringCoding.makeType(for: operation)
            try StringCoding.withCStrings([text], for: operation) { pointers in
                try write(pointers, name: validName, type: type.raw, shape: [], for: operation)
            }
        case .integers(let values, let isScalar):
            try values.withUnsafeBytes { bytes in
                try write(
                    bytes.baseAddress, name: validName, type: CHDF5_nativeInt64(),
                    shape: isScalar ? [] : [values.count], for: operation)
            }
        case .reals(let values, let isScalar):
            try values.withUnsafeBytes { bytes in
                try write(
                    bytes.baseAddress, name: validName, type: CHDF5_nativeDouble(),
                    shape: isScalar ? [] : [values.count], for: operation)
            }
        }
    }

    func attribute<Value: HDF5AttributeValue>(_ name: String) throws -> Value {
        guard let value = try attributeIfPresent(name, as: Value.self) else {
            throw operation("read the attribute \(name.debugDescription)")
                .error(.missing, "there is none of this name")
        }
        return value
    }

    func attributeIfPresent<Value: HDF5AttributeValue>(_ name: String, as: Value.Type = Value.self) throws
        -> Value?
    {
        let operation = operation("read the attribute \(name.debugDescription)")
        let object = try identifier(for: operation)
        let validName = try HDF5Group.validated(name, for: operation)
        guard try operation.check(H5Aexists(object, validName)) > 0 else { return nil }
        let attribute = try operation.own(H5Aopen(object, validName, CHDF5_default()))
        let stored = try read(attribute, for: operation)
        guard let value = Value(hdf5Attribute: stored) else {
            throw operation.error(.mismatch, found: stored.summary, allowed: "\(Value.self)")
        }
        return value
    }

    private func write(
        _ pointer: UnsafeRawPointer?, name: String, type: hid_t, shape: [Int], for operation: Operation
    ) throws {
        let extent = try Extent(shape: shape, for: operation)
        let space = try extent.makeSpace(for: operation)
        let object = try identifierForAddition(for: operation)
        if try operation.check(H5Aexists(object, name)) > 0 {
            try operation.check(H5Adelete(object, name))
        }
        let attribute = try operation.own(
            H5Acreate2(object, name, type, space.raw, CHDF5_default(), CHDF5_default()))
        if extent.count > 0 {
            try operation.check(H5Awrite(attribute.raw, type, pointer))
        }
    }

    private func read(_ attribute: borrowing Identifier, for operation: Operation) throws -> HDF5Attribute {
        let type = try operation.own(H5Aget_type(attribute.raw))
        let space = try operation.own(H5Aget_space(attribute.raw))
        let extent = try Extent(of: space, for: operation)
        try Extent.check(
            extent.count, elementBytes: H5Tget_size(type.raw),
            maximumBytes: try file.sizeBytes(for: operation), for: operation)
        let raw = attribute.raw
        let valueClass = try ValueClass(of: type, for: operation)
        switch valueClass {
        case .integer:
            return .integers(
                try readNumbers(raw, count: extent.count, for: operation), isScalar: extent.shape.isEmpty)
        case .real:
            return .reals(
                try readNumbers(raw, count: extent.count, for: operation), isScalar: extent.shape.isEmpty)
        case .variableLengthString, .fixedLengthString:
            guard extent.count == 1 else {
                throw operation.error(.mismatch, found: "\(extent.count) strings", allowed: "one")
            }
            let strings = try StringCoding.read(
                count: 1, type: type, space: space, maximumBytes: HDF5Dataset.maximumBytes, for: operation
            ) { memoryType, buffer in H5Aread(raw, memoryType, buffer) }
            return .text(strings[0])
        case .other(let name):
            throw operation.error(.unsupported, found: name, allowed: "numbers or a text")
        }
    }

    private func readNumbers<Scalar: HDF5Scalar>(
        _ attribute: hid_t, count: Int, for operation: Operation
    ) throws -> [Scalar] {
        var values = [Scalar](repeating: .zero, count: count)
        guard count > 0 else { return values }
        try values.withUnsafeMutableBytes { bytes in
            _ = try operation.check(H5Aread(attribute, Scalar.hdf5Type.identifier, bytes.baseAddress))
        }
        return values
    }
}
