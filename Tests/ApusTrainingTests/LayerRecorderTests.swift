import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import ApusTrainingKit
import Testing

/// What goes through the layers, against gradients of tensors.
@Suite struct LayerRecorderTests {
    private static let net = Sequential {
        Dense(3, activation: .tanh)
        Dropout(0.5)
        Dense(4, kernelRegularizer: .l2(0.01))
    }

    /// Outputs are those of the layers by hand; gradients to them are those to zeros that are added to them.
    @Test func forwardAndBackward() throws {
        let net = Sequential {
            Dense(3, activation: .tanh); Dense(4)
        }
        let batch = try blobs(10).whole
        let weights = try net.initialized(input: [2], seed: 3)
        let signals = try LayerRecorder(net, loss: .softmaxCrossEntropy)(weights, batch)
        #expect(signals.layers.map(\.path) == ["0.dense", "1.dense"])
        let (x, labels) = (batch.inputs.only, batch.targets.only)
        let kernels = weights.paths.map { weights[$0]! }
        var outputs: [Tensor] = []
        let zeros = [Tensor.zeros([10, 3]), Tensor.zeros([10, 4])]
        let (loss, gradients) = valueAndGradient(at: kernels + zeros) { tensors in
            let first = tanh(x.matmul(tensors[0]) + tensors[1]) + tensors[4]
            let second = first.matmul(tensors[2]) + tensors[3] + tensors[5]
            outputs = [first, second]
            return softmaxCrossEntropy(second, labels)
        }
        func isClose(_ a: Tensor, _ b: Tensor) -> Bool { a.shape == b.shape && abs(a - b).max().item() < 1e-6 }
        #expect(abs(signals.loss - Double(loss.item())) < 1e-6)
        for place in 0..<2 {
            #expect(isClose(signals.layers[place].output, outputs[place]))
            #expect(isClose(signals.layers[place].gradient, gradients[4 + place]))
        }
        #expect(signals.gradients.map(\.path) == weights.paths)
        for (entry, gradient) in zip(signals.gradients, gradients) { #expect(isClose(entry.value, gradient)) }
        #expect(signals["1.dense"]?.output.shape == [10, 4] && signals["2.dense"] == nil)
    }

    /// It sees the next step, with its dropout; and the training is what it is without.
    @Test func chosenSteps() throws {
        let (data, batch) = (try blobs(60), try blobs(12, seed: 2).whole)
        func trainer() -> Trainer {
            Trainer(LayerRecorderTests.net, loss: .softmaxCrossEntropy, optimizer: .adam(), seed: 5)
        }
        var (watched, plain) = (trainer(), trainer())
        let recorder = try LayerRecorder(watched)
        var recorded: [LayerSignals] = []
        try watched.fit(data, epochs: 2, batchSize: 10) { event, training in
            guard case .stepEnded = event, [1, 4, 9].contains(training.state.step) else { return }
            recorded.append(try recorder(training.state, batch))
        }
        try plain.fit(data, epochs: 2, batchSize: 10)
        #expect(watched.state?.numbers == plain.state?.numbers)
        #expect(recorded.map(\.step) == [1, 4, 9])
        #expect(recorded.allSatisfy { $0.layers.map(\.path) == ["0.dense", "1.dropout", "2.dense"] })
        // Dropout sets to 0 what another step leaves.
        let zeros = recorded.map { $0.layers[1].output.scalars.map { $0 == 0 } }
        #expect(zeros[0] != zeros[1] && zeros.allSatisfy { $0.contains(true) && $0.contains(false) })
        // The loss has the penalty, and the gradients are those of a step.
        let state = try #require(watched.state)
        let signals = try recorder(state, batch)
        let step = try TrainingStep(LayerRecorderTests.net, loss: .softmaxCrossEntropy, optimizer: .adam())
        var copy = state
        let gradients = try step.gradients(&copy, batch)
        #expect(abs(signals.loss - gradients.result.loss) < 1e-6)
        for (found, expected) in zip(signals.gradients, gradients.values) {
            #expect(found.path == expected.path && abs(found.value - expected.value).max().item() < 1e-6)
        }
    }

    /// Frozen variables have no gradients; what they make still has.
    @Test func frozen() throws {
        let state = try TrainingState(
            Sequential.small, optimizer: .sgd().freezing("0.dense/*"), input: [2], seed: 1)
        let signals = try LayerRecorder(Sequential.small, loss: .softmaxCrossEntropy)(state, try blobs(8).whole)
        #expect(signals.gradients.map(\.path) == ["1.dense/kernel", "1.dense/bias"])
        #expect(abs(try #require(signals["0.dense"]).gradient).max().item() > 0)
    }

    @Test func errors() {
        #expect(
            message { try LayerRecorder(Sequential.small, loss: Loss(SoftmaxCrossEntropy(), reduction: .none)) }
                == "gradients are those of one number, but the loss has the reduction none; use mean or sum")
    }
}

@Suite struct UnitSpreadTests {
    /// Units 5 5 5 5 and 0 2 0 2.
    @Test func byHand() {
        let spread = UnitSpread(Tensor([[5.0, 0], [5, 2], [5, 0], [5, 2]]))
        #expect(spread.unitMeans == [5, 1] && spread.unitDeviations == [0, 1])
        #expect(spread.mean == 3 && spread.within == 0.5)
        #expect(abs(spread.pooled - 4.5.squareRoot()) < 1e-12)
    }

    /// Positions of channels count as samples; σ² of all = mean of the units' σ² + variance of their means.
    @Test func channels() {
        let x = Tensor.normal([3, 4, 5, 2], mean: 2, key: RandomKey(seed: 1))
        let (spread, flat) = (UnitSpread(x), UnitSpread(x.reshaped(to: [60, 2])))
        #expect(spread == flat)
        let all = UnitSpread(x.reshaped(to: [120, 1]))
        #expect(abs(spread.pooled - all.within) < 1e-12 && abs(all.pooled - all.within) < 1e-12)
    }
}
