import Apus
import ArgumentParser
import Foundation

struct Summary: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows a network's layers: shapes, parameters, operations, memory.",
        discussion: "Example: apus summary lenet5 --plan")

    @OptionGroup var network: NetworkOptions

    @Flag(help: "Also shows the steps of the training program, with the time that each takes here.")
    var plan = false

    @Flag(help: "With --plan: the steps of a prediction instead.")
    var inference = false

    @Option(help: "Also draws the network into this file (.svg).")
    var svg: String?

    @Option(help: "Samples a step, for --plan.")
    var batchSize = 128

    @OptionGroup var computation: ComputationOptions

    func run() throws {
        try checkBatchSize(batchSize)
        let (model, input) = try network.load()
        print(try model.summary(input: input))
        if let svg { try AtomicFile.write(ModelDiagram(model, input: input).svg + "\n", to: svg) }
        if plan {
            let report = try PlanReport(
                model, input: input, batchSize: batchSize, computation, isInference: inference)
            print("\n\(report.text)")
        }
    }
}

/// The steps of a training program with their measured times.
struct PlanReport {
    let text: String

    init(_ model: Sequential, input: Shape, batchSize: Int, _ computation: ComputationOptions, isInference: Bool) throws
    {
        var session = try Session(model, input: input, batchSize: batchSize, computation)
        let trainer = session.trainer()
        let program = try isInference ? trainer.predictionProgram(for: session.batch.inputs) : session.program()
        func run() throws {
            if isInference { _ = try trainer.predict(session.batch.inputs) } else { try session.train() }
        }
        let step = try Bench.measure(0.2, run)
        let peak = try PlanReport.peak()
        program.isTiming = true
        let repetitions = min(100, max(5, Int(0.5 / step)))
        for _ in 0..<repetitions { try run() }
        let times = program.stepNanoseconds.map { Double($0) / Double(repetitions) / 1000 }
        let total = max(times.reduce(0, +), 1e-9)
        let rows = zip(program.report.steps, times).map { step, time in
            let rate = Double(step.cost.flops) / max(time, 1e-9) / 1000
            return String(
                format: "%9.1f  %5.1f  %8.1f  %6.1f  %10d  ", time, 100 * time / total, rate, 100 * rate / peak,
                step.cost.bytes) + step.name
        }
        text =
            (["       µs      %   GFLOP/s  % peak       bytes  step"] + rows).joined(separator: "\n")
            + String(
                format: "\n%9.1f µs a step of %d samples" + (isInference ? "" : " with Adam")
                    + "; arena %d bytes, peak %d bytes; ", total, batchSize,
                program.report.arenaByteCount, program.report.peakByteCount)
            + String(format: "100 %% are the %.0f GFLOP/s of a matrix product of 1024³ here; ", peak)
            + "Winograd does with fewer operations than it is counted for"
    }

    /// GFLOP/s of a large matrix product.
    private static func peak() throws -> Double {
        let size = 1024
        let a = try Tensor.normal([size, size], key: RandomKey(seed: 1)).evaluated()
        let b = try Tensor.normal([size, size], key: RandomKey(seed: 2)).evaluated()
        let product = compile { [$0[0].matmul($0[1])] }
        let time = try Bench.measure(0.3) { _ = try product([a, b]) }
        return 2 * Double(size * size * size) / time / 1e9
    }
}
