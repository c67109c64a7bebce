import ApusGraph

/// Which kernel computes a convolution or one of its gradients.
package enum ConvolutionKernel: Hashable, Sendable {
    /// Own Winograd: 36 multiplications for 16 results in place of 144.
    case winograd
    /// Own product of matrices.
    case product
    /// Own product of matrices, of unfolded pixels.
    case unfolded
    /// oneDNN.
    case library
    /// Own plain loops.
    case loops
}

/// Which kernel computes each convolution and each product of bfloat16 matrices of a program.
///
/// Legalization, fusions and lowering ask here, so that each is decided once: by a rule, nothing is tried out. Whether the library
/// computes something is known when it has planned it; the plan is kept for the step that will run it.
package final class KernelChoices {
    /// Whether programs that are compiled now may use Winograd: comparisons of its accuracy switch it off.
    @TaskLocal package static var allowsWinograd = true
    /// The CPU that programs are compiled for now, if it is not this one: what is on record is the same everywhere.
    @TaskLocal package static var cpu: CPUModel?

    private let allowsWinograd = KernelChoices.allowsWinograd
    private let cpu: CPUModel
    private var convolutions = PlannedComputations<Convolution> { LibraryPlan($0) }
    private var products = PlannedComputations<MatrixProduct> { LibraryPlan($0) }

    init(cpu: CPUModel = KernelChoices.cpu ?? .current) {
        self.cpu = cpu
    }

    /// The kernel that computes a convolution.
    func kernel(for convolution: Convolution) -> ConvolutionKernel {
        let wanted = wanted(for: convolution)
        return wanted != .library || convolutions.contains(convolution) ? wanted : .loops
    }

    /// What the rule says, whether or not the library can compute it.
    private func wanted(for convolution: Convolution) -> ConvolutionKernel {
        let wanted = convolution.kernel(on: cpu)
        return wanted == .winograd && !allowsWinograd ? .library : wanted
    }

    /// Whether the library computes a convolution, if it can.
    func wantsLibrary(for convolution: Convolution) -> Bool { wanted(for: convolution) == .library }

    /// Whether what computes a convolution can add a residual: the own product.
    func addsResidual(for convolution: Convolution) -> Bool {
        [.product, .unfolded].contains(wanted(for: convolution))
    }

    /// The library's plan for a convolution whose kernel is the library's.
    func plan(for convolution: Convolution) -> LibraryPlan { convolutions.plan(for: convolution)! }

    /// Whether the library computes a product of bfloat16 matrices.
    func hasKernel(for product: MatrixProduct) -> Bool {
        cpu.multipliesBFloat16 && products.contains(product)
    }

    /// The library's plan for a product of bfloat16 matrices; `nil` if it doesn't compute that.
    func plan(for product: MatrixProduct) -> LibraryPlan? {
        cpu.multipliesBFloat16 ? products.plan(for: product) : nil
    }

    /// The plans that were made to decide, and that no step took.
    var unusedPlanCount: Int { convolutions.unusedCount + products.unusedCount }
}

/// What the library can compute of one sort, and the plans that no step has taken yet.
private struct PlannedComputations<Computation: Hashable> {
    private let makePlan: (Computation) -> LibraryPlan?
    private var isPlanned: [Computation: Bool] = [:]
    private var unused: [Computation: LibraryPlan] = [:]

    var unusedCount: Int { unused.count }

    init(_ makePlan: @escaping (Computation) -> LibraryPlan?) { self.makePlan = makePlan }

    /// Whether the library has a plan.
    mutating func contains(_ computation: Computation) -> Bool {
        if let known = isPlanned[computation] { return known }
        let plan = makePlan(computation)
        isPlanned[computation] = plan != nil
        unused[computation] = plan
        return plan != nil
    }

    /// A plan for one step: plans remember where their buffers were, so steps don't share them.
    mutating func plan(for computation: Computation) -> LibraryPlan? {
        guard contains(computation) else { return nil }
        return unused.removeValue(forKey: computation) ?? makePlan(computation)
    }
}
