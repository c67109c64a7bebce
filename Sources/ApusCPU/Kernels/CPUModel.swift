import CKernels

/// What the choice of kernels knows of a CPU.
package struct CPUModel: Hashable, Sendable {
    /// Whether vectors multiply bfloat16.
    package var hasBFloat16: Bool
    /// Whether units of their own multiply tiles of bfloat16: AMX.
    package var hasTiles: Bool
    /// Whether a vector has 16 numbers of float32: AVX-512.
    package var hasWideVectors: Bool

    package init(hasBFloat16: Bool, hasTiles: Bool, hasWideVectors: Bool) {
        self.hasBFloat16 = hasBFloat16
        self.hasTiles = hasTiles
        self.hasWideVectors = hasWideVectors
    }

    /// The CPU that this process runs on, with the instructions that the calling thread may use.
    package static var current: CPUModel {
        let isWide = apus_isa() == APUS_ISA_AVX512
        return CPUModel(
            hasBFloat16: isWide && apus_cpu_has(APUS_CPU_BFLOAT16), hasTiles: isWide && apus_cpu_has(APUS_CPU_TILES),
            hasWideVectors: isWide)
    }
}
