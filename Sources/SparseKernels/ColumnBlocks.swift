import CKernels
import Foundation
import Tensors

/// How many columns of a layer are computed at a time, so that their activations stay in a cache.
struct ColumnBlocks {
    /// Columns of a block.
    let columns: Int
    /// Whether the kernel copies their activations first.
    let areCopied: Bool
    /// Of how many of them the first-level cache can be counted on to hold the activations; `nil` where it
    /// holds about all, or where several rows are computed at a time.
    let held: Int?

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

    /// Where fewer weights are kept, copying activations costs more than what the cache would have kept.
    private static let fewestThatCopy = 80_000.0

    /// Columns whose activations fill the first-level cache.
    private static let cached = cacheBytes / bytesOfColumn

    /// Blocks of a width, or of the one that suits the weight; all are about equally wide.
    init(of weight: Matrix, kernel: secateur_sparse_kernel, columns given: Int? = nil) {
        let sparsity = weight.sparsity
        let kept = Double(weight.rows * weight.columns) * (1 - sparsity)
        let mayCopy = kernel.copiedColumns > 0 && kept >= Self.fewestThatCopy
        columns =
            given
            ?? Self.columns(
                of: weight, unit: kernel.unitColumns,
                widest: Self.widest(sparsity: sparsity, kernel, copies: mayCopy))
        areCopied = mayCopy && columns <= kernel.copiedColumns
        let holdsAll = columns <= Self.cached * 5 / 4
        held = holdsAll || kernel.unitRows * kernel.bundleUnits > 1 ? nil : Self.cached * 5 / 8
    }

    private static func columns(of weight: Matrix, unit: Int, widest: Int) -> Int {
        let blocks = max((weight.columns + widest - 1) / widest, 1)
        let columns = (weight.columns + blocks - 1) / blocks
        return max((columns + unit - 1) / unit * unit, unit)
    }

    /// Single weights load one column for one row of sums, so the columns must come from the first-level
    /// cache: most of it, or all of it and more where few weights are kept and the sums are what is moved
    /// most, which is the sooner the fewer rows are computed at a time. Units of several rows load a column
    /// for all of them: half as much again as the first-level cache holds, or twice as much where the kernel
    /// copies what it needs, and more once few of them are kept and the sums are what costs.
    private static func widest(sparsity: Double, _ kernel: secateur_sparse_kernel, copies: Bool) -> Int {
        if kernel.unitRows == 1 {
            if kernel.bundleUnits > 1 { return sparsity < 0.85 ? cached * 2 / 3 : cached }
            if sparsity < 0.85 { return sparsity < 0.75 ? cached * 7 / 8 : cached * 9 / 8 }
            return sparsity < 0.93 ? cached * 3 / 2 : cached * 2
        }
        let many = sparsity < 0.75
        if copies { return many ? min(cached * 2, kernel.copiedColumns) : kernel.copiedColumns }
        return many ? cached * 3 / 2 : 768
    }
}
