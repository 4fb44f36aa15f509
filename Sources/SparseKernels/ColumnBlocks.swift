import CKernels
import Foundation
import Tensors

/// How many columns of a layer are computed at a time, so that their activations stay in a cache.
enum ColumnBlocks {
    private static let bytesOfColumn = PanelMatrix.panelTokens * MemoryLayout<Float>.size

    /// Bytes of the first-level data cache; 32 KB where the system does not say.
    private static let cacheBytes: Int = {
        #if os(Linux)
            let size = sysconf(Int32(_SC_LEVEL1_DCACHE_SIZE))
            return size > 0 ? size : 32768
        #else
            return 32768
        #endif
    }()

    /// The width of the blocks, all about equally wide.
    ///
    /// Single weights load one column for one row of sums, so the columns must come from the first-level
    /// cache: two thirds of it, or all of it where few weights are kept and the sums are what is moved most, which is
    /// the sooner the fewer rows are computed at a time.
    /// Units of several rows load a column for all of them: half as much again as the first-level cache holds, or twice
    /// as much where the kernel copies what it needs, and more once few of them are kept and the sums are what costs.
    static func columns(for weight: Matrix, kernel: secateur_sparse_kernel) -> Int {
        let cached = cacheBytes / bytesOfColumn
        let unit = UnitShape(rows: kernel.unitRows, columns: kernel.unitColumns)
        let widest: Int
        if unit.rows == 1 {
            widest = weight.sparsity < (kernel.bundleUnits == 1 ? 0.75 : 0.85) ? cached * 2 / 3 : cached
        } else if kernel.copiedColumns > 0 {
            widest = weight.sparsity < 0.75 ? min(cached * 2, kernel.copiedColumns) : kernel.copiedColumns
        } else {
            widest = weight.sparsity < 0.75 ? cached * 3 / 2 : 768
        }
        let blocks = max((weight.columns + widest - 1) / widest, 1)
        let columns = (weight.columns + blocks - 1) / blocks
        return max((columns + unit.columns - 1) / unit.columns * unit.columns, unit.columns)
    }
}
