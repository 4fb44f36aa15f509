import Tensors

/// What a program of this package does to its own process before anything else.
package enum Launch {
    /// Makes OpenBLAS use the CPU's best instruction set, which may start the program again, and compute on
    /// the calling thread only: Secateur's threads share out the processors.
    package static func prepare() {
        OpenBLASCore.chooseUnlessChosen()
        BLAS.useOneThread()
    }
}
