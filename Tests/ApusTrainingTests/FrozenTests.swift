import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import ApusTrainingKit
import Testing

/// Variables that the optimizer freezes keep their values in training, states included.
@Suite struct FrozenTests {
    /// A layer with a state that counts its steps.
    private struct Counting: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor {
            let steps = context.state("steps", shape: [1], initializer: .zeros)
            context.update("steps", to: steps + 1)
            return x
        }
    }

    private let model = Sequential {
        Dense(8)
        BatchNorm(momentum: 0.5)
        Counting()
        Dense(4)
    }

    private func trained(_ optimizer: Optimizer, cut: Bool = false) throws -> (before: Variables, after: Variables) {
        let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var state = try TrainingState(model, optimizer: optimizer, input: [2], seed: 3)
        let before = state.variables
        for batch in try blobs(64).batches(of: 16, epoch: 0, seed: 1) {
            if cut {
                try step.update(&state, try step.gradients(&state, batch))
            } else {
                try step(&state, batch)
            }
        }
        return (before, state.variables)
    }

    private func changed(_ optimizer: Optimizer, cut: Bool = false) throws -> [String] {
        let (before, after) = try trained(optimizer, cut: cut)
        return before.paths.filter { before[$0]!.scalars != after[$0]!.scalars }
    }

    @Test(arguments: [false, true]) func whatIsFrozenKeepsItsValue(cut: Bool) throws {
        #expect(try changed(.sgd(learningRate: 0.1).freezing("*"), cut: cut) == [])
        let rest = ["0.dense/kernel", "0.dense/bias", "2.counting/steps", "3.dense/kernel", "3.dense/bias"]
        #expect(try Set(changed(.sgd(learningRate: 0.1).freezing("1.*"), cut: cut)) == Set(rest))
        #expect(try !changed(.sgd(learningRate: 0.1).freezing("2.*"), cut: cut).contains("2.counting/steps"))
        // Its scale alone: the running values go on.
        let statistics = ["1.batchNorm/runningMean", "1.batchNorm/runningVariance"]
        let moving = try changed(.sgd(learningRate: 0.1).freezing("*/gamma"), cut: cut)
        #expect(statistics.allSatisfy(moving.contains) && !moving.contains("1.batchNorm/gamma"))
    }

    /// `**` is `*`: whatever lies below a name; the statistics of normalizations below it stay.
    @Test func whatLiesBelowAName() throws {
        let model = Sequential {
            Sequential {
                Dense(8).named("0")
                BatchNorm(momentum: 0.5).named("1")
            }.named("features")
            Dense(4).named("classifier")
        }
        for pattern in ["features/**", "features/*"] {
            let optimizer = Optimizer.sgd(learningRate: 0.1).freezing(pattern)
            let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer)
            var state = try TrainingState(model, optimizer: optimizer, input: [2], seed: 3)
            let before = state.variables
            for batch in try blobs(64).batches(of: 16, epoch: 0, seed: 1) { try step(&state, batch) }
            let after = state.variables
            #expect(before.paths.contains("features/1/runningMean"))
            #expect(
                before.paths.filter { before[$0]!.scalars != after[$0]!.scalars }
                    == ["classifier/kernel", "classifier/bias"])
        }
    }

    /// A frozen batch normalization computes in training what it computes at inference.
    @Test(arguments: ["*", "*/runningMean", "*/runningVariance"])
    func aFrozenNormalizationRunsAsAtInference(pattern: String) throws {
        let optimizer = Optimizer.sgd(learningRate: 0.1).freezing(pattern)
        let batch = try blobs(16).whole
        let normalization = Sequential { BatchNorm() }
        let step = try TrainingStep(normalization, loss: .meanSquaredError, optimizer: optimizer)
        let data = try Dataset(
            inputs: batch.inputs.only, targets: batch.inputs.only * Float(1 / (1.001 as Double).squareRoot()))
        var state = try TrainingState(normalization, optimizer: optimizer, input: [2], seed: 1)
        // With mean 0 and variance 1 the outputs are x / √(1 + ε).
        #expect(try step(&state, data.whole).loss < 1e-10)
    }
}
