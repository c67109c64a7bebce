import ApusGraph

extension Fusion {
    /// Finds convolutions with bias and ReLU behind them, outside the lanes layout.
    mutating func findConvolutions() {
        for number in graph.nodes.indices where unitOf[number] == nil {
            guard case .convolution = graph.nodes[number].operation, graph.nodes[number].elementType == .float32 else { continue }
            var pattern = ConvolutionPattern(convolution: number, bias: nil, relu: false, result: number)
            var members = [number]
            if let add = graph.onlyUser(number), unitOf[add] == nil, case .binary(.add) = graph.nodes[add].operation,
                let bias = rowBroadcast(among: graph.inputs(add), besides: number)
            {
                pattern.bias = bias
                pattern.result = add
                members.append(add)
            }
            add(Unit(kind: .convolution(pattern), nodes: members))
        }
    }
}
