import CKernels
import Levels
import Tensors

extension InstructionSet {
    /// The units that there are sparse kernels of.
    var sparseUnits: [UnitShape] {
        UnsafeBufferPointer(start: kernels.pointee.sparse, count: kernels.pointee.sparseCount).map {
            UnitShape(rows: $0.unitRows, columns: $0.unitColumns)
        }
    }

    /// The sparse kernel of the largest unit that tiles a unit, for layers of a number of columns.
    func sparseKernel(for unit: UnitShape, columns: Int) -> secateur_sparse_kernel {
        let table = kernels.pointee
        let fitting = UnsafeBufferPointer(start: table.sparse, count: table.sparseCount).filter { kernel in
            unit.rows % kernel.unitRows == 0 && unit.columns % kernel.unitColumns == 0
                && columns % kernel.unitColumns == 0
        }
        guard
            let largest = fitting.max(by: {
                $0.unitRows * $0.unitColumns < $1.unitRows * $1.unitColumns
            })
        else { preconditionFailure("\(rawValue) has no kernel of single weights") }
        // 512-bit operations in two halves are no faster than those of 256 bits, and the kernel of several
        // rows at a time, which fills 512-bit units, has more to load.
        let isWide = kernels.pointee.isa == SECATEUR_ISA_AVX512
        if isWide, largest.unitRows * largest.unitColumns == 1, secateur_splits_avx512() != 0 {
            return InstructionSet.avx2.sparseKernel(for: unit, columns: columns)
        }
        return largest
    }
}
