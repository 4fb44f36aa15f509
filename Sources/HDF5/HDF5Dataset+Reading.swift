import CHDF5

extension HDF5Dataset {
    /// The identifier, after another look at the disk if somebody else is writing there.
    func refreshedIdentifier(for operation: Operation) throws -> hid_t {
        let raw = try handle.identifier(for: operation)
        if handle.file.isSWMRReader {
            try operation.check(H5Drefresh(raw))
        }
        return raw
    }

    func requireNumbers(_ raw: hid_t, for operation: Operation) throws {
        let valueClass = try ValueClass(of: try operation.own(H5Dget_type(raw)), for: operation)
        guard valueClass.isNumeric else {
            throw operation.error(.mismatch, found: valueClass.summary, allowed: "numbers")
        }
    }

    /// Selects some rows of a space whose rows have the shape `shape.dropFirst()`.
    func select(_ rows: Range<Int>, of space: borrowing Identifier, shape: [Int], for operation: Operation)
        throws
    {
        let rowShape = shape.dropFirst().map { hsize_t($0) }
        let start = [hsize_t(rows.lowerBound)] + rowShape.map { _ in 0 }
        let size = [hsize_t(rows.count)] + rowShape
        try operation.check(H5Sselect_hyperslab(space.raw, H5S_SELECT_SET, start, nil, size, nil))
    }

    func read<Scalar: HDF5Scalar>(
        _ raw: hid_t, count: Int, from space: borrowing Identifier, into memory: hid_t, maximumBytes: Int,
        for operation: Operation
    ) throws -> [Scalar] {
        try Extent.check(
            count, elementBytes: MemoryLayout<Scalar>.stride, maximumBytes: maximumBytes, for: operation)
        try requirePlausibleSize(raw, count: count, for: operation)
        guard count > 0 else { return [] }
        var values = [Scalar](repeating: .zero, count: count)
        let spaceRaw = space.raw
        try values.withUnsafeMutableBytes { bytes in
            _ = try operation.check(
                H5Dread(raw, Scalar.hdf5Type.identifier, memory, spaceRaw, CHDF5_default(), bytes.baseAddress)
            )
        }
        return values
    }

    /// Reads a dataset of strings, flattened; see `HDF5Group.readStrings`.
    func readStrings(maximumBytes: Int) throws -> [String] {
        let operation = handle.operation("read as strings")
        let raw = try refreshedIdentifier(for: operation)
        let type = try operation.own(H5Dget_type(raw))
        let space = try operation.own(H5Dget_space(raw))
        let count = try Extent(of: space, for: operation).count
        try requirePlausibleSize(raw, count: count, for: operation)
        return try StringCoding.read(
            count: count, type: type, space: space, maximumBytes: maximumBytes, for: operation
        ) { memoryType, buffer in
            H5Dread(raw, memoryType, CHDF5_wholeSpace(), CHDF5_wholeSpace(), CHDF5_default(), buffer)
        }
    }

    /// Refuses a dataset that claims more bytes than its file has.
    ///
    /// Compressed data may be larger than the file, and data that nobody wrote take no room in
    /// it; for those only the limit of the caller holds.
    private func requirePlausibleSize(_ raw: hid_t, count: Int, for operation: Operation) throws {
        let creation = try operation.own(H5Dget_create_plist(raw))
        guard try operation.check(H5Pget_nfilters(creation.raw)) == 0, H5Dget_storage_size(raw) > 0 else {
            return
        }
        let type = try operation.own(H5Dget_type(raw))
        let (bytes, overflow) = count.multipliedReportingOverflow(by: H5Tget_size(type.raw))
        let fileBytes = try handle.file.sizeBytes(for: operation)
        guard !overflow, bytes <= fileBytes else {
            throw operation.error(
                .malformed, found: "a claim of \(count) values",
                allowed: "what fits a file of \(fileBytes) bytes")
        }
    }
}
