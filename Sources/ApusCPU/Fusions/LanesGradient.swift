import ApusGraph
import CKernels

/// The gradients of a convolution in the lanes layout, from the gradient of its (pooled) result.
///
/// What stands between such convolutions and their gradients, poolings and elementwise operations, stays in the lanes layout.
struct LanesGradient: Fusion {
    static let name = "lanes gradient"

    /// The node that is the gradient of the (pooled) result.
    var gradient: Int
    /// The convolution in whose masks ReLU and pooling are undone; `nil` if none was fused.
    var undoes: LanesConvolution?
    var geometry: ConvolutionGeometry
    /// The node x of the convolution, if there is a kernel gradient.
    var input: Int?
    var kernelGradient: Int?
    /// The node of the convolution's kernel, if there is an input gradient.
    var kernel: Int?
    var inputGradient: Int?
    var biasGradient: Int?

    // MARK: Finding

    static func find(in units: inout Units) {
        guard !units.lanes.isEmpty else { return }
        for number in units.graph.nodes.indices where units.unitOf[number] == nil {
            if let (found, members) = find(at: number, in: units) {
                if let output = found.inputGradient { units.markLanes(output) }
                units.add(found, members)
            } else if units.staysInLanes(number) {
                units.markLanes(number)
            }
        }
    }

    /// The gradients that start at a node: at the unpooling, or at one of the gradients themselves.
    private static func find(at number: Int, in units: Units) -> (LanesGradient, members: [Int])? {
        let graph = units.graph
        switch graph.nodes[number].operation {
        case .maxPoolGradient:
            guard let unit = units.unitOf[graph.inputs(number)[0]],
                let forward = units.list[unit].fusion as? LanesConvolution,
                let undone = forward.undone(in: units), undone.members.contains(number)
            else { return nil }
            return find(undone, of: forward, in: units)
        case .convolutionKernelGradient:
            let gradient = graph.inputs(number)[1]
            return find(of: gradient, arriving: gradient, undoing: nil, [], in: units)
        case .convolutionInputGradient:
            let gradient = graph.inputs(number)[0]
            return find(of: gradient, arriving: gradient, undoing: nil, [], in: units)
        default: return nil
        }
    }

    /// The gradients of a convolution behind which ReLU and pooling are undone.
    static func find(
        _ undone: LanesConvolution.Unpooling, of forward: LanesConvolution, in units: Units
    ) -> (LanesGradient, members: [Int])? {
        find(of: undone.result, arriving: undone.gradient, undoing: forward, undone.members, in: units)
    }

    /// Collects kernel, input and bias gradient that read `gradient`, the gradient of one convolution's result.
    private static func find(
        of gradient: Int, arriving: Int, undoing forward: LanesConvolution?, _ undone: [Int], in units: Units
    ) -> (LanesGradient, members: [Int])? {
        let graph = units.graph
        var found: LanesGradient?
        var sums: [Int] = []
        for user in graph.users[gradient] where units.unitOf[user] == nil {
            let inputs = graph.inputs(user)
            var next = LanesGradient(gradient: arriving, undoes: forward, geometry: ConvolutionGeometry())
            switch graph.nodes[user].operation {
            case .convolutionKernelGradient(let geometry, _)
            where inputs[1] == gradient && inputs[0] != gradient && found?.kernelGradient == nil:
                (next.geometry, next.input, next.kernelGradient) = (geometry, inputs[0], user)
            case .convolutionInputGradient(let geometry, _)
            where inputs[0] == gradient && inputs[1] != gradient && found?.inputGradient == nil:
                (next.geometry, next.kernel, next.inputGradient) = (geometry, inputs[1], user)
            case .reduce(.sum, let axes) where axes == [0, 1, 2]:
                sums.append(user)
                continue
            default: continue
            }
            let (image, kernel) = next.types(in: graph)
            guard next.geometry.suitsLanes(image: image, kernel: kernel.shape) else { continue }
            if let known = found {
                guard known.geometry == next.geometry, known.types(in: graph) == (image, kernel) else { continue }
                next.input = next.input ?? known.input
                next.kernelGradient = next.kernelGradient ?? known.kernelGradient
                next.kernel = next.kernel ?? known.kernel
                next.inputGradient = next.inputGradient ?? known.inputGradient
            }
            found = next
        }
        guard var found else { return nil }
        found.biasGradient = sums.first
        let results = found.results
        // None may be needed for another.
        guard results.allSatisfy({ result in !units.depends(results.filter { $0 != result }, on: result) }) else {
            return nil
        }
        let members = undone + results
        // Masks are undone inside; nobody else may need the gradient in between.
        if forward != nil {
            guard !graph.isOutput[gradient], graph.users[gradient].allSatisfy({ members.contains($0) }) else {
                return nil
            }
        }
        return (found, members.sorted())
    }

    /// The nodes that are computed.
    private var results: [Int] { [inputGradient, kernelGradient, biasGradient].compactMap { $0 } }

    /// The types of image and kernel.
    private func types(in graph: IndexedGraph) -> (image: TensorType, kernel: TensorType) {
        (graph.nodes[inputGradient ?? input!].type, graph.nodes[kernelGradient ?? kernel!].type)
    }

    // MARK: Lowering

    var reads: [SideValue] { undoes.map { [.lanesMask(of: $0.convolution)] } ?? [] }

    func lower(_ nodes: [Int], into lowering: inout Lowering) {
        let graph = lowering.graph
        let (image, kernelType) = types(in: graph)
        var parameters = apus_lanes_convolution_parameters(geometry, image: image.shape, kernel: kernelType.shape)
        var operands: [Operand] = [
            input.map { .read(lowering.lanesValue($0)) } ?? .none, kernel.map { .read(lowering.value($0)) } ?? .none,
            .read(lowering.lanesGradientValue(gradient)),
        ]
        if let undoes {
            parameters.relu = undoes.relu ? 1 : 0
            parameters.pool = undoes.pools ? 1 : 0
            operands.append(.read(lowering.noted(.lanesMask(of: undoes.convolution))!))
        } else {
            operands.append(.none)
        }
        operands.append(inputGradient.map { .write(lowering.lanesResult($0)) } ?? .none)
        operands.append(kernelGradient.map { .write(lowering.result($0)) } ?? .none)
        operands.append(biasGradient.map { .write(lowering.result($0)) } ?? .none)
        operands.append(
            .scratch(byteCount: Int(withUnsafePointer(to: parameters, apus_lanes_convolution_gradient_scratch_bytes))))
        lowering.step(
            "lanes convolution gradient", apus_lanes_convolution_gradient, operands, parameters,
            cost: results.reduce(Cost.zero) { $0 + graph.nodes[$1].cost })
    }
}

// MARK: Between

extension Units {
    /// Whether an operation on a value in the lanes layout keeps that layout.
    fileprivate func staysInLanes(_ number: Int) -> Bool {
        let node = graph.nodes[number]
        guard node.shape.rank == 4, node.elementType == .float32 || node.elementType == .bool else { return false }
        let inputs = graph.inputs(number)
        switch node.operation {
        case .maxPool, .averagePool, .maxPoolGradient, .averagePoolGradient:
            return lanes.contains(inputs[0]) || (inputs.count > 1 && lanes.contains(inputs[1]))
        case .unary, .binary, .select, .clamp:
            return inputs.contains { lanes.contains($0) }
                && inputs.allSatisfy { input in
                    lanes.contains(input) || isChannelBroadcast(input) || graph.nodes[input].constantValue != nil
                }
        default: return false
        }
    }

    /// Whether a node is one value a channel, stretched over an image batch.
    private func isChannelBroadcast(_ number: Int) -> Bool {
        guard case .broadcast = graph.nodes[number].operation else { return false }
        let source = graph.nodes[graph.inputs(number)[0]].shape
        return source.count == 1 || (source.count == source[-1])
    }
}
