import ApusData
import ApusGraph
import ApusNN
import ApusTensor
import ApusTraining
import Foundation

/// What a network does inside for some samples: signals by layer, and gradients by variable.
struct Look: Sendable {
    /// What a layer yields.
    struct Layer: Sendable {
        /// The share of units that are 0 for all samples; `nil` where no output is 0.
        let deadShare: Double?
        /// The share of outputs at which a sigmoid or tanh is flat; `nil` for other layers.
        let saturatedShare: Double?
    }

    /// A kernel at the start, or another variable, with its gradient.
    struct Gradient: Sendable {
        let path: String
        /// Root mean squares of the gradient and of the variable.
        let size: Double
        let weight: Double
        /// Whether all numbers of the variable are the same.
        let isConstant: Bool
        /// The inputs of a unit.
        let fanIn: Double
    }

    let layers: [Layer]
    let gradients: [Gradient]
    /// The batch as the network receives it: mean and standard deviation.
    let input: (mean: Double, deviation: Double)

    /// Looks at a trainer's network.
    ///
    /// - Returns: `nil` if the network does not fit the samples, which its training says better.
    init?(_ trainer: Trainer, _ samples: Dataset) {
        guard let state = trainer.state else { return nil }
        let probe = ModelProbe(
            trainer.model, objective: trainer.objective, precision: trainer.precision, device: trainer.device)
        let variables = state.variables
        let paths = variables.paths.filter { variables.variable($0)?.description.isTrainable == true }
        // Of samples with many positions fewer, whose signals need the memory of more.
        let count = max(
            16, min(256, 16_384 / max(1, samples.targetNames.map { samples.targetType(of: $0).shape.count }.max() ?? 1))
        )
        let batches = samples.prefix(count).batches(of: count, epoch: 0, seed: 0, shuffled: false)
        guard let batch = batches.first(where: { _ in true }),
            let view = try? probe(variables, batch, seed: 0, step: 0, mode: .inference, gradients: paths)
        else { return nil }
        let received = (try? view.input.cast(to: .float32).evaluated().scalars) ?? []
        let moments = Moments(received.map(Double.init))
        input = (moments.mean, moments.deviation)
        layers = view.calls.filter { !$0.isRepetition }.compactMap { Look.layer($0, count: batch.count) }
        gradients = view.gradients.map { path, value in
            Gradient(
                path: path, size: Look.size(value.scalars), weight: Look.size(variables[path]!.scalars),
                isConstant: Look.isConstant(variables[path]!),
                fanIn: Double(max(1, value.count / max(1, value.shape.dimensions.last ?? 1))))
        }
    }

    private static func layer(_ call: ModelView.Call, count: Int) -> Layer? {
        let values = call.output.scalars
        guard count > 1, values.count >= count, values.count % count == 0 else { return nil }
        let isRectified = values.allSatisfy { $0 >= 0 } && values.contains { $0 == 0 }
        // Units are channels: the last axis.
        let units = call.output.shape.rank > 1 ? call.output.shape[-1] : 1
        var isAlive = Array(repeating: false, count: units)
        for (index, value) in values.enumerated() where value != 0 { isAlive[index % units] = true }
        let saturated: Double? =
            switch call.layer.flatActivation {
            case .sigmoid: share(values) { $0 < 0.02 || $0 > 0.98 }
            case .tanh: share(values) { abs($0) > 0.95 }
            default: nil
            }
        return Layer(
            deadShare: isRectified ? Double(isAlive.filter { !$0 }.count) / Double(units) : nil,
            saturatedShare: saturated)
    }

    private static func share(_ values: [Float], _ test: (Float) -> Bool) -> Double {
        Double(values.lazy.filter(test).count) / Double(max(1, values.count))
    }

    private static func size(_ values: [Float]) -> Double {
        let squares = values.reduce(0.0) { $0 + Double($1) * Double($1) }
        return (squares / Double(max(1, values.count))).squareRoot()
    }

    private static func isConstant(_ weight: Tensor) -> Bool {
        let values = weight.scalars
        return values.count > 1 && values.allSatisfy { $0 == values[0] }
    }

    /// The greatest share of dead units of a layer.
    var deadShare: Double { layers.compactMap(\.deadShare).max() ?? 0 }

    /// The greatest share of saturated outputs of a hidden layer.
    var saturatedShare: Double { layers.dropLast().compactMap(\.saturatedShare).max() ?? 0 }

    /// The gradient of the first kernel as a share of that of the last; `nil` where there are none.
    var depthGain: Double? {
        let kernels = gradients.filter { $0.path.hasSuffix("kernel") }
        guard kernels.count > 1, let first = kernels.first, let last = kernels.last, last.size > 0 else { return nil }
        return first.size / last.size
    }
}
