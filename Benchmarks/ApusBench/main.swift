import Apus
import ApusCPU
import ApusWorkloads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

// The training steps that Benchmarks/run.py compares with those of other frameworks; the protocol is in Benchmarks/README.md.

/// A training that repeats its step on one batch, or a prediction of it.
struct Session {
    private let step: TrainingStep
    private let trainer: Trainer?
    private var state: TrainingState
    private let batch: Batch

    /// - Parameter startsEqual: Whether weights are those with which other frameworks start, in place of random ones.
    init(_ workload: Workload, _ precision: NumericPrecision, startsEqual: Bool) throws {
        step = try TrainingStep(
            workload.model, loss: .softmaxCrossEntropy, optimizer: workload.optimizer, precision: precision)
        state = try TrainingState(workload.model, optimizer: workload.optimizer, input: workload.input, seed: 1)
        if startsEqual {
            var variables = state.evaluatedVariables
            try StartValues.setKernels(of: &variables)
            try state.load(variables)
        }
        batch = StartValues.batch(workload)
        guard workload.isInference else {
            trainer = nil
            return
        }
        var trainer = Trainer(
            workload.model, loss: .softmaxCrossEntropy, optimizer: workload.optimizer, precision: precision, seed: 1)
        trainer.load(state.evaluatedVariables)
        self.trainer = trainer
    }

    /// Does a step; returns its loss, or an output.
    mutating func run() throws -> Double {
        if let trainer { return Double(try trainer.predict(batch.inputs.only).evaluated().scalars[0]) }
        return try step(&state, batch).loss
    }

    /// The time of one step, after one that compiles.
    mutating func secondsPerStep() throws -> Double {
        _ = try run()
        let start = ContinuousClock().now
        _ = try run()
        return Swift.max((ContinuousClock().now - start) / .seconds(1), 1e-6)
    }

    /// The steps of the program and the fraction of time that each takes.
    mutating func profile(steps: Int) throws -> String {
        let program =
            try trainer?.predictionProgram(for: batch.inputs.only) ?? step.program(for: state, batch)
        program.isTiming = true
        for _ in 0..<steps { _ = try run() }
        program.isTiming = false
        let total = program.stepNanoseconds.reduce(0, +)
        let lines = zip(program.report.steps, program.stepNanoseconds).map { step, nanoseconds in
            let micros = Double(nanoseconds) / Double(steps) / 1000
            let rate = micros > 0 ? Double(step.cost.flops) / micros / 1000 : 0
            return
                "\(micros.rounded(to: 2)) us  \((100 * Double(nanoseconds) / Double(max(1, total))).rounded(to: 1)) %  "
                + "\(rate.rounded(to: 1)) GFLOP/s  \(step.name)"
        }
        return
            (lines + [
                "sum \((Double(total) / Double(steps) / 1000).rounded(to: 2)) us, arena \(program.report.arenaByteCount) bytes"
            ])
            .joined(separator: "\n")
    }
}

extension Double {
    func rounded(to digits: Int) -> Double {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        return (self * scale).rounded() / scale
    }
}

func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Warms up, then times every step for the given number of seconds.
func measure(_ workload: Workload, _ precision: NumericPrecision, seconds: Double) throws -> String {
    var session = try Session(workload, precision, startsEqual: true)
    let first = try session.run()
    var start = now()
    let isSlow = try session.secondsPerStep() > 0.05
    let least = isSlow ? 8 : 30
    var warmUp = 3
    while warmUp < 10 && !isSlow || now() - start < 0.5 {
        _ = try session.run()
        warmUp += 1
    }
    var times: [Double] = []
    times.reserveCapacity(100_000)
    var last = first
    start = now()
    while times.count < least || now() - start < seconds {
        let before = now()
        last = try session.run()
        times.append(now() - before)
    }
    let mean = (now() - start) / Double(times.count)
    times.sort()
    return """
        {"framework": "apus", "mode": "\(precision)", "precision": "\(precision == .float32 ? "float32" : "bfloat16")", \
        "workload": "\(workload.name)", "median_ms": \(times[times.count / 2] * 1e3), "min_ms": \(times[0] * 1e3), \
        "mean_ms": \(mean * 1e3), "steps": \(times.count), "\(workload.isInference ? "first_output" : "first_loss")": \(first), \
        "\(workload.isInference ? "last_output" : "last_loss")": \(last)}
        """
}

/// The most memory that the process has used, in KiB.
func peakMemory() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if text.hasPrefix("VmHWM:") { return Int(text.filter(\.isNumber)) ?? 0 }
    }
    return 0
}

func launch(_ workload: Workload, steps: Int) throws {
    let head = #"{"framework": "apus", "mode": "float32", "workload": "\#(workload.name)", "event": "#
    var session = try Session(workload, .float32, startsEqual: false)
    _ = try session.run()
    print(head + #""first-step"}"#)
    fflush(nil)
    for _ in 1..<max(1, steps) { _ = try session.run() }
    print(head + #""end", "peak_memory_kb": \#(peakMemory())}"#)
}

/// The value after a flag.
func value(_ flag: String) -> String? {
    let arguments = CommandLine.arguments
    guard let index = arguments.firstIndex(of: flag), index + 1 < arguments.count else { return nil }
    return arguments[index + 1]
}

func workload(_ name: String) -> Workload {
    guard let found = Workload.all.first(where: { $0.name == name }) else {
        print("there is no workload \(name); known are \(Workload.all.map(\.name).joined(separator: ", "))")
        exit(64)
    }
    return found
}

/// Trains ResNet-18 on Fashion-MNIST with several seeds, by Winograd, by direct convolutions and in mixed precision, and prints the
/// accuracy on test images of each.
func compareAccuracy(samples: Int, epochs: Int, seeds: Int) throws {
    let (train, test) = try FashionMNIST.load()
    let training = try train.subset(Array(0..<samples))
    let modes: [(name: String, precision: NumericPrecision, winograd: Bool)] = [
        ("float32, Winograd", .float32, true), ("float32, direct", .float32, false),
        ("mixedBFloat16", .mixedBFloat16, true),
    ]
    for (name, precision, winograd) in modes {
        var accuracies: [Double] = []
        for seed in 1...seeds {
            try KernelChoices.$allowsWinograd.withValue(winograd) {
                var trainer = Trainer(
                    Zoo.resnet18.model(), loss: .softmaxCrossEntropy,
                    optimizer: .sgd(learningRate: 0.05, momentum: 0.9), metrics: [.accuracy], schedule: .cosine(),
                    precision: precision, seed: UInt64(seed))
                let start = now()
                try trainer.fit(training, epochs: epochs, batchSize: 64)
                let seconds = now() - start
                let accuracy = try trainer.evaluate(test)[.accuracy]!
                accuracies.append(accuracy)
                print("\(name), seed \(seed): \(accuracy.rounded(to: 4)) after \(seconds.rounded(to: 1)) s")
                fflush(nil)
            }
        }
        let mean = accuracies.reduce(0, +) / Double(seeds)
        let spread = accuracies.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(max(1, seeds - 1))
        print("\(name): mean \(mean.rounded(to: 4)), standard deviation \(spread.squareRoot().rounded(to: 4))")
    }
}

/// What the program takes. It is no parser's library that starts with it: the time of a launch is measured.
let usage = """
    usage: apus-bench [--workloads NAME,…] [--seconds S]           times steps, a JSON line each
           apus-bench --launch NAME [--steps N]                     trains N steps from a cold start
           apus-bench --profile NAME [--precision float32|mixedBFloat16]   the time of each step of the program
           apus-bench --accuracy [--samples N] [--epochs N] [--seeds N]    accuracy of ResNet-18 by kernel and precision
    workloads: \(Workload.all.map(\.name).joined(separator: ", "))
    """
if CommandLine.arguments.contains("--help") || CommandLine.arguments.contains("-h") {
    print(usage)
    exit(0)
}
let flags = [
    "--workloads", "--seconds", "--launch", "--steps", "--profile", "--precision", "--accuracy", "--samples",
    "--epochs",
    "--seeds", "--json",
]
if let unknown = CommandLine.arguments.first(where: { $0.hasPrefix("-") && !flags.contains($0) }) {
    print("there is no option \(unknown)\n\(usage)")
    exit(64)
}

do {
    if CommandLine.arguments.contains("--accuracy") {
        func number(_ flag: String, _ byDefault: Int) -> Int { value(flag).flatMap(Int.init) ?? byDefault }
        try compareAccuracy(
            samples: number("--samples", 10_000), epochs: number("--epochs", 2), seeds: number("--seeds", 3))
    } else if let name = value("--launch") {
        try launch(workload(name), steps: value("--steps").flatMap(Int.init) ?? 100)
    } else if let name = value("--profile") {
        let precision = value("--precision").flatMap(NumericPrecision.init) ?? .float32
        var session = try Session(workload(name), precision, startsEqual: true)
        for _ in 0..<(try session.secondsPerStep() > 0.05 ? 3 : 100) { _ = try session.run() }
        print(try session.profile(steps: Swift.max(5, Int(0.3 / (try session.secondsPerStep())))))
    } else {
        let names = value("--workloads")?.split(separator: ",").map(String.init) ?? Workload.all.map(\.name)
        for name in names {
            let workload = workload(name)
            for precision in workload.precisions {
                print(try measure(workload, precision, seconds: value("--seconds").flatMap(Double.init) ?? 1.5))
                fflush(nil)
            }
        }
    }
} catch {
    print("\(error)")
    exit(1)
}
