import ApusBackend
public import ApusData
import ApusGraph
import ApusNN
import ApusTensor

extension Trainer {
    /// How the loss bends around the weights as they are, and how much of its gradient is chance.
    ///
    /// Layers work as in training, with the same dropout in every product. Nothing changes. It costs `products` + 1 times about three
    /// training steps for each batch.
    ///
    /// - Parameters:
    ///   - dataset: Samples like those of the training, of which the first are taken.
    ///   - batchSize: The samples of a batch, as in training: batch normalization depends on it.
    ///   - batches: The number of batches at most.
    ///   - products: The products H·v of the Lanczos iteration.
    /// - Throws: `TrainingError` if the model has no weights yet, none of them is trained, there are fewer samples than a batch,
    ///   or loss or gradients are not finite; `GraphError` if the model does not fit the samples.
    public func curvature(
        on dataset: Dataset, batchSize: Int = 32, batches: Int = 8, products: Int = 12
    ) throws -> LossCurvature {
        guard let state else { throw TrainingError("the model has no weights yet; call fit or load first") }
        for (name, value) in [("batchSize", batchSize), ("batches", batches), ("products", products)] where value < 1 {
            throw TrainingError("\(name) must be positive, received \(value)")
        }
        guard dataset.count >= batchSize else {
            throw TrainingError(
                "the curvature is measured on whole batches of \(batchSize), but there are \(dataset.count) samples")
        }
        guard !state.layout.trainedPaths.isEmpty else {
            throw TrainingError("no weight of the model is trained, so the loss does not bend")
        }
        let wanted = scaled(dataset).prefix(min(batches, dataset.count / batchSize) * batchSize)
        let probe = try CurvatureProbe(
            self, state, wanted.batches(of: batchSize, epoch: 0, seed: 0, shuffled: false))
        return try probe.curvature(products: products)
    }
}

/// Gradients and products with the Hessian of a network's loss, over a few batches.
private struct CurvatureProbe {
    private let state: TrainingState
    private let batches: [Batch]
    private let paths: [String]
    private let counts: [Int]
    /// Yields loss and gradients, and, where loops over sequences do not forbid it, products with a direction.
    private let program: BoundProgram<StepRole>
    private let isExact: Bool

    /// A weight or gradient of every trained variable, one behind the other.
    private typealias Vector = [Float]

    init(_ trainer: Trainer, _ state: TrainingState, _ batches: Batches) throws {
        self.state = state
        var found: [Batch] = []
        for batch in batches {
            try batch.evaluated()
            found.append(batch)
        }
        try batches.checkFailure()
        self.batches = found
        paths = state.layout.trainedPaths
        let types = Dictionary(uniqueKeysWithValues: state.layout.variableTypes)
        counts = paths.map { types[$0]!.shape.count }
        func compiled(withProducts: Bool) throws -> BoundProgram<StepRole> {
            var builder = ProgramBuilder<StepRole>()
            let model = StepModel(
                trainer.model, BatchType(found[0]), variables: state.layout.variableTypes, mode: .training,
                precision: trainer.precision, isFrozen: state.frozenPaths.contains, in: &builder)
            let measured = model.measured(trainer.objective.withoutMetrics)
            try model.validate(measured)
            builder.output(.loss, model.total(measured))
            let gradients = model.gradients(of: measured, state.layout)
            var slope = Tensor(0 as Float)
            for (path, gradient) in zip(state.layout.trainedPaths, gradients) {
                builder.output(.gradient(path), gradient)
                if withProducts { slope = slope + (gradient * builder.input(.direction(path), types[path]!)).sum() }
            }
            if withProducts {
                let products = gradient(
                    of: slope, withRespectTo: state.layout.trainedPaths.map { model.variables[$0]! })
                for (path, product) in zip(state.layout.trainedPaths, products) {
                    builder.output(.product(path), product)
                }
            }
            return try builder.compiled(on: trainer.device)
        }
        if let exact = try? compiled(withProducts: true) {
            (program, isExact) = (exact, true)
        } else {
            (program, isExact) = (try compiled(withProducts: false), false)
        }
    }

    func curvature(products: Int) throws -> LossCurvature {
        let zero = Vector(repeating: 0, count: counts.reduce(0, +))
        var (losses, gradients): (Double, [Vector]) = (0, [])
        for index in batches.indices {
            let results = try run(index, zero)
            losses += Double(results.buffer(.loss).first(as: Float.self))
            gradients.append(vector(results) { .gradient($0) })
        }
        let loss = losses / Double(batches.count)
        let mean = CurvatureProbe.mean(gradients)
        let norm = CurvatureProbe.dot(mean, mean).squareRoot()
        guard loss.isFinite, norm.isFinite else {
            throw TrainingError(
                "the loss or its gradient is not finite at these weights, so it does not bend in any way that could be measured"
            )
        }
        var along = 0.0
        if norm > 0 {
            let direction = mean.map { Float(Double($0) / norm) }
            along = CurvatureProbe.dot(direction, try product(direction))
        }
        let (least, greatest, count) = try extremes(products)
        return LossCurvature(
            loss: loss, gradientNorm: norm, greatest: greatest, least: least, alongGradient: along,
            noiseScale: noiseScale(gradients, norm), products: count + (norm > 0 ? 1 : 0))
    }

    /// With b samples a batch, m batches and B = m b: mean ‖gᵢ‖² = ‖G‖² + tr Σ / b and ‖ḡ‖² = ‖G‖² + tr Σ / B.
    private func noiseScale(_ gradients: [Vector], _ norm: Double) -> Double? {
        guard gradients.count > 1 else { return nil }
        let each = gradients.reduce(0.0) { $0 + CurvatureProbe.dot($1, $1) } / Double(gradients.count)
        let size = Double(batches[0].count)
        let trace = (each - norm * norm) / (1 / size - 1 / (size * Double(gradients.count)))
        let signal = norm * norm - trace / (size * Double(gradients.count))
        return signal > 0 ? max(0, trace) / signal : nil
    }

    // MARK: Eigenvalues

    /// The extreme eigenvalues by the Lanczos iteration from a random direction. Without orthogonalizing anew, which extreme values do
    /// not need, it holds three vectors.
    private func extremes(_ products: Int) throws -> (least: Double, greatest: Double, products: Int) {
        let start = Tensor.normal([counts.reduce(0, +)], key: RandomKey(seed: 1)).scalars
        var current = CurvatureProbe.scaled(start, 1 / CurvatureProbe.dot(start, start).squareRoot())
        var previous = Vector(repeating: 0, count: current.count)
        var (diagonal, beside): ([Double], [Double]) = ([], [])
        for _ in 0..<min(products, current.count) {
            var next = try product(current)
            let alpha = CurvatureProbe.dot(current, next)
            let last = beside.last ?? 0
            for index in next.indices {
                next[index] -= Float(alpha) * current[index] + Float(last) * previous[index]
            }
            diagonal.append(alpha)
            let beta = CurvatureProbe.dot(next, next).squareRoot()
            guard beta.isFinite, alpha.isFinite else {
                throw TrainingError("a second derivative of the loss is not finite at these weights")
            }
            // What is left is rounding: the directions that the loss bends along are found.
            guard beta > 1e-6 * diagonal.reduce(1e-30, { max($0, abs($1)) }) else { break }
            (previous, current) = (current, CurvatureProbe.scaled(next, 1 / beta))
            beside.append(beta)
        }
        let size = diagonal.count
        var matrix = [Double](repeating: 0, count: size * size)
        for index in 0..<size {
            matrix[index * size + index] = diagonal[index]
            if index + 1 < size {
                matrix[index * size + index + 1] = beside[index]
                matrix[(index + 1) * size + index] = beside[index]
            }
        }
        let values = Tensor(matrix.map { Float($0) }, shape: [size, size]).eigh().values.scalars
        return (Double(values[0]), Double(values[size - 1]), size)
    }

    /// H·v, the mean over the batches.
    private func product(_ direction: Vector) throws -> Vector {
        if isExact {
            return CurvatureProbe.mean(
                try batches.indices.map { index in vector(try run(index, direction)) { .product($0) } })
        }
        // (g(w + εv) − g(w − εv)) / 2ε, with steps of a thousandth of the weights' length.
        let weights = paths.flatMap { state.buffer(of: .variable($0))!.elements(as: Float.self) }
        let length = CurvatureProbe.dot(weights, weights).squareRoot()
        let step = Float(1e-3 * max(length, 1e-3))
        let sides = try [step, -step].map { step in
            let moved = zip(weights, direction).map { $0 + step * $1 }
            return CurvatureProbe.mean(
                try batches.indices.map { index in vector(try run(index, direction, weights: moved)) { .gradient($0) } }
            )
        }
        return zip(sides[0], sides[1]).map { ($0 - $1) / (2 * step) }
    }

    // MARK: Running

    private func run(_ index: Int, _ direction: Vector, weights: Vector? = nil) throws -> ProgramResults<StepRole> {
        let batch = batches[index]
        let key = Buffer.key(seed: state.seed, step: index)
        var (directions, moved): ([String: Buffer], [String: Buffer]) = ([:], [:])
        var place = 0
        for (path, count) in zip(paths, counts) {
            if isExact { directions[path] = CurvatureProbe.buffer(direction[place..<place + count]) }
            if let weights { moved[path] = CurvatureProbe.buffer(weights[place..<place + count]) }
            place += count
        }
        return try program.run { role in
            switch role {
            case .direction(let path): directions[path]!
            case .variable(let path): moved[path] ?? state.buffer(of: role)!
            default: batch.buffer(of: role) ?? key
            }
        }
    }

    private func vector(_ results: ProgramResults<StepRole>, _ role: (String) -> StepRole) -> Vector {
        paths.flatMap { results.buffer(role($0)).elements(as: Float.self) }
    }

    private static func buffer(_ values: ArraySlice<Float>) -> Buffer {
        values.withUnsafeBytes { Buffer(copying: $0) }
    }

    private static func dot(_ a: Vector, _ b: Vector) -> Double {
        var sum = 0.0
        for index in a.indices { sum += Double(a[index]) * Double(b[index]) }
        return sum
    }

    private static func scaled(_ a: Vector, _ factor: Double) -> Vector { a.map { Float(Double($0) * factor) } }

    private static func mean(_ vectors: [Vector]) -> Vector {
        var sum = vectors[0]
        for other in vectors.dropFirst() { for index in sum.indices { sum[index] += other[index] } }
        return vectors.count == 1 ? sum : scaled(sum, 1 / Double(vectors.count))
    }
}
