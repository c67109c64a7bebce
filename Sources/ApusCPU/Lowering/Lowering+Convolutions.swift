import ApusGraph
import CKernels

extension Lowering {
    /// A gradient of a convolution.
    mutating func convolutionGradient(_ number: Int) {
        let node = graph.nodes[number]
        let inputs = graph.inputs(number)
        convolutionStep(
            Convolution(node)!, [.read(value(inputs[0])), .read(value(inputs[1])), .write(result(number))],
            cost: node.cost)
    }

    /// A convolution or one of its gradients, by the kernel that was chosen for it.
    mutating func convolutionStep(_ description: Convolution, _ operands: [Operand], cost: Cost) {
        guard description.image.shape.count > 0, description.kernel.count > 0 else { return }
        var (convolution, operands) = (description, operands)
        prepareKernel(of: &convolution, &operands)
        let direction = convolution.direction
        let name =
            direction.name + (convolution.hasBias ? "+bias" : "") + (convolution.hasResidual ? "+add" : "")
            + (convolution.relu ? "+relu" : "")
        switch kernels.kernel(for: convolution) {
        case .winograd:
            let parameters = apus_winograd_parameters(convolution)
            let scratch = Int(withUnsafePointer(to: parameters, direction.winogradScratch))
            step(
                "winograd \(name)", direction.winograd, operands + [.scratch(byteCount: scratch)], parameters,
                cost: cost)
        case .product:
            let parameters = apus_gemm_parameters(convolution)
            let scratch = Int(withUnsafePointer(to: parameters, apus_gemm_scratch_bytes))
            step(
                "gemm \(name)", apus_gemm_float32, Lowering.product(operands, direction, scratch: scratch), parameters,
                cost: cost)
        case .unfolded:
            let parameters = apus_unfolded_parameters(convolution)
            let scratch = Int(withUnsafePointer(to: parameters, direction.unfoldedScratch))
            let residual: [Operand] = direction == .forward && operands.count == 4 ? [.none] : []
            step(
                "unfolded \(name)", direction.unfolded, operands + residual + [.scratch(byteCount: scratch)],
                parameters, cost: cost)
        case .library:
            let plan = kernels.plan(for: convolution)
            // The kernel gradient has a place for the bias gradient, which is a sum of its own here.
            let bias: [Operand] = direction == .kernelGradient ? [.none] : []
            step(
                "\(name) [oneDNN \(plan.name)]", apus_onednn_run, operands + bias + [plan.scratch], plan.parameters,
                cost: cost)
        case .loops:
            step(
                "direct \(name)", direction.loops, operands, apus_direct_convolution_parameters(convolution),
                cost: cost)
        }
    }

    /// The operands of a convolution in the order of the product's kernel.
    private static func product(
        _ operands: [Operand], _ direction: Convolution.Direction, scratch: Int
    ) -> [Operand] {
        // A forward convolution has a bias before its result, and maybe a residual behind it.
        let isForward = direction == .forward
        let residual = operands.count > 4 ? operands[4] : .none
        return [
            operands[0], operands[1], isForward ? operands[3] : operands[2], isForward ? operands[2] : .none, .none,
            .none, residual, scratch > 0 ? .scratch(byteCount: scratch) : .none,
        ]
    }

    /// Brings a constant kernel into the library's order when it changes, in place of every run.
    private mutating func prepareKernel(of convolution: inout Convolution, _ operands: inout [Operand]) {
        guard convolution.direction == .forward, case .read(let kernel) = operands[1], !plan.constantSlots.isEmpty,
            plan.isConstant(kernel), kernels.wantsLibrary(for: convolution),
            let (preparation, byteCount) = LibraryPlan.preparation(convolution)
        else { return }
        let prepared = temporary(TensorType([byteCount], .uint8))
        step(
            "kernel preparation", apus_onednn_run, [operands[1], .write(prepared), preparation.scratch],
            preparation.parameters)
        operands[1] = .read(prepared)
        convolution.isPrepared = true
    }
}

extension Convolution.Direction {
    fileprivate var name: String {
        switch self {
        case .forward: "convolution"
        case .inputGradient: "convolution input gradient"
        case .kernelGradient: "convolution kernel gradient"
        }
    }

    fileprivate var winograd: apus_kernel {
        switch self {
        case .forward: apus_winograd
        case .inputGradient: apus_winograd_gradient_x
        case .kernelGradient: apus_winograd_gradient_w
        }
    }

    fileprivate var winogradScratch: (UnsafePointer<apus_winograd_parameters>) -> Int64 {
        switch self {
        case .forward: { apus_winograd_scratch_bytes($0) }
        case .inputGradient: { apus_winograd_gradient_x_scratch_bytes($0) }
        case .kernelGradient: { apus_winograd_gradient_w_scratch_bytes($0) }
        }
    }

    fileprivate var unfolded: apus_kernel {
        switch self {
        case .forward: apus_unfolded_convolution
        case .inputGradient: apus_unfolded_convolution_gradient_x
        case .kernelGradient: apus_unfolded_convolution_gradient_w
        }
    }

    fileprivate var unfoldedScratch: (UnsafePointer<apus_unfolded_parameters>) -> Int64 {
        switch self {
        case .forward: { apus_unfolded_convolution_scratch_bytes($0) }
        case .inputGradient: { apus_unfolded_convolution_gradient_x_scratch_bytes($0) }
        case .kernelGradient: { apus_unfolded_convolution_gradient_w_scratch_bytes($0) }
        }
    }

    fileprivate var loops: apus_kernel {
        switch self {
        case .forward: apus_direct_convolution
        case .inputGradient: apus_direct_convolution_gradient_x
        case .kernelGradient: apus_direct_convolution_gradient_w
        }
    }
}
