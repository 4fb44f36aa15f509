import CKernels

extension InstructionSet {
    /// Its kernels for language models.
    public var languageKernels: UnsafePointer<secateur_language_kernels> {
        secateur_language_kernels_for(Int32(kernels.pointee.isa.rawValue))
    }
}
