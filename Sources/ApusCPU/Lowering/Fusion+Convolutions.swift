import ApusGraph
import CKernels

extension Fusion {
    /// Finds convolutions with bias and, where the kernel has it, ReLU behind them, outside the lanes layout.
    mutating func findConvolutions() {
        for number in graph.nodes.indices where unitOf[number] == nil {
            guard case .convolution(let geometry) = graph.nodes[number].operation,
                [.float32, .bfloat16].contains(graph.nodes[number].elementType)
            else { continue }
            var pattern = ConvolutionPattern(convolution: number, bias: nil, relu: false, result: number)
            var members = [number]
            if let add = graph.onlyUser(number), unitOf[add] == nil, case .binary(.add) = graph.nodes[add].operation,
                let bias = rowBroadcast(among: graph.inputs(add), besides: number),
                graph.nodes[graph.withoutRounding(bias)].elementType == .float32
            {
                pattern.bias = bias
                pattern.result = add
                members.append(add)
                // The rounded bias is read by nobody then.
                if graph.withoutRounding(bias) != bias, unitOf[bias] == nil, isOnlyRead(bias, by: add) {
                    members.append(bias)
                }
            }
            // Plain loops have no ReLU behind them.
            let node = graph.nodes[number]
            let (image, kernel) = (node.inputs[0].type, node.inputs[1].shape)
            if ConvolutionChoice(geometry, image: image, kernel: kernel) == .winograd
                || LibraryPlan(APUS_ONEDNN_FORWARD, geometry, image: image, kernel: kernel) != nil,
                let activation = graph.onlyUser(pattern.result), unitOf[activation] == nil,
                case .unary(.relu) = graph.nodes[activation].operation
            {
                pattern.relu = true
                pattern.result = activation
                members.append(activation)
            }
            add(Unit(kind: .convolution(pattern), nodes: members.sorted()))
        }
    }

    /// Whether a node is read by another alone, through views.
    private func isOnlyRead(_ number: Int, by reader: Int) -> Bool {
        var number = number
        while let user = graph.onlyUser(number) {
            if user == reader { return true }
            guard graph.nodes[user].isFollowed else { return false }
            number = user
        }
        return false
    }
}
