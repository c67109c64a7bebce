import Apus
import ApusBackend
import ApusGraph
import Foundation

/// How a program came about and what it costs: the compiler's passes, what is computed together, and the steps with their measured
/// times.
struct ProgramSummary {
    let text: String

    init(_ model: Sequential, input: Shape, batchSize: Int, _ computation: ComputationOptions, isInference: Bool) throws
    {
        var session = try Session(model, input: input, batchSize: batchSize, computation)
        let trainer = session.trainer()
        // The first time, the program is compiled.
        let recorder = PassRecorder()
        let start = ContinuousClock().now
        let program = try PassRecorder.$current.withValue(recorder) {
            try isInference ? trainer.predictionProgram(for: session.batch.inputs.only) : session.program()
        }
        let compilation = (ContinuousClock().now - start) / .milliseconds(1)
        func run() throws {
            if isInference { _ = try trainer.predict(session.batch.inputs.only) } else { try session.train() }
        }
        let step = try Bench.measure(0.2, run).median
        let peak = try ProgramSummary.peak()
        program.isTiming = true
        let repetitions = min(100, max(5, Int(0.5 / step)))
        for _ in 0..<repetitions { try run() }
        let times = program.stepNanoseconds.map { Double($0) / Double(repetitions) / 1000 }
        let total = max(times.reduce(0, +), 1e-9)
        let report = program.report
        let graphs = recorder.graphs
        let graphPasses = zip(graphs, graphs.dropFirst()).map {
            (name: $1.pass ?? "", before: $0.graph.nodes.count, after: $1.graph.nodes.count)
        }
        let planPasses = report.compilation.planPasses.map { (name: $0.name, before: $0.before, after: $0.after) }
        text =
            [
                ProgramSummary.passes(graphPasses, counted: "nodes"),
                ProgramSummary.passes(planPasses, counted: "steps"),
                ProgramSummary.units(report, times), ProgramSummary.steps(report, times, peak: peak),
            ].joined(separator: "\n\n")
            + String(
                format: "\n%9.1f µs a step of %ld samples" + (isInference ? "" : " with Adam")
                    + "; arena %ld bytes, peak %ld bytes; ", total, batchSize,
                report.arenaByteCount, report.peakByteCount)
            + String(format: "compiled in %.1f ms; ", compilation)
            + String(format: "100 %% are the %.0f GFLOP/s of a matrix product of 1024³ here; ", peak)
            + "Winograd does with fewer operations than it is counted for"
    }

    /// A row a pass: how many nodes or steps there were before and after.
    private static func passes(_ passes: [(name: String, before: Int, after: Int)], counted: String) -> String {
        (["   before    after  \(counted), by pass"]
            + passes.map { String(format: "%9ld%9ld  ", $0.before, $0.after) + $0.name }).joined(separator: "\n")
    }

    /// A row a fusion: the sums over its units.
    private static func units(_ program: ProgramReport, _ times: [Double]) -> String {
        struct Sum {
            var units = 0, nodes = 0, steps = 0
            var cost = Cost.zero
            var time = 0.0

            mutating func add(_ step: ProgramReport.Step, _ time: Double) {
                steps += 1
                cost = cost + step.cost
                self.time += time
            }
        }
        var sums: [String: Sum] = [:]
        for unit in program.compilation.units {
            sums[unit.fusion, default: Sum()].units += 1
            sums[unit.fusion, default: Sum()].nodes += unit.nodes
        }
        for (step, time) in zip(program.steps, times) {
            sums[name(of: step.unit, in: program), default: Sum()].add(step, time)
        }
        let total = max(times.reduce(0, +), 1e-9)
        let rows = sums.sorted { ($0.value.time, $1.key) > ($1.value.time, $0.key) }.map { name, sum in
            String(
                format: "%9.1f  %5.1f  %14ld  %12ld  %6ld  %6ld  %6ld  ", sum.time, 100 * sum.time / total,
                sum.cost.flops,
                sum.cost.bytes, sum.units, sum.nodes, sum.steps) + name
        }
        return (["       µs      %      operations         bytes   units   nodes   steps  computed together as"] + rows)
            .joined(separator: "\n")
    }

    private static func name(of unit: Int?, in program: ProgramReport) -> String {
        unit.map { program.compilation.units[$0].fusion } ?? "copies of outputs"
    }

    /// A row a step, with the number of its unit.
    private static func steps(_ program: ProgramReport, _ times: [Double], peak: Double) -> String {
        let total = max(times.reduce(0, +), 1e-9)
        let rows = zip(program.steps, times).map { step, time in
            let rate = Double(step.cost.flops) / max(time, 1e-9) / 1000
            let unit = step.unit.map { String($0) } ?? ""
            return String(
                format: "%9.1f  %5.1f  %8.1f  %6.1f  %10ld  ", time, 100 * time / total, rate, 100 * rate / peak,
                step.cost.bytes) + String(repeating: " ", count: max(0, 4 - unit.count)) + unit + "  " + step.name
        }
        return (["       µs      %   GFLOP/s  % peak       bytes  unit  step"] + rows).joined(separator: "\n")
    }

    /// GFLOP/s of a large matrix product.
    private static func peak() throws -> Double {
        let size = 1024
        let a = try Tensor.normal([size, size], key: RandomKey(seed: 1)).evaluated()
        let b = try Tensor.normal([size, size], key: RandomKey(seed: 2)).evaluated()
        let product = compile { (a: Tensor, b: Tensor) in a.matmul(b) }
        let time = try Bench.measure(0.3) { _ = try product(a, b) }.median
        return 2 * Double(size * size * size) / time / 1e9
    }
}
