import ApusBackend
import ApusData
import ApusGraph
import ApusNN
import ApusTensor

/// What looks at a step: one program computes the gradients before it, another one what became of variables, loss and layers after it.
///
/// The step itself is the program that it always is. Sums inside of it would have other fusions, and so other last bits of the weights.
struct StepWatch: StoredProgram, @unchecked Sendable {
    let layout: TrainingState.Layout
    private let gradients: BoundProgram<StepRole>
    private let after: BoundProgram<StepRole>
    /// The number of elements of each trained variable.
    private let counts: [Double]
    private let layers: [(path: String, count: Double, units: Double)]

    var byteCount: Int { gradients.byteCount + after.byteCount }

    /// - Parameters:
    ///   - gradients: Yields the gradients of a batch.
    ///   - model: The model in training, traced in `builder`, which yields the loss already.
    init(
        gradients: BoundProgram<StepRole>, _ model: StepModel, layout: TrainingState.Layout,
        builder: consuming ProgramBuilder<StepRole>,
        compiled: (consuming ProgramBuilder<StepRole>) throws -> BoundProgram<StepRole>
    ) throws {
        self.gradients = gradients
        self.layout = layout
        var sums: [Tensor] = []
        var slope = Tensor(0 as Float)
        var counts: [Double] = []
        for path in layout.trainedPaths {
            let new = model.variables[path]!
            let old = builder.input(.before(path), new.node.type)
            let gradient = builder.input(.gradient(path), new.node.type)
            let update = new - old
            sums += [square(old).sum(), square(gradient).sum(), square(update).sum()]
            slope = slope + (gradient * update).sum()
            counts.append(Double(max(1, new.shape.count)))
        }
        sums.append(slope)
        var layers: [(path: String, count: Double, units: Double)] = []
        var known = Set<Node>()
        for record in model.traced.records where known.insert(record.output.node).inserted {
            let output = record.output.cast(to: .float32)
            guard output.shape.count > 0 else { continue }
            let units = output.shape.dimensions.last ?? 1
            layers.append((record.path.isEmpty ? "model" : record.path, Double(output.shape.count), Double(units)))
            let isZero = (output .== 0).cast(to: .float32)
            let zeros = output.rank > 1 ? isZero.sum(axes: Array(0..<output.rank - 1)) : isZero
            let isDead = zeros .== Tensor(Float(output.shape.count / max(1, units)))
            sums += [
                square(output).sum(), zeros.sum(), isDead.cast(to: .float32).sum(),
                record.layer.saturation(output)?.cast(to: .float32).sum() ?? Tensor(0 as Float),
            ]
        }
        self.counts = counts
        self.layers = layers
        builder.output(.watched, .stacked(sums.map { $0.cast(to: .float32) }))
        after = try compiled(builder)
    }

    /// What is needed of a state before its step.
    struct Before {
        fileprivate let gradients: ProgramResults<StepRole>
        fileprivate let variables: [String: Buffer]
        /// The number of the step, from 0, of which its random numbers depend.
        fileprivate let key: Buffer
    }

    func before(_ state: TrainingState, _ batch: Batch) throws -> Before {
        let key = Buffer.key(seed: state.seed, step: state.step)
        let results = try gradients.run { state.buffer(of: $0) ?? batch.buffer(of: $0) ?? key }
        var variables: [String: Buffer] = [:]
        for path in layout.trainedPaths {
            let buffer = state.buffer(of: .variable(path))!
            variables[path] = Buffer(copying: buffer.bytes)
        }
        return Before(gradients: results, variables: variables, key: key)
    }

    /// What the step did that a state has done since.
    ///
    /// - Parameter loss: The loss before it.
    func observation(_ before: Before, _ loss: Double, _ state: TrainingState, _ batch: Batch) throws -> StepObservation
    {
        let results = try after.run { role in
            switch role {
            case .before(let path): before.variables[path]!
            case .gradient: before.gradients.buffer(role)
            default: state.buffer(of: role) ?? batch.buffer(of: role) ?? before.key
            }
        }
        let sums = results.buffer(.watched).elements(as: Float.self)
        let variables = layout.trainedPaths.enumerated().map { index, path in
            func size(_ offset: Int) -> Double { (Double(sums[3 * index + offset]) / counts[index]).squareRoot() }
            return StepObservation.Variable(path: path, weight: size(0), gradient: size(1), update: size(2))
        }
        let slope = 3 * counts.count
        let observed = layers.enumerated().map { index, layer in
            func sum(_ offset: Int) -> Double { Double(sums[slope + 1 + 4 * index + offset]) }
            return StepObservation.Layer(
                path: layer.path, output: (sum(0) / layer.count).squareRoot(), zeroShare: sum(1) / layer.count,
                deadShare: sum(2) / layer.units, saturatedShare: sum(3) / layer.count)
        }
        return StepObservation(
            step: state.step, loss: loss, lossAfter: Double(results.buffer(.loss).first(as: Float.self)),
            slope: Double(sums[slope]), variables: variables, layers: observed)
    }
}

extension Model {
    /// Which outputs are where the layer's activation is flat; `nil` where it has no such place.
    fileprivate func saturation(_ output: Tensor) -> Tensor? {
        switch flatActivation {
        case .sigmoid: (output .< 0.02) .| (output .> 0.98)
        case .tanh: abs(output) .> 0.95
        default: nil
        }
    }
}
