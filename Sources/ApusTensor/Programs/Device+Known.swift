public import ApusBackend
import ApusCPU
import ApusReference

// The composition: the one file above the seam that names backends.

extension Device {
    /// What compiles programs for the device.
    package var backend: any Backend {
        switch self {
        case .cpu: CPU()
        case .reference: ReferenceBackend()
        }
    }

    /// What the last bits of results may depend on besides the program, by name.
    package var conditions: [String: String] {
        backend.conditions.merging(["device": rawValue]) { $1 }
    }

    /// Whether programs of the processor can compute factorizations of matrices and systems of equations: LAPACK is there.
    package static var hasLinearAlgebra: Bool { CPU.hasLinearAlgebra }

    /// What gradient checks compute with.
    package static var exactEvaluator: any ExactEvaluator { ReferenceBackend() }

    /// The number of threads that kernels of the processor use.
    public static var threadCount: Int {
        get { Engine.threadCount }
        set { Engine.threadCount = newValue }
    }

    /// Calls a function in which programs use another number of threads.
    package static func withThreads<Result>(_ count: Int, _ body: () throws -> Result) rethrows -> Result {
        try Engine.withThreads(count, body)
    }
}
