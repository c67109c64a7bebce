import ApusBackend
import ApusData
import ApusGraph
import ApusModels
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import ApusTestKit
import ApusTrainingKit
import Testing

/// Whole trainings on the reference backend, which shares no code with the kernels: what a step means, from normalization to update.
@Suite struct DeviceTrainingTests {
    /// A network with everything that its programs fuse: residual sums, batch normalization, pooling.
    private static let residual = Sequential {
        Conv2D(filters: 4, kernelSize: 3, padding: .same, useBias: false)
        BatchNorm(momentum: 0.9)
        ActivationLayer(.relu)
        Residual(
            body: Sequential {
                Conv2D(filters: 4, kernelSize: 3, padding: .same, useBias: false, kernelRegularizer: .l2(1e-3))
                BatchNorm(momentum: 0.9)
                ActivationLayer(.relu)
                Conv2D(filters: 4, kernelSize: 3, padding: .same, useBias: false)
                BatchNorm(momentum: 0.9)
            }, activation: .relu)
        GlobalAveragePool()
        Dropout(0.2)
        Dense(10)
    }

    private static func images(_ shape: Shape, count: Int) throws -> Dataset {
        var key = RandomKey(seed: 5)
        let pixels = (Tensor.uniform(Shape([count] + shape.dimensions), key: key.next()) * 255).cast(to: .uint8)
        let labels = (0..<count).map { ($0 * 7 + 3) % 10 }
        return try Dataset(inputs: pixels, labels: labels, preprocessing: .unitRange)
    }

    /// Weights and slots after 20 steps on both devices, and what both measured.
    private func check(
        _ model: Sequential, _ shape: Shape, _ optimizer: Optimizer, batch size: Int, within tolerance: Double
    ) throws {
        let data = try DeviceTrainingTests.images(shape, count: 5 * size)
        let start = try TrainingState(model, optimizer: optimizer, input: shape, seed: 1)
        var ends: [TrainingState] = []
        var losses: [[Double]] = []
        for device in [Device.cpu, .reference] {
            let step = try TrainingStep(
                model, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy], device: device)
            var state = start
            var seen: [Double] = []
            for epoch in 0..<4 {
                for batch in data.batches(of: size, epoch: epoch, seed: 3) { seen.append(try step(&state, batch).loss) }
            }
            #expect(state.step == 20)
            ends.append(state)
            losses.append(seen)
        }
        // Training has moved the weights by much more than what rounding explains.
        #expect(try distance(ends[0].numbers, start.numbers) > 100 * tolerance)
        #expect(try distance(ends[0].numbers, ends[1].numbers) < tolerance)
        for (a, b) in try pairs(losses[0], losses[1]) { #expect(abs(a - b) < 1e-4 * abs(b)) }
        // The same through a trainer: prediction and measurement.
        var outputs: [[Float]] = []
        var measured: [Measurements] = []
        for device in [Device.cpu, .reference] {
            var trainer = Trainer(
                model, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy], device: device, seed: 1)
            trainer.load(ends[0].variables)
            outputs.append(try trainer.predict(try data.whole.inputs.only, preprocessing: .unitRange).scalars)
            measured.append(try trainer.evaluate(data))
        }
        #expect(try distance([outputs[0]], [outputs[1]]) < 1e-5)
        #expect(abs(measured[0].loss - measured[1].loss) < 1e-5)
        #expect(measured[0]["accuracy"] == measured[1]["accuracy"])
    }

    /// The largest relative distance ‖a − b‖ / ‖b‖ of a tensor.
    private func distance(_ a: [[Float]], _ b: [[Float]]) throws -> Double {
        try #require(!a.isEmpty)
        return try pairs(a, b).map { a, b in
            func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
            let difference = norm(try pairs(a, b).map { Double($0) - Double($1) })
            return difference / Swift.max(1e-3, norm(b.map(Double.init)))
        }.max() ?? 0
    }

    @Test func lenet5() throws {
        try check(
            .lenet5(), [28, 28, 1], .sgd(learningRate: 0.05, momentum: 0.9), batch: 4, within: 1e-4)
    }

    @Test func residualNetworkWithBatchNormalization() throws {
        try check(
            DeviceTrainingTests.residual, [8, 8, 2], .sgd(learningRate: 0.05, momentum: 0.9), batch: 6, within: 1e-4)
    }

    @Test func adamWithClippingAndDecay() throws {
        try check(
            Sequential {
                Flatten()
                Dense(12, activation: .tanh, kernelConstraint: .maxNorm(2))
                LayerNorm()
                Dense(10)
            }, [4, 3, 1], Optimizer.adamW(learningRate: 1e-2).clippingGradients(.globalNorm(1)), batch: 8, within: 1e-4)
    }
}

/// A step in two halves.
@Suite struct CutStepTests {
    @Test(arguments: [1, 3]) func bothHalvesAreAWholeStep(accumulation: Int) throws {
        let optimizer = Optimizer.adam(learningRate: 0.05).clippingGradients(.globalNorm(0.5)).accumulatingGradients(
            accumulation)
        let step = try TrainingStep(
            Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy])
        var whole = try TrainingState(Sequential.lively, optimizer: optimizer, input: [2], seed: 1)
        var halves = whole
        let data = try blobs(96)
        for batch in data.batches(of: 16, epoch: 0, seed: 1) {
            let result = try step(&whole, batch)
            let before = halves.variables["0.dense/kernel"]!.scalars
            let gradients = try step.gradients(&halves, batch)
            #expect(gradients.result.loss == result.loss && gradients.result[.accuracy] == result[.accuracy])
            #expect(
                gradients.values.map(\.path)
                    == whole.variables.paths.filter { whole.variables.variable($0)!.description.isTrainable })
            // Nothing but running values has moved yet.
            #expect(halves.variables["0.dense/kernel"]!.scalars == before)
            #expect(
                halves.variables["1.batchNorm/runningMean"]!.scalars
                    == whole.variables["1.batchNorm/runningMean"]!.scalars)
            try step.update(&halves, gradients)
            #expect(halves.numbers == whole.numbers)
            #expect(halves.step == whole.step)
        }
    }

    @Test func gradientsMayBeChanged() throws {
        let optimizer = Optimizer.sgd(learningRate: 1)
        let step = try TrainingStep(Sequential.small, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var state = try TrainingState(Sequential.small, optimizer: optimizer, input: [2], seed: 1)
        let before = state.numbers
        var gradients = try step.gradients(&state, try blobs(16).whole)
        for index in gradients.values.indices { gradients.values[index].value = gradients.values[index].value * 0 + 2 }
        try step.update(&state, gradients, learningRate: 0.5)
        for (a, b) in try pairs(before, state.numbers) {
            for (x, y) in try pairs(a, b) { #expect(abs(x - y - 1) < 1e-6) }
        }
    }

    @Test func gradientsThatDoNotFitAreErrors() throws {
        let optimizer = Optimizer.sgd(learningRate: 1)
        let step = try TrainingStep(Sequential.small, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var state = try TrainingState(Sequential.small, optimizer: optimizer, input: [2], seed: 1)
        let whole = try step.gradients(&state, try blobs(16).whole)
        let before = state.numbers
        func problem(_ change: (inout StepGradients) -> Void) -> String {
            var gradients = whole
            change(&gradients)
            return message { try step.update(&state, gradients) }
        }
        #expect(problem { $0.values.removeLast() } == "there is no gradient for the variable 1.dense/bias")
        #expect(
            problem { $0.values[1].value = .zeros([3]) }.hasPrefix(
                "the gradient for 0.dense/bias is float32[3] but the"))
        #expect(problem { $0.values[1].value = Tensor.zeros([3]) + Tensor.zeros([2]) }.contains("add"))
        #expect(state.numbers == before && state.step == 0)
    }
}
