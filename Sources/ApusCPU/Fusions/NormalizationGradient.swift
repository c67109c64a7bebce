import ApusGraph
import CKernels

/// The gradients of a batch normalization with what follows it, from that to its result: the sums of scale and offset, and that to
/// the image. If there is a ReLU behind, it starts with the gradient to the ReLU's result, and yields the one to what was added
/// before it.
struct NormalizationGradient: Fusion {
    static let name = "normalization gradient"

    /// The node of the gradients to scale and offset.
    var sums: Int
    var imageGradient: Int
    /// The gradient to the result of the normalization, unless it arrives behind a ReLU.
    var gradient: Int
    var passing: PassingGradient?
    /// The node of the gradient before the ReLU, if others than the normalization need it.
    var residualGradient: Int?

    static func find(in units: inout Units) {
        for number in units.graph.nodes.indices where units.unitOf[number] == nil {
            guard case .batchNormParameterGradient = units.graph.nodes[number].operation,
                let found = NormalizationGradient(number, in: units)
            else { continue }
            units.add(found, ([number, found.imageGradient] + (found.passing?.members ?? [])).sorted())
        }
    }

    private init?(_ number: Int, in units: Units) {
        let graph = units.graph
        let inputs = graph.inputs(number)
        let image = graph.users[number].first { user in
            guard case .batchNormInputGradient = graph.nodes[user].operation, units.unitOf[user] == nil else {
                return false
            }
            let others = graph.inputs(user)
            return others[0] == inputs[0] && others[1] == inputs[1] && others[3] == inputs[2] && others[4] == number
        }
        guard let image else { return nil }
        (sums, imageGradient, gradient) = (number, image, inputs[1])
        passing = units.passingGradient(gradient)
        let isReadElsewhere =
            graph.isOutput[gradient] || !graph.users[gradient].allSatisfy { $0 == number || $0 == image }
        if passing != nil, isReadElsewhere { residualGradient = gradient }
    }

    /// Which elements passed the ReLU; without a mask its result tells.
    var reads: [SideValue] { passing.map { [.reluMask(of: $0.output)] } ?? [] }

    func lower(_ nodes: [Int], into lowering: inout Lowering) {
        let inputs = lowering.graph.inputs(imageGradient)
        lowering.normalizationGradientStep(
            sums, x: inputs[0], gradient: passing?.first ?? gradient, second: passing?.second, moments: inputs[3],
            scale: inputs[2], output: passing?.output, sums: sums, image: imageGradient, residual: residualGradient)
    }
}
