import CHDF5

/// How much a dataset or an attribute holds, checked before memory is taken for it.
struct Extent {
    let shape: [Int]
    let count: Int

    init(shape: [Int], for operation: Operation) throws {
        self.shape = shape
        var count = 1
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow else {
                throw operation.error(
                    .outOfRange, found: "the impossible shape \(shape)", allowed: "sizes from 0, below 2^63")
            }
            count = product
        }
        self.count = count
    }

    /// Reads the shape of a dataspace.
    init(of space: borrowing Identifier, for operation: Operation) throws {
        if H5Sget_simple_extent_type(space.raw) == H5S_NULL {
            throw operation.error(
                .unsupported, found: "a null dataspace, which holds no values", allowed: "values")
        }
        let rank = Int(try operation.check(H5Sget_simple_extent_ndims(space.raw)))
        var dimensions = [hsize_t](repeating: 0, count: rank)
        try operation.check(H5Sget_simple_extent_dims(space.raw, &dimensions, nil))
        try self.init(shape: dimensions.map { Int(clamping: $0) }, for: operation)
    }

    /// Makes the dataspace of this shape; no dimensions at all means a single value.
    func makeSpace(for operation: Operation) throws -> Identifier {
        if shape.isEmpty {
            return try operation.own(H5Screate(H5S_SCALAR))
        }
        return try operation.own(H5Screate_simple(Int32(clamping: shape.count), shape.map(hsize_t.init), nil))
    }

    /// Refuses to read more than a limit.
    static func check(_ count: Int, elementBytes: Int, maximumBytes: Int, for operation: Operation) throws {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: elementBytes)
        guard !overflow, bytes <= maximumBytes else {
            throw operation.error(
                .outOfRange, found: "\(count) values of \(elementBytes) bytes",
                allowed: "a limit of \(maximumBytes) bytes")
        }
    }
}
