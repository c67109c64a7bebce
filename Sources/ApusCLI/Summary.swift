import Apus
import ArgumentParser
import Foundation

struct Summary: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows a network's layers: shapes, parameters, operations, memory.",
        discussion: "Example: apus summary lenet5 --plan")

    @Argument(help: "A network of the zoo (mlp, lenet5), or a file with layers or an experiment.")
    var model: String

    @Option(help: "The shape of one input, for instance 28,28,1.")
    var input = InputShape([28, 28, 1])

    @Flag(help: "Also shows the steps of the training program, with the time that each takes here.")
    var plan = false

    @Option(help: "Also draws the network into this file (.svg).")
    var svg: String?

    @Option(help: "Samples a step, for --plan.")
    var batchSize = 128

    func run() throws {
        let model = try ModelArgument.model(model)
        let shape = input.shape
        print(try model.summary(input: shape))
        if let svg { try AtomicFile.write(ModelDiagram(model, input: shape).svg + "\n", to: svg) }
        if plan {
            guard batchSize > 0 else { throw ValidationError("--batch-size must be at least 1, received \(batchSize)") }
            print("\n" + (try PlanReport(model, input: shape, batchSize: batchSize).text))
        }
    }
}

/// The steps of a training program with their measured times.
struct PlanReport {
    let text: String

    init(_ model: Sequential, input: Shape, batchSize: Int) throws {
        let optimizer = Optimizer.adam()
        let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy])
        var state = try TrainingState(model, optimizer: optimizer, input: input, seed: 1)
        let inputs = Tensor.normal(Shape([batchSize] + input.dimensions), key: RandomKey(seed: 1))
        let targets = Tensor.zeros([batchSize], type: .int32)
        try evaluate(inputs, targets)
        let batch = Batch(inputs: inputs, targets: targets)
        let program = try step.program(for: state, batch)
        for _ in 0..<20 { try step(&state, batch) }
        program.isTiming = true
        let repetitions = 100
        for _ in 0..<repetitions { try step(&state, batch) }
        let times = program.stepNanoseconds.map { Double($0) / Double(repetitions) / 1000 }
        let total = max(times.reduce(0, +), 1e-9)
        let rows = zip(program.steps, times).map { step, time in
            String(
                format: "%9.1f  %5.1f  %8.1f  %9d  ", time, 100 * time / total,
                Double(step.cost.flops) / max(time, 1e-9) / 1000, step.cost.bytes)
                + step.name
        }
        text =
            (["       µs      %   GFLOP/s      bytes  step"] + rows).joined(separator: "\n")
            + String(
                format: "\n%9.1f µs a step of %d samples with Adam; arena %d bytes, peak %d bytes", total, batchSize,
                program.arenaByteCount, program.peakByteCount)
    }
}
