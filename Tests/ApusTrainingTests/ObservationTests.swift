import ApusData
import ApusModels
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import Foundation
import Synchronization
import ApusTestKit
import ApusTrainingKit
import Testing

@Suite struct ValueHistogramTests {
    @Test func countsByHand() {
        let histogram = ValueHistogram([0, 1, 2, 3, 4, -0.0, 2.5, 1.999], bins: 4)
        #expect(histogram.bins == [2, 2, 2, 2])
        #expect(histogram.edges == [0, 1, 2, 3, 4])
        #expect((histogram.minimum, histogram.maximum) == (0, 4))
        #expect(histogram.zeroFraction == 0.25)
        #expect(abs(histogram.mean - 14.499 / 8) < 1e-6)
    }

    /// Against the definitions, in Float64.
    @Test(arguments: [1, 7, 8, 9, 4095, 10_001]) func definitions(count: Int) {
        let values = Tensor.normal([count], mean: 3, standardDeviation: 0.5, key: RandomKey(seed: UInt64(count)))
            .scalars
        let histogram = ValueHistogram(values, bins: 10)
        let numbers = values.map(Double.init)
        let mean = numbers.reduce(0, +) / Double(count)
        let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        #expect(histogram.count == count && histogram.nonFiniteCount == 0 && histogram.zeroCount == 0)
        #expect(histogram.minimum == values.min() && histogram.maximum == values.max())
        #expect(abs(histogram.mean - mean) < 1e-12)
        #expect(abs(histogram.standardDeviation - variance.squareRoot()) < 1e-9)
        #expect(histogram.bins.reduce(0, +) == count)
        // An interval's ends are rounded: a number at one may be counted beside it.
        for index in 0..<10 where count > 1 {
            let (low, high) = (histogram.edges[index], histogram.edges[index + 1])
            func inside(_ slack: Double) -> Int {
                numbers.count { $0 >= low - slack && ($0 < high + slack || index == 9) }
            }
            #expect((inside(-1e-6)...inside(1e-6)).contains(histogram.bins[index]))
        }
    }

    @Test func numbersThatAreNotFinite() {
        let histogram = ValueHistogram([.nan, 1, -.infinity, 0, 3, .infinity, -.nan], bins: 2)
        #expect(histogram.count == 7 && histogram.nonFiniteCount == 4 && histogram.finiteCount == 3)
        #expect((histogram.minimum, histogram.maximum) == (0, 3))
        #expect(histogram.bins == [2, 1])
        #expect(histogram.zeroFraction == 1.0 / 7)
        let none = ValueHistogram([.nan, .infinity], bins: 3)
        #expect(none.bins == [0, 0, 0] && none.finiteCount == 0 && none.mean == 0 && none.minimum == 0)
        #expect(ValueHistogram([], bins: 3).zeroFraction == 0)
    }

    @Test func extremeRanges() {
        let huge = Float.greatestFiniteMagnitude
        #expect(ValueHistogram([-huge, 0, huge], bins: 2).bins == [1, 2])
        #expect(ValueHistogram([huge, huge], bins: 2).bins == [2, 0])
        #expect(
            ValueHistogram([0, .leastNonzeroMagnitude, 2 * .leastNonzeroMagnitude], bins: 3).bins.reduce(0, +) == 3)
        #expect(ValueHistogram([5], bins: 2).standardDeviation == 0)
    }
}

@Suite struct ModelHistogramsTests {
    /// Weights, gradients and outputs are those of the next step.
    @Test func whatIsSeen() throws {
        let optimizer = Optimizer.sgd(learningRate: 1, momentum: 0.9)
        let model = Sequential {
            Dense(16, activation: .relu, kernelRegularizer: .l2(0.01))
            Dense(4)
        }
        let batch = try blobs(20).whole
        var state = try TrainingState(model, optimizer: optimizer, input: [2], seed: 1)
        let seen = try ModelHistograms(model, loss: .softmaxCrossEntropy, bins: 8)(state, batch)
        let paths = ["0.dense/kernel", "0.dense/bias", "1.dense/kernel", "1.dense/bias"]
        #expect(seen.weights.map(\.path) == paths)
        #expect(seen.gradients.map(\.path) == paths)
        #expect(seen.activations.map(\.path) == ["0.dense", "1.dense"])
        #expect(seen.step == 0)
        for entry in seen.weights {
            #expect(entry.histogram == ValueHistogram(state.variables[entry.path]!.scalars, bins: 8))
        }
        var trainer = Trainer(model, loss: .softmaxCrossEntropy, optimizer: optimizer, seed: 1)
        trainer.load(state.variables)
        #expect(seen.activations[1].histogram.mean.isClose(try trainer.predict(batch.inputs.only).mean()))
        #expect(seen.activations[0].histogram.zeroFraction > 0)
        // With momentum and the rate 1, the first velocity is the negative gradient.
        let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer)
        let result = try step(&state, batch)
        #expect(abs(result.loss - seen.loss) < 1e-6)
        for (entry, slot) in try pairs(seen.gradients, state.slots) {
            #expect(entry.histogram.mean.isClose(-slot.value.mean()))
            #expect(entry.histogram.standardDeviation.isClose(slot.value.standardDeviation()))
        }
    }

    /// Layers without an output of their own, views, branches, states, random layers, other precisions, types and weights.
    @Test(arguments: NumericPrecision.allCases) func manySortsOfLayers(precision: NumericPrecision) throws {
        let model = Sequential {
            ZeroPadding2D(1)
            Conv2D(filters: 4, kernelSize: 3, activation: .relu)
            BatchNorm()
            Residual { Conv2D(filters: 4, kernelSize: 3, padding: .same) }
            MaxPool2D(2)
            Flatten()
            Dropout(0.5)
            Dense(3)
        }
        let inputs = Tensor.uniform([6, 8, 8, 1], low: 0, high: 1, key: RandomKey(seed: 3))
        let data = try Dataset(inputs: inputs, labels: [0, 1, 2, 0, 1, 2]).weighted([1, 1, 1, 1, 1, 2])
        let state = try TrainingState(model, optimizer: .adam(), input: [8, 8, 1], seed: 1)
        let before = state.numbers
        let observe = try ModelHistograms(model, loss: .softmaxCrossEntropy, precision: precision)
        let seen = try observe(state, try data.whole)
        #expect(state.numbers == before)
        #expect(seen == (try observe(state, try data.whole)))
        #expect(!seen.weights.contains { $0.path.contains("running") })
        #expect(seen.weights.count == seen.gradients.count)
        #expect(Set(seen.activations.map(\.path)).count == seen.activations.count)
        #expect(seen.activations.map(\.path).contains("6.dropout"))
        #expect(seen.activations.allSatisfy { $0.histogram.bins.count == 64 && $0.histogram.nonFiniteCount == 0 })
        // About half of what comes out of dropout is 0, and more since much came in as 0.
        let dropped = try #require(seen.activations.first { $0.path == "6.dropout" })
        #expect(dropped.histogram.zeroFraction > 0.3)
    }

    /// The same batch size again, another one, and another state of the same model.
    @Test func oneObserverForMany() throws {
        let observe = try ModelHistograms(Sequential.lively, loss: .softmaxCrossEntropy)
        for (seed, count) in [(1, 20), (1, 20), (2, 20), (2, 8)] {
            let state = try TrainingState(
                Sequential.lively, optimizer: .sgd(), input: [2], seed: UInt64(seed))
            let seen = try observe(state, try blobs(count).whole)
            #expect(seen.activations.last?.histogram.count == 4 * count)
            #expect(
                seen
                    == (try ModelHistograms(Sequential.lively, loss: .softmaxCrossEntropy)(
                        state, try blobs(count).whole)))
        }
    }

    /// Callbacks that come after one that replaces the state see the new one, though no step was done.
    @Test func replacedStatesAreSeen() throws {
        let batch = try blobs(20).whole
        let observer = try ModelObserver(Sequential.small, loss: .softmaxCrossEntropy, batch: batch)
        var state = try TrainingState(Sequential.small, optimizer: .sgd(), input: [2], seed: 1)
        let other = try TrainingState(Sequential.small, optimizer: .sgd(), input: [2], seed: 2)
        let expected = try [state, other].map {
            try ModelHistograms(Sequential.small, loss: .softmaxCrossEntropy)($0, batch)
        }
        let seen = Mutex<[ModelObservation]>([])
        let look = Callback.onEvent { event, control in
            guard case .began = event else { return }
            let observation = try observer.observation(control.state)
            seen.withLock { $0.append(observation) }
        }
        let replace = Callback.onEvent { event, control in if case .began = event { control.replaceState(other) } }
        let session = TrainingSession(
            loss: .softmaxCrossEntropy, callbacks: [look, replace, look], observer: observer)
        try session.run(&state, on: try blobs(20), epochs: 0, batchSize: 20) { _, _, _ in nil }
        #expect(seen.withLock { $0 } == expected)
        #expect(expected[0] != expected[1])
    }

    @Test func mistakes() throws {
        #expect(
            message { try ModelHistograms(Dense(4), loss: .softmaxCrossEntropy, bins: 0) }
                == "a histogram needs at least one bin, received 0")
        #expect(message { try ModelHistograms(Dense(4), loss: .softmaxCrossEntropy.reduced(.none)) }.contains("none"))
        let state = try TrainingState(Dense(4), optimizer: .sgd(), input: [3], seed: 1)
        let observe = try ModelHistograms(Dense(4), loss: .softmaxCrossEntropy)
        #expect(message { try observe(state, try blobs(4).whole) }.contains("kernel"))
    }

    /// What watching costs, in a hundred steps of LeNet-5.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["APUS_MEASURE"] != nil)) func cost() throws {
        let model = Sequential.lenet5()
        let count = 128
        let inputs = Tensor.uniform([count, 28, 28, 1], low: 0, high: 1, key: RandomKey(seed: 3))
        let batch = try Dataset(inputs: inputs, labels: (0..<count).map { $0 % 10 }).whole
        let optimizer = Optimizer.adam(learningRate: 1e-3)
        var state = try TrainingState(model, optimizer: optimizer, input: [28, 28, 1], seed: 1)
        let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy])
        let observe = try ModelHistograms(model, loss: .softmaxCrossEntropy)
        let clock = ContinuousClock()
        let first = try clock.measure { _ = try observe(state, batch) }
        var (steps, looks): ([Double], [Double]) = ([], [])
        try step(&state, batch)
        for _ in 0..<30 {
            steps.append(try clock.measure { for _ in 0..<100 { try step(&state, batch) } } / .milliseconds(1))
            looks.append(try clock.measure { _ = try observe(state, batch) } / .milliseconds(1))
        }
        func median(_ numbers: [Double]) -> Double { numbers.sorted()[numbers.count / 2] }
        print("first look \(first); 100 steps \(median(steps)) ms, look \(median(looks)) ms (least \(looks.min()!))")
        #expect(median(looks) < 0.05 * median(steps))
    }
}

extension Double {
    fileprivate func isClose(_ tensor: Tensor) -> Bool { abs(self - tensor.item(as: Double.self)) < 1e-5 }
}
