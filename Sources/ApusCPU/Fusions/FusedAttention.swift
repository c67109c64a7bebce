import ApusGraph
import CKernels

/// Attention that notes for its gradients how large the exponentials of each query were together; or those of its gradients that are
/// wanted, computed in one pass over the weights.
struct FusedAttention: Fusion {
    static let name = "attention"

    var form: AttentionForm
    var isGradient: Bool
    /// The nodes of queries, keys and values; of gradients also of the result and the gradient to it; of a mask the last.
    var inputs: [Int]

    static func find(in units: inout Units) {
        let graph = units.graph
        // Gradients of one attention, from one gradient to its result, with the number of the first.
        var gradients: [FusedAttention: [Int]] = [:]
        for number in graph.nodes.indices where units.unitOf[number] == nil {
            switch graph.nodes[number].operation {
            case .attention: units.add(FusedAttention(graph.nodes[number], graph.inputs(number)), [number])
            case .attentionGradient:
                gradients[FusedAttention(graph.nodes[number], graph.inputs(number)), default: []].append(number)
            default: break
            }
        }
        for (attention, nodes) in gradients.sorted(by: { $0.value[0] < $1.value[0] }) { units.add(attention, nodes) }
    }

    /// - Parameter node: Attention, or one of its gradients.
    init(_ node: Node, _ inputs: [Int]) {
        self.inputs = inputs
        switch node.operation {
        case .attention(let form): (self.form, isGradient) = (form, false)
        case .attentionGradient(let form, _): (self.form, isGradient) = (form, true)
        default: preconditionFailure("\(node.operation.name) is not attention")
        }
    }

    private var sums: SideValue {
        .attentionSums(queries: inputs[0], keys: inputs[1], mask: form.mask == nil ? nil : inputs.last, form)
    }

    var notes: [SideValue] { isGradient ? [] : [sums] }
    var reads: [SideValue] { isGradient ? [sums] : [] }

    func lower(_ nodes: [Int], into lowering: inout Lowering) {
        let operands = inputs.map { lowering.graph.nodes[$0] }
        var parameters = apus_attention_parameters(form, operands.map(\.shape))
        var read = inputs.map { Operand.read(lowering.value($0)) }
        let mask = form.mask == nil ? Operand.none : read.removeLast()
        let cost = nodes.map { lowering.graph.nodes[$0].cost }.reduce(.zero, +)
        guard isGradient else {
            let count = operands[0].shape.count / max(1, operands[0].shape[3])
            let noted = lowering.isRead(sums) ? Operand.write(lowering.note(sums, byteCount: 4 * count)) : .none
            let scratch = Int(apus_attention_scratch_bytes(&parameters))
            lowering.step(
                "attention", apus_attention,
                read + [.write(lowering.result(nodes[0])), noted, .scratch(byteCount: scratch), mask], parameters,
                cost: cost)
            return
        }
        let written = AttentionOperand.allCases.map { operand in
            let node = nodes.first { lowering.graph.nodes[$0].operation == .attentionGradient(form, of: operand) }
            return node.map { Operand.write(lowering.result($0)) } ?? .none
        }
        let noted = lowering.noted(sums).map { Operand.read($0) } ?? .none
        let scratch = Int(apus_attention_gradient_scratch_bytes(&parameters))
        lowering.step(
            "attentionGradient", apus_attention_gradient,
            read + [noted] + written + [.scratch(byteCount: scratch), mask], parameters, cost: cost)
    }
}

extension FusedAttention: Hashable {}

extension apus_attention_parameters {
    /// - Parameter shapes: Those of queries, keys and values, and maybe others; of a mask the last.
    fileprivate init(_ form: AttentionForm, _ shapes: [Shape]) {
        let (q, k, v) = (shapes[0], shapes[1], shapes[2])
        // Elements from one index of an axis of the mask to the next; 0 along an axis of 1.
        var strides: [Int64] = [0, 0, 0, 0]
        if form.mask != nil, let mask = shapes.last {
            for axis in 0..<4 where mask[axis] != 1 {
                strides[axis] = Int64(mask.dimensions[(axis + 1)...].reduce(1, *))
            }
        }
        let kind =
            switch form.mask {
            case nil: APUS_ATTENTION_NO_MASK
            case .seen: APUS_ATTENTION_SEEN
            case .added: APUS_ATTENTION_ADDED
            }
        self.init(
            samples: Int64(q[0]), heads: Int64(q[2]), groups: Int64(k[2]), queries: Int64(q[1]), keys: Int64(k[1]),
            size: Int64(q[3]), depth: Int64(v[3]), causal: form.isCausal ? 1 : 0, scale: Float(form.scale),
            mask: Int32(kind.rawValue), mask_strides: (strides[0], strides[1], strides[2], strides[3]),
            threads: Int64(apus_thread_count()))
    }
}
