import ApusGraph
import CKernels

/// A batch normalization with what is added to it and ReLU: relu(batchNorm(x) + residual), as much of it as there is.
struct FusedNormalization: Fusion {
    static let name = "normalization"

    var normalization: Int
    var residual: Int?
    var relu = false
    var result: Int

    /// A normalization by itself.
    init(_ normalization: Int) {
        self.normalization = normalization
        result = normalization
    }

    static func find(in units: inout Units) {
        let graph = units.graph
        for number in graph.nodes.indices where units.unitOf[number] == nil {
            switch graph.nodes[number].operation {
            case .batchNorm, .batchNormTraining: break
            default: continue
            }
            var found = FusedNormalization(number)
            var members = [number]
            if let sum = units.freeUser(number), case .binary(.add) = graph.nodes[sum].operation,
                let residual = graph.inputs(sum).first(where: { $0 != number }),
                !units.depends([residual], on: number)
            {
                found.residual = residual
                found.result = sum
                members.append(sum)
            }
            if let relu = units.freeUser(found.result), case .unary(.relu) = graph.nodes[relu].operation {
                found.relu = true
                found.result = relu
                members.append(relu)
            }
            units.add(found, members)
        }
    }

    /// Which elements passed the ReLU.
    var notes: [SideValue] { relu ? [.reluMask(of: result)] : [] }

    func lower(_ nodes: [Int], into lowering: inout Lowering) {
        let node = lowering.graph.nodes[normalization]
        let inputs = lowering.graph.inputs(normalization)
        var parameters = apus_normalization_parameters(node)
        let (x, scale, offset) = (lowering.value(inputs[0]), lowering.value(inputs[1]), lowering.value(inputs[2]))
        let moments = inputs[3...].map { Operand.read(lowering.value($0)) }
        let residual = residual.map { Operand.read(lowering.value($0)) }
        parameters.relu = relu ? 1 : 0
        let target = lowering.result(result)
        var mask = Operand.none
        if relu, lowering.isRead(.reluMask(of: result)),
            withUnsafePointer(to: parameters, apus_normalization_supports_mask)
        {
            parameters.masked = 1
            let byteCount = Int(withUnsafePointer(to: parameters, apus_normalization_mask_bytes))
            mask = .write(lowering.note(.reluMask(of: result), byteCount: byteCount))
        }
        lowering.step(
            node.operation.name + (residual != nil ? "+add" : "") + (relu ? "+relu" : ""), apus_batch_norm,
            [.read(x)] + moments + (moments.count == 1 ? [.none] : [])
                + [.read(scale), .read(offset), residual ?? .none, .write(target), mask], parameters, cost: node.cost)
    }
}
