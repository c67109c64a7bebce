import ApusGraph

extension Graph {
    /// The graph with what this backend has no kernel for expressed by what it has: bfloat16 through float32, float64 through
    /// simpler operations, small integers as indices through int32.
    func legalized() -> Graph {
        var legal: [Node: Node] = [:]
        func visit(_ root: Node) -> Node {
            for node in Node.sorted([root]) where legal[node] == nil {
                if case .input = node.operation {
                    legal[node] = node
                    continue
                }
                let inputs = node.inputs.map { legal[$0]! }
                let rebuilt = inputs == node.inputs ? node : Node(node.operation, inputs)
                guard let replacement = rebuilt.legalReplacement else {
                    legal[node] = rebuilt
                    continue
                }
                // A replacement may need replacing itself; its inputs are legal already.
                for input in inputs { legal[input] = input }
                legal[node] = visit(replacement)
            }
            return legal[root]!
        }
        return Graph(
            inputs: inputs,
            outputs: outputs.map { Output(name: $0.name, node: visit($0.node), replaces: $0.replaces) })
    }
}

extension Node {
    /// An equal expression that kernels exist for, or `nil` if the node has one itself.
    fileprivate var legalReplacement: Node? {
        switch operation {
        case .unary(let unary): return unary.opcode == nil ? expansion : nil
        case .matmul:
            switch inputs[0].elementType {
            case .bfloat16: return throughFloat32
            case .float64: return sumOfProducts
            default: return nil
            }
        case .convolution, .convolutionInputGradient, .convolutionKernelGradient:
            return elementType == .bfloat16 ? throughFloat32 : nil
        case .channelMoments, .batchNorm, .batchNormTraining, .batchNormParameterGradient, .batchNormInputGradient,
            .layerNorm:
            switch elementType {
            case .bfloat16: return throughFloat32
            case .float64: return expansion
            default: return nil
            }
        case .gather, .scatterAdd, .gatherAlong, .scatterAddAlong:
            return inputs[1].elementType == .uint8 ? Node(operation, [inputs[0], inputs[1].cast(to: .int32)]) : nil
        default: return nil
        }
    }

    private var throughFloat32: Node {
        Node(operation, inputs.map { $0.elementType == .bfloat16 ? $0.cast(to: .float32) : $0 }).cast(to: .bfloat16)
    }

    /// [..., m, k] × [..., k, n] as Σ over k of products: needs no product kernel, but memory for all products.
    private var sumOfProducts: Node {
        let (a, b) = (inputs[0].shape, inputs[1].shape)
        let leading = a.dimensions.dropLast(2)
        let left = inputs[0].reshape(Shape(leading + [a[-2], a[-1], 1]))
        let right = inputs[1].reshape(Shape(leading + [1, b[-2], b[-1]]))
        return Node.binary(.multiply, left, right).reduce(.sum, [leading.count + 1])
    }
}
