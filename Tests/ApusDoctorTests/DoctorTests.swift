import Apus
import ApusDoctor
import ApusExperiments
import Foundation
import Testing

/// Experiments with one fault each, and healthy ones.
@Suite struct DoctorTests {
    private let moons = DataSource(source: .generated(.moons(count: 1200, noise: 0.2)), test: 0.3)

    private func experiment(
        _ name: String, data: DataSource? = nil, layers: Sequential, loss: Loss = .softmaxCrossEntropy,
        metrics: OutputMetrics = [], optimizer: Optimizer = .adam(learningRate: 0.01), schedule: Schedule = .constant,
        epochs: Int = 20
    ) -> Experiment {
        Experiment(
            name: name, seed: 1, data: data ?? moons, model: .layers(layers), loss: loss, metrics: metrics,
            optimizer: optimizer, schedule: schedule, batchSize: 32, epochs: epochs)
    }

    private let usual = Sequential {
        Dense(16, activation: .relu, kernelInitializer: .heNormal)
        Dense(2)
    }

    private func examine(_ experiment: Experiment, data: LoadedData? = nil) throws -> Diagnosis {
        try Doctor(budget: 120).examine(experiment, data: data)
    }

    /// The first cause, and that its repair does better with a seed that the proof has not seen.
    private func expect(_ cause: Cause, in experiment: Experiment, gain: Double) throws {
        let diagnosis = try examine(experiment)
        #expect(diagnosis.verdict == .faulty)
        #expect(diagnosis.findings.first?.label == cause, "\(diagnosis)")
        let proof = try #require(diagnosis.findings.first?.experiment)
        #expect(proof.lowerBound > 0 && proof.control.count == proof.seeds.count)
        #expect((diagnosis.repairedQuality ?? 0) > diagnosis.quality + gain)
        var repaired = try diagnosis.repaired(experiment)
        var original = experiment
        (repaired.seed, original.seed) = (99, 99)
        #expect(try examine(repaired).quality > examine(original).quality + gain / 2)
    }

    @Test func zeros() throws {
        try expect(
            .initZero,
            in: experiment(
                "zeros",
                layers: Sequential {
                    Dense(16, activation: .relu, kernelInitializer: .zeros)
                    Dense(16, activation: .relu, kernelInitializer: .zeros)
                    Dense(2)
                }), gain: 0.2)
    }

    @Test func oneOutputThroughSoftmax() throws {
        try expect(
            .outputActivationMismatch,
            in: experiment(
                "softmax of one",
                layers: Sequential {
                    Dense(16, activation: .relu)
                    Dense(1, activation: .softmax)
                }, loss: .binaryCrossEntropy(fromProbabilities: true)), gain: 0.2)
    }

    /// The network learns; what the metric says of it is wrong.
    @Test(arguments: [(true, false), (true, true), (false, true), (false, false)])
    func aMetricThatTakesOutputsForOthers(outputIsProbability: Bool, metricTakesProbability: Bool) throws {
        let given = experiment(
            "metric",
            layers: Sequential {
                Dense(16, activation: .relu, kernelInitializer: .heNormal)
                Dense(1, activation: outputIsProbability ? .sigmoid : .linear)
            }, loss: .binaryCrossEntropy(fromProbabilities: outputIsProbability),
            metrics: [.binaryAccuracy(fromProbabilities: metricTakesProbability)], epochs: 40)
        let diagnosis = try examine(given)
        guard outputIsProbability != metricTakesProbability else {
            #expect(diagnosis.verdict == .healthy, "\(diagnosis)")
            return
        }
        #expect(diagnosis.findings.map(\.label) == [.metricWrong], "\(diagnosis)")
        #expect(diagnosis.findings.first?.places == ["metrics.0"])
        #expect(try diagnosis.repaired(given).metrics == [.binaryAccuracy(fromProbabilities: outputIsProbability)])
    }

    @Test func samplesHeldBack() throws {
        let given = experiment(
            "held back",
            data: DataSource(
                source: .generated(.moons(count: 1200, noise: 0.2)), validation: .init(fraction: 0.99), test: 0.3),
            layers: usual, epochs: 40)
        let diagnosis = try examine(given)
        #expect(diagnosis.findings.first?.label == .tooLittleData, "\(diagnosis)")
        #expect(diagnosis.findings.first?.repair?.settings == ["data.validation.fraction=0.1"])
    }

    /// Of enough samples most may be held back: whoever asks for that wants a short training.
    @Test func samplesHeldBackOfMany() throws {
        let given = experiment(
            "few of many",
            data: DataSource(
                source: .generated(.spirals(count: 6000, noise: 0.1, turns: 2)), validation: .init(fraction: 0.9),
                test: 0.3),
            layers: Sequential {
                Dense(32, activation: .relu, kernelInitializer: .heNormal)
                Dense(32, activation: .relu, kernelInitializer: .heNormal)
                Dense(2)
            }, epochs: 40)
        let diagnosis = try examine(given)
        #expect(!diagnosis.findings.contains { $0.label == .tooLittleData }, "\(diagnosis)")
    }

    @Test func rateTooHigh() throws {
        try expect(
            .learningRateTooHigh, in: experiment("rate", layers: usual, optimizer: .adam(learningRate: 30)), gain: 0.1)
    }

    /// Gradient descent has a greatest stable rate, which the curvature of the loss tells before training.
    @Test func rateAboveTheStableOne() throws {
        let diagnosis = try examine(experiment("steps", layers: usual, optimizer: .sgd(learningRate: 60)))
        let finding = try #require(diagnosis.findings.first)
        #expect(finding.label == .learningRateTooHigh, "\(diagnosis)")
        let limit = try #require(finding.evidence["stableRate"])
        #expect(limit > 0.1 && limit < 30)
        #expect(finding.observation.contains("times the greatest rate that is stable"), "\(finding.observation)")
    }

    @Test func rateTooLow() throws {
        try expect(
            .learningRateTooLow, in: experiment("rate", layers: usual, optimizer: .sgd(learningRate: 1e-5)), gain: 0.1)
    }

    @Test func linearStack() throws {
        try expect(
            .missingNonlinearity,
            in: experiment(
                "linear", data: DataSource(source: .generated(.xor(count: 1200, noise: 0.05)), test: 0.3),
                layers: Sequential {
                    Dense(16)
                    Dense(16)
                    Dense(2)
                }), gain: 0.2)
    }

    @Test func penaltyTooGreat() throws {
        try expect(
            .overRegularised,
            in: experiment(
                "penalty",
                layers: Sequential {
                    Dense(16, activation: .relu, kernelRegularizer: .l2(3))
                    Dense(2, kernelRegularizer: .l2(3))
                }), gain: 0.1)
    }

    @Test(arguments: ["relu", "tanh"]) func healthy(activation: String) throws {
        let layers = Sequential {
            Dense(32, activation: activation == "relu" ? .relu : .tanh)
            Dense(2)
        }
        let diagnosis = try examine(experiment("healthy", layers: layers, epochs: 40))
        #expect(diagnosis.verdict == .healthy, "\(diagnosis)")
        #expect(diagnosis.findings.isEmpty && diagnosis.repair.isEmpty)
        #expect("\(diagnosis)".contains("is healthy"))
    }

    /// Classes that overlap leave errors that no repair takes away.
    @Test func healthyAtItsLimit() throws {
        let data = DataSource(source: .generated(.moons(count: 1500, noise: 0.5)), test: 0.3)
        let diagnosis = try examine(experiment("limit", data: data, layers: usual, epochs: 40))
        #expect(diagnosis.verdict == .healthy, "\(diagnosis)")
    }

    @Test func withoutSignalNothingIsRepaired() throws {
        let inputs = Tensor.normal([1000, 4], key: RandomKey(seed: 3))
        let labels = Tensor.uniform([1000], key: RandomKey(seed: 4)).scalars.map { $0 > 0.5 ? 1 : 0 }
        let (training, validation) = try Dataset(inputs: inputs, labels: labels, classNames: ["a", "b"])
            .split(validation: 0.25, seed: 1)
        let data = try LoadedData(training: training, validation: validation)
        let diagnosis = try examine(experiment("noise", layers: usual), data: data)
        #expect(diagnosis.findings.map(\.label) == [.noLearnableSignal])
        #expect(diagnosis.repair.isEmpty && diagnosis.repairedQuality == nil)
    }

    /// Sequences of numbers of which two are marked, and the sum of these.
    private func sums() throws -> LoadedData {
        let (count, length) = (900, 16)
        let numbers = Tensor.uniform([count, length], key: RandomKey(seed: 5))
        let marks = Tensor.uniform([count, 2], key: RandomKey(seed: 6)).scalars
        var marked = Array(repeating: Float(0), count: count * length)
        for (index, mark) in marks.enumerated() {
            // One in each half.
            marked[index / 2 * length + index % 2 * length / 2 + Int(mark * Float(length / 2))] = 1
        }
        let mask = Tensor(marked, shape: [count, length])
        let data = try Dataset(
            inputs: Tensor.stacked([numbers, mask], axis: 2),
            targets: (numbers * mask).sum(axes: [1], keepingAxes: true))
        let (training, validation) = try data.split(validation: 0.25, seed: 1)
        return try LoadedData(training: training, validation: validation)
    }

    private func recurrent(_ name: String, _ layers: Sequential) -> Experiment {
        experiment(name, layers: layers, loss: .meanSquaredError, metrics: [.r2], epochs: 15)
    }

    @Test func stateThatGrows() throws {
        let given = recurrent(
            "growing",
            Sequential {
                SimpleRNN(16, activation: .relu, recurrentInitializer: .normal(standardDeviation: 1))
                Dense(1)
            })
        let diagnosis = try examine(given, data: sums())
        let finding = try #require(diagnosis.findings.first, "\(diagnosis)")
        #expect(finding.label == .explodingGradient && finding.places[0].hasPrefix("model.0.simpleRNN."))
        #expect((diagnosis.repairedQuality ?? 0) > diagnosis.quality + 0.5)
    }

    @Test func stateThatIsForgotten() throws {
        let given = recurrent(
            "forgetting",
            Sequential {
                SimpleRNN(16, activation: .sigmoid)
                Dense(1)
            })
        let diagnosis = try examine(given, data: sums())
        #expect(diagnosis.findings.first?.label == .vanishingGradient, "\(diagnosis)")
        #expect((diagnosis.repairedQuality ?? 0) > diagnosis.quality + 0.1)
        let tried = diagnosis.rejected.map(\.settings) + diagnosis.findings.compactMap { $0.repair?.settings }
        #expect(tried.contains(["model.0={gru: {units: 16}}"]), "\(tried)")
    }

    /// Kernels behind a recurrent layer are found among its own.
    @Test func zerosBehindGates() throws {
        let given = recurrent(
            "zeros",
            Sequential {
                GRU(16)
                Dense(16, activation: .relu, kernelInitializer: .zeros)
                Dense(1)
            })
        let diagnosis = try examine(given, data: sums())
        #expect(diagnosis.findings.first?.label == .initZero, "\(diagnosis)")
    }

    @Test func healthyGates() throws {
        let given = recurrent(
            "gates",
            Sequential {
                GRU(16)
                Dense(1)
            })
        let diagnosis = try examine(given, data: sums())
        #expect(diagnosis.verdict == .healthy, "\(diagnosis)")
    }

    /// Symbols of which each position is asked for the one before: a label at each position.
    private func echoes() throws -> LoadedData {
        let symbols = Tensor.integers([500, 13], in: 0..<6, key: RandomKey(seed: 7))
        let data = try Dataset(inputs: symbols[0..., 1...], labels: symbols[0..., ..<12])
        let (training, validation) = try data.split(validation: 0.25, seed: 1)
        return try LoadedData(training: training, validation: validation)
    }

    private func echoing(rate: Double) -> Experiment {
        experiment(
            "echo",
            layers: Sequential {
                Embedding(vocabulary: 6, 12)
                GRU(24, returnsSequences: true)
                Dense(6)
            }, optimizer: .adam(learningRate: rate), epochs: 20)
    }

    @Test func labelsOfPositions() throws {
        let healthy = try examine(echoing(rate: 0.01), data: echoes())
        #expect(healthy.verdict == .healthy && healthy.quality > 0.9, "\(healthy)")
        let slow = try examine(echoing(rate: 1e-5), data: echoes())
        #expect(slow.findings.first?.label == .learningRateTooLow, "\(slow)")
        #expect((slow.repairedQuality ?? 0) > 0.8)
    }

    /// Numbers about 0, a linear map of four others.
    private func numbersAboutZero() throws -> LoadedData {
        let inputs = Tensor.normal([900, 4], key: RandomKey(seed: 8))
        let weights = Tensor([1, -2, 0.5, 1.5], shape: [4, 1])
        let data = try Dataset(inputs: inputs, targets: inputs.matmul(weights))
        let (training, validation) = try data.split(validation: 0.25, seed: 1)
        return try LoadedData(training: training, validation: validation)
    }

    @Test(arguments: [Loss.meanAbsolutePercentageError, .poisson])
    func lossesThatDoNotSuitTheirNumbers(loss: Loss) throws {
        let layers = Sequential {
            Dense(16, activation: .relu, kernelInitializer: .heNormal)
            Dense(1)
        }
        let given = experiment("loss", layers: layers, loss: loss, metrics: [.r2])
        let diagnosis = try examine(given, data: numbersAboutZero())
        #expect(diagnosis.findings.first?.label == .lossTaskMismatch, "\(diagnosis)")
        #expect((diagnosis.repairedQuality ?? 0) > 0.9)
    }

    /// Behind the output noise is a fault, before it a remedy.
    @Test func noiseBehindTheOutput() throws {
        func noisy(_ isBehind: Bool) -> Experiment {
            experiment(
                "noise", data: DataSource(source: .generated(.spirals(count: 1200, noise: 0.1)), test: 0.3),
                layers: Sequential {
                    Dense(32, activation: .relu, kernelInitializer: .heNormal)
                    if !isBehind { Dropout(0.1) }
                    Dense(2)
                    if isBehind { Dropout(0.8) }
                }, epochs: 30)
        }
        let behind = try examine(noisy(true))
        #expect(behind.findings.first?.label == .overRegularised, "\(behind)")
        #expect(behind.findings.first?.places == ["model.2.dropout"] && behind.repair == ["model.2=linear"])
        let before = try examine(noisy(false))
        #expect(before.verdict == .healthy, "\(before)")
    }

    /// A chain of plain layers, also behind one that only changes the shape.
    @Test(arguments: [false, true]) func manyPlainLayers(isFlattened: Bool) throws {
        let given = experiment(
            "deep",
            layers: Sequential {
                if isFlattened { Flatten() }
                for _ in 0..<30 { Dense(16, activation: .relu) }
                Dense(2)
            })
        let diagnosis = try examine(given)
        let causes: [Cause] = [.initTooSmall, .tooDeepWithoutResidual, .deadReLU, .vanishingGradient]
        #expect(diagnosis.findings.first.map { causes.contains($0.label) } == true, "\(diagnosis)")
        #expect((diagnosis.repairedQuality ?? 0) > diagnosis.quality + 0.2)
        // Fewer of them are tried, whatever helps.
        let tried = diagnosis.rejected.map(\.settings) + diagnosis.findings.compactMap { $0.repair?.settings }
        #expect(tried.contains { $0.count == 1 && $0[0].hasPrefix("model=[") }, "\(tried)")
    }

    @Test func linearStackOfFewUnits() throws {
        let given = experiment(
            "few", data: DataSource(source: .generated(.spirals(count: 1200, noise: 0.05)), test: 0.3),
            layers: Sequential {
                Dense(3)
                Dense(3)
                Dense(2)
            }, epochs: 60)
        let diagnosis = try examine(given)
        #expect(diagnosis.findings.first?.label == .missingNonlinearity, "\(diagnosis)")
        #expect((diagnosis.repairedQuality ?? 0) > diagnosis.quality + 0.15)
    }

    /// Where nothing can be learned, a rate that makes answers no better than a guess is no repair: most labels are the same, but a
    /// wild rate answers with another.
    @Test func guessesAreNoRepair() throws {
        let symbols = Tensor.integers([500, 12], in: 0..<6, key: RandomKey(seed: 7))
        let draws = Tensor.uniform([6000], key: RandomKey(seed: 9)).scalars
        let labels = draws.map { $0 < 0.6 ? Int32(0) : 1 + Int32(12 * ($0 - 0.6)) }
        let data = try Dataset(inputs: symbols, labels: Tensor(labels, shape: [500, 12]))
        let (training, validation) = try data.split(validation: 0.25, seed: 1)
        let diagnosis = try examine(
            echoing(rate: 30), data: LoadedData(training: training, validation: validation))
        #expect(diagnosis.verdict == .unknown && diagnosis.repair.isEmpty, "\(diagnosis)")
    }

    @Test func theSameTwice() throws {
        let given = experiment("rate", layers: usual, optimizer: .adam(learningRate: 30))
        var (first, second) = (try examine(given), try examine(given))
        (first.seconds, second.seconds) = (0, 0)
        #expect(first == second)
    }

    @Test func jsonHoldsTheContract() throws {
        let diagnosis = try examine(experiment("rate", layers: usual, optimizer: .adam(learningRate: 30)))
        let object = try JSONSerialization.jsonObject(with: Data(diagnosis.json().utf8)) as? [String: Any]
        #expect(object?["version"] as? Int == 1)
        #expect(object?["verdict"] as? String == "faulty")
        let finding = (object?["findings"] as? [[String: Any]])?.first
        #expect(finding?["label"] as? String == "lr_too_high")
        #expect((finding?["where"] as? [String])?.first == "optimizer.adam.learningRate")
        #expect((finding?["repair"] as? [String: Any])?["settings"] as? [String] != nil)
    }

    @Test func severalOutputs() throws {
        let inputs = Tensor.uniform([900, 2], low: -1, high: 1, key: RandomKey(seed: 10))
        let (x, y) = (inputs[0..., 0], inputs[0..., 1])
        let kinds = (x * y).scalars.map { $0 > 0 ? 1 : 0 }
        let data = try Dataset(
            inputs: Values(inputs),
            targets: [
                "kind": Tensor(kinds.map { Int32($0) }, shape: [900]),
                "radius": (x * x + y * y).reshaped(to: [900, 1]),
            ],
            classNames: ["kind": ["no", "yes"]])
        let (training, validation) = try data.split(validation: 0.25, seed: 1)
        func examined(rate: String) throws -> Diagnosis {
            let file = """
                name: two
                data: {source: moons}
                model:
                  hidden: {from: input, layers: [{dense: {units: 32, activation: relu}}, {dense: {units: 16, activation: relu}}]}
                  kind: {from: hidden, layers: [{dense: 2}]}
                  radius: {from: hidden, layers: [{dense: 1}]}
                losses: {kind: softmaxCrossEntropy, radius: meanSquaredError}
                metrics: {kind: [accuracy]}
                optimizer: {adam: {learningRate: \(rate)}}
                schedule: constant
                batchSize: 32
                epochs: 30
                """
            return try examine(
                try Experiment(yaml: file, path: "two.yaml"),
                data: LoadedData(training: training, validation: validation))
        }
        let healthy = try examined(rate: "0.01")
        #expect(healthy.verdict == .healthy && healthy.quality > 0.85, "\(healthy)")
        let slow = try examined(rate: "1e-6")
        #expect(slow.findings.first?.label == .learningRateTooLow, "\(slow)")
        #expect((slow.repairedQuality ?? 0) > 0.8)
    }

    /// Losses of outputs that the network does not have: why training fails is told.
    @Test func outputsThatAreMissing() throws {
        var two = experiment("two", layers: usual)
        two.losses = ["a": .softmaxCrossEntropy, "b": .softmaxCrossEntropy]
        let diagnosis = try examine(two)
        #expect(diagnosis.verdict == .unknown && diagnosis.notes.contains { $0.hasPrefix("training fails: ") })
    }
}
