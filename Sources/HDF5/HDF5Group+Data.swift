import CHDF5

extension HDF5Group {
    /// Writes a new dataset.
    ///
    /// - Parameters:
    ///   - shape: Row-major; `nil` is a list, `[]` a single value.
    /// - Throws: `Issue` if the name is taken, or the shape does not hold this many values.
    public func write<Scalar: HDF5Scalar>(_ name: String, _ values: [Scalar], shape: [Int]? = nil) throws {
        let operation = child(name, "write \(values.count) values")
        let raw = try handle.identifierForAddition(for: operation)
        let extent = try Extent(shape: shape ?? [values.count], for: operation)
        guard extent.count == values.count else {
            throw operation.error(
                .mismatch, found: "\(values.count) values",
                allowed: "as the shape \(extent.shape) holds: \(extent.count) values")
        }
        let space = try extent.makeSpace(for: operation)
        let links = try Self.linkList(for: operation)
        let creation = try operation.creationList(CHDF5_datasetCreate())
        let type = Scalar.hdf5Type.identifier
        let dataset = try operation.own(
            H5Dcreate2(
                raw, try Self.validated(name, for: operation), type, space.raw, links.raw,
                creation.raw, CHDF5_default()))
        guard !values.isEmpty else { return }
        try values.withUnsafeBytes { bytes in
            _ = try operation.check(
                H5Dwrite(
                    dataset.raw, type, CHDF5_wholeSpace(), CHDF5_wholeSpace(), CHDF5_default(),
                    bytes.baseAddress))
        }
    }

    /// Writes a new dataset of strings, variable-length UTF-8, which h5py reads as `str`.
    ///
    /// - Throws: `Issue` if the name is taken, or a string holds a NUL.
    public func writeStrings(_ name: String, _ strings: [String]) throws {
        let operation = child(name, "write \(strings.count) strings")
        let raw = try handle.identifierForAddition(for: operation)
        let path = try Self.validated(name, for: operation)
        let space = try Extent(shape: [strings.count], for: operation).makeSpace(for: operation)
        let type = try StringCoding.makeType(for: operation)
        let links = try Self.linkList(for: operation)
        let creation = try operation.creationList(CHDF5_datasetCreate())
        let dataset = try operation.own(
            H5Dcreate2(raw, path, type.raw, space.raw, links.raw, creation.raw, CHDF5_default()))
        let (datasetRaw, typeRaw) = (dataset.raw, type.raw)
        try StringCoding.withCStrings(strings, for: operation) { pointers in
            _ = try operation.check(
                H5Dwrite(
                    datasetRaw, typeRaw, CHDF5_wholeSpace(), CHDF5_wholeSpace(), CHDF5_default(), pointers))
        }
    }

    /// Reads a dataset of strings, of variable or fixed length, flattened.
    ///
    /// - Parameter maximumBytes: More than this, not counting the text of variable-length strings,
    ///   is refused.
    /// - Throws: `Issue` if it holds something else, or text that is not UTF-8.
    public func readStrings(_ name: String, maximumBytes: Int = HDF5Dataset.maximumBytes) throws -> [String] {
        try dataset(name).readStrings(maximumBytes: maximumBytes)
    }

    /// Creates a dataset without rows, for `append`.
    ///
    /// - Parameters:
    ///   - rowShape: The shape of one row; `[]` makes a list of single values.
    ///   - chunkRows: How many rows are kept together on disk.
    /// - Throws: `Issue` if the name is taken, or a size is not positive.
    public func createExtendible<Scalar: HDF5Scalar>(
        _ name: String, of: Scalar.Type, rowShape: [Int], chunkRows: Int
    ) throws -> HDF5Dataset {
        let operation = child(name, "create the extendible dataset")
        let raw = try handle.identifierForAddition(for: operation)
        guard chunkRows > 0, rowShape.allSatisfy({ $0 > 0 }) else {
            throw operation.error(
                .outOfRange, found: "rowShape \(rowShape) and chunkRows \(chunkRows)",
                allowed: "positive numbers")
        }
        let row = rowShape.map { hsize_t($0) }
        let rank = Int32(clamping: row.count + 1)
        let space = try operation.own(H5Screate_simple(rank, [0] + row, [CHDF5_unlimited()] + row))
        let creation = try operation.creationList(CHDF5_datasetCreate())
        try operation.check(H5Pset_chunk(creation.raw, rank, [hsize_t(chunkRows)] + row))
        let links = try Self.linkList(for: operation)
        let created = H5Dcreate2(
            raw, try Self.validated(name, for: operation), Scalar.hdf5Type.identifier, space.raw, links.raw,
            creation.raw, CHDF5_default())
        return HDF5Dataset(handle: try own(created, name, for: operation))
    }
}
