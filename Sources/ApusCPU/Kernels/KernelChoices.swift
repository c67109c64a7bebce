import ApusGraph

/// Which kernel computes a convolution or one of its gradients.
enum ConvolutionKernel {
    /// Own Winograd: 36 multiplications for 16 results in place of 144.
    case winograd
    /// Own product of matrices.
    case product
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

    private let allowsWinograd = KernelChoices.allowsWinograd
    private var convolutions = PlannedComputations<Convolution> { LibraryPlan($0) }
    private var products = PlannedComputations<MatrixProduct> { LibraryPlan($0) }

    init() {}

    /// The kernel that computes a convolution.
    func kernel(for convolution: Convolution) -> ConvolutionKernel {
        if usesWinograd(for: convolution) { return .winograd }
        if usesProduct(for: convolution) { return .product }
        return convolutions.contains(convolution) ? .library : .loops
    }

    /// Whether Winograd computes a convolution: a rule of its shape alone.
    func usesWinograd(for convolution: Convolution) -> Bool { allowsWinograd && convolution.suitsWinograd }

    /// Whether the own product computes a convolution, which then can add a residual: a rule of its shape alone.
    func usesProduct(for convolution: Convolution) -> Bool { convolution.suitsProduct }

    /// The library's plan for a convolution whose kernel is the library's.
    func plan(for convolution: Convolution) -> LibraryPlan { convolutions.plan(for: convolution)! }

    /// Whether the library computes a product of bfloat16 matrices.
    func hasKernel(for product: MatrixProduct) -> Bool { products.contains(product) }

    /// The library's plan for a product of bfloat16 matrices; `nil` if it doesn't compute that.
    func plan(for product: MatrixProduct) -> LibraryPlan? { products.plan(for: product) }

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
