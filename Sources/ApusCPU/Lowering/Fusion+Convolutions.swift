import ApusGraph

extension Fusion {
    /// Finds convolutions with bias and, where the kernel has it, ReLU behind them, outside the lanes layout.
    mutating func findConvolutions() {
        for number in graph.nodes.indices where unitOf[number] == nil {
            guard case .convolution(let geometry) = graph.nodes[number].operation,
                graph.nodes[number].elementType == .float32
            else { continue }
            var pattern = ConvolutionPattern(convolution: number, bias: nil, relu: false, result: number)
            var members = [number]
            if let add = graph.onlyUser(number), unitOf[add] == nil, case .binary(.add) = graph.nodes[add].operation,
                let bias = rowBroadcast(among: graph.inputs(add), besides: number)
            {
                pattern.bias = bias
                pattern.result = add
                members.append(add)
            }
            // Only own kernels have a ReLU behind them.
            let node = graph.nodes[number]
            if ConvolutionChoice(geometry, image: node.inputs[0].type, kernel: node.inputs[1].shape) == .winograd,
                let activation = graph.onlyUser(pattern.result), unitOf[activation] == nil,
                case .unary(.relu) = graph.nodes[activation].operation
            {
                pattern.relu = true
                pattern.result = activation
                members.append(activation)
            }
            add(Unit(kind: .convolution(pattern), nodes: members))
        }
    }
}
