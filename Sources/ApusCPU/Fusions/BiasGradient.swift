import ApusGraph
import CKernels

/// The gradient through a ReLU and its sum over all but the last axis: the gradient to the bias of a convolution before it.
struct BiasGradient: Fusion {
    static let name = "bias gradient"

    var passing: PassingGradient
    /// The node of the gradient before the ReLU.
    var masked: Int
    /// The node of the sum.
    var sum: Int

    static func find(in units: inout Units) {
        let graph = units.graph
        for number in graph.nodes.indices where units.unitOf[number] == nil {
            guard case .reduce(.sum, let axes) = graph.nodes[number].operation,
                graph.nodes[number].elementType == .float32
            else { continue }
            let masked = graph.inputs(number)[0]
            guard graph.nodes[masked].shape.rank == 4, axes.sorted() == [0, 1, 2],
                let passing = units.passingGradient(masked)
            else { continue }
            units.add(
                BiasGradient(passing: passing, masked: masked, sum: number), (passing.members + [number]).sorted())
        }
    }

    /// The kernel of a normalization's gradients, as if the normalization did nothing.
    func lower(_ nodes: [Int], into lowering: inout Lowering) {
        let graph = lowering.graph
        let type = graph.nodes[masked].type
        let row = TensorType([type.shape[-1]], .float32)
        var parameters = apus_normalization_parameters()
        parameters.rows = Int64(type.shape.dimensions.dropLast().reduce(1, *))
        parameters.channels = Int64(type.shape[-1])
        parameters.type = Int64(type.elementType.rawValue)
        parameters.relu = 1
        let (g, y) = (lowering.value(passing.first), lowering.value(passing.output))
        let second = passing.second.map { Operand.read(lowering.value($0)) } ?? .none
        let (mean, variance) = (lowering.constant(.floating(0), row), lowering.constant(.floating(1), row))
        let cost = passing.members.map { graph.nodes[$0].cost }.reduce(graph.nodes[sum].cost, +)
        lowering.step(
            "relu′+sum" + (passing.second != nil ? "+add" : ""), apus_batch_norm_gradient,
            [
                .read(g), .read(g), .read(mean), .read(variance), .none, .read(y), second, .none, .none,
                .write(lowering.result(sum)), .write(lowering.result(masked)), parameters.scratch,
            ], parameters, cost: cost)
    }
}
