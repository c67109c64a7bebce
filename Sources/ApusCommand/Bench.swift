public import Apus
import ApusBackend
import ApusConfiguration
public import ArgumentParser
import Foundation

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures steps of training and of inference on random data.",
        discussion: "Example: apus bench resnet18 --input 32,32,3 --batch-size 32")

    @OptionGroup var network: NetworkOptions

    @Option(help: "Samples a step.")
    var batchSize = 128

    @Option(help: "Seconds to measure training, and inference.")
    var seconds = 3.0

    @OptionGroup var computation: ComputationOptions

    @Flag(help: "Measures inference alone.")
    var inference = false

    @Flag(help: "Prints a JSON object.")
    var json = false

    func run() throws {
        try checkBatchSize(batchSize)
        guard seconds > 0, seconds <= 3600 else {
            throw ValidationError("--seconds must be in 0…3600, received \(seconds)")
        }
        let (model, input) = try network.loadLayers(for: "bench")
        var session = try Session(model, input: input, batchSize: batchSize, computation)
        let training = try inference ? nil : Bench.measure(seconds) { try session.train() }
        let trainer = session.trainer()
        let inference = try Bench.measure(seconds) { _ = try trainer.predict(session.batch.inputs.only).evaluated() }
        let report = try training == nil ? nil : session.program().report
        let flops = Double(report?.steps.reduce(0) { $0 + $1.cost.flops } ?? 0)
        if json {
            var values: [String: Double] = [
                "inferenceMilliseconds": inference.median * 1e3, "inferenceMeanMilliseconds": inference.mean * 1e3,
                "inferenceSamplesPerSecond": Double(batchSize) / inference.median,
            ]
            if let training, let report {
                values["trainingMilliseconds"] = training.median * 1e3
                values["trainingMeanMilliseconds"] = training.mean * 1e3
                values["trainingSamplesPerSecond"] = Double(batchSize) / training.median
                values["trainingGFLOPs"] = flops / 1e9
                values["peakBytes"] = Double(report.peakByteCount)
            }
            try Terminal.print(FileJSON.text(values, isPretty: true))
            return
        }
        func line(_ name: String, _ time: Double) -> String {
            String(format: "%@  %.3f ms a step, %.0f samples/s", name, time * 1e3, Double(batchSize) / time)
        }
        if let training {
            try Terminal.print(
                line("training ", training.median)
                    + String(format: ", %.0f GFLOP/s of operations done directly", flops / training.median / 1e9))
        }
        try Terminal.print(line("inference", inference.median))
        if let training, let report {
            try Terminal.print(
                "\(batchSize) samples a step, Adam; \(report.steps.count) kernel calls and \(report.peakByteCount) bytes at the peak of training; medians of \(seconds) s each"
                    + String(format: ", means %.3f and %.3f ms", training.mean * 1e3, inference.mean * 1e3))
        } else {
            try Terminal.print(
                "\(batchSize) samples a step; the median of \(seconds) s"
                    + String(format: ", the mean %.3f ms", inference.mean * 1e3))
        }
        if inference.wereDisturbed || training?.wereDisturbed == true {
            Terminal.note("means far above medians: other processes took the cores")
        }
    }

    /// The times of steps, after some to warm up.
    static func measure(_ seconds: Double, _ step: () throws -> Void) throws -> StepTimes {
        let clock = ContinuousClock()
        for _ in 0..<3 { try step() }
        var times: [Double] = []
        let end = clock.now + .seconds(seconds)
        while times.count < 5 || clock.now < end {
            let start = clock.now
            try step()
            times.append((clock.now - start) / .seconds(1))
        }
        return StepTimes(times)
    }
}

/// What steps took, in seconds.
package struct StepTimes {
    package let median, mean: Double

    /// - Parameter times: One for each step, at least one.
    package init(_ times: [Double]) {
        median = times.sorted()[times.count / 2]
        mean = times.reduce(0, +) / Double(times.count)
    }

    /// Whether some steps took so much longer than most that the median does not say how fast a training is: other processes take the
    /// cores then.
    package var wereDisturbed: Bool { mean > 1.25 * median }
}

/// How a step computes.
struct ComputationOptions: ParsableArguments {
    @Option(help: "float32 or mixedBFloat16: the element type of products and of what follows them.")
    var precision = NumericPrecision.float32

    @Option(help: "standard, or saving: cheap results are computed again in the backward pass.")
    var memory = MemoryUse.standard
}

extension NumericPrecision: ExpressibleByArgument {}
extension MemoryUse: ExpressibleByArgument {}

/// A model that trains with Adam on one random batch.
struct Session {
    private let model: Sequential
    private let precision: NumericPrecision
    private let step: TrainingStep
    private var state: TrainingState
    let batch: Batch

    init(_ model: Sequential, input: Shape, batchSize: Int, _ computation: ComputationOptions) throws {
        self.model = model
        precision = computation.precision
        step = try TrainingStep(
            model, loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.accuracy],
            precision: precision, memory: computation.memory)
        state = try TrainingState(model, optimizer: .adam(), input: input, seed: 1)
        // In 0..<1, so that an embedding finds them in its table.
        let inputs = Tensor.uniform(Shape([batchSize] + input.dimensions), key: RandomKey(seed: 1))
        // A class for each sample, or for each step of a sequence.
        let steps = try model.summary(input: input).rows.last?.outputShape.dimensions.dropLast() ?? []
        let targets = Tensor.zeros(Shape([batchSize] + steps), type: .int32)
        try evaluate(inputs, targets)
        batch = Batch(inputs: inputs, targets: targets)
    }

    mutating func train() throws { try step(&state, batch) }

    func program() throws -> any Executable { try step.program(for: state, batch) }

    /// A trainer with the weights as they are now.
    func trainer() -> Trainer {
        var trainer = Trainer(model, loss: .softmaxCrossEntropy, optimizer: .adam(), precision: precision, seed: 1)
        trainer.load(state.variables)
        return trainer
    }
}
