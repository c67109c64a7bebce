import ApusBackend
import ApusCPU
import ApusData
import ApusFixtures
import ApusGraph
import ApusModels
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import ApusWorkloads
import CKernels
import Foundation
import Testing

/// The compiled programs of known networks against those on record: whoever loses a fusion, folds no constants, adds a step or
/// grows an arena sees it here, without a clock.
///
/// A change that is meant to alter programs renews the records, and its commit says why they differ:
/// `APUS_RENEW_GOLDEN=1 make test ARGS="--filter GoldenProgramTests"`.
@Suite(.serialized) struct GoldenProgramTests {
    /// The programs of the benchmark's workloads, as the benchmark runs them.
    @Test func workloads() throws {
        try compare(
            "workloads",
            Workload.all.map { workload in
                Subject(
                    name: workload.name, model: workload.model, optimizer: workload.optimizer,
                    loss: .softmaxCrossEntropy,
                    inputs: TensorType(
                        Shape([workload.batch] + workload.input.dimensions),
                        workload.vocabulary == nil ? .float32 : .int32))
            })
    }

    /// The networks of the zoo, trained with Adam on bytes as they are stored.
    @Test func zoo() throws {
        try compare(
            "zoo",
            [Zoo.mlp, .lenet5, .resnet18, .resnet34, .vgg16BN, .vgg16, .mobilenetV2, .squeezenet1_1].map { network in
                let input: Shape = [.lenet5, .mlp].contains(network) ? [28, 28, 1] : [32, 32, 3]
                return Subject(
                    name: network.rawValue, model: network.model(), optimizer: .adam(), loss: .softmaxCrossEntropy,
                    metrics: [.accuracy], inputs: TensorType(Shape([8] + input.dimensions), .uint8))
            })
    }

    /// Every layer of the fixtures, and those that draw random numbers.
    @Test func layers() throws {
        let files = [
            "convolutions", "pooling", "shapes", "norms", "containers", "activations", "further", "blocks", "attention",
        ]
        var subjects: [Subject] = []
        for file in files {
            for item in try FixtureCase.all("layers-\(file)") {
                let layer = try item.value("layer", as: AnyLayer.self).layer
                subjects.append(
                    Subject(
                        name: "\(file)/\(item.name)", model: Sequential([layer]), inputs: try item["input"].node.type))
            }
        }
        let random = [
            "alphaDropout", "dropout", "gaussianDropout", "gaussianNoise", "spatialDropout", "stochasticDepth",
        ]
        for item in ConformanceTests.table where random.contains(item.layer.kind) {
            subjects.append(
                Subject(
                    name: "random/\(item.layer)", model: Sequential([item.layer]),
                    inputs: TensorType(Shape([3] + item.input.dimensions), .float32)))
        }
        try compare("layers", subjects)
    }

    // MARK: Programs as text

    /// What is compiled.
    private struct Subject {
        var name: String
        var model: Sequential
        var optimizer = Optimizer.adam()
        var loss = Loss.meanSquaredError
        var metrics: [Metric] = []
        var inputs: TensorType

        /// Every program that a trainer makes of it. Programs that are equal are written once.
        func text() throws -> String {
            let sample = Shape(Array(inputs.shape.dimensions.dropFirst()))
            let inputs = Tensor.zeros(inputs.shape, type: inputs.elementType)
            var lines = ["## \(name)"]
            var known: [String: String] = [:]
            func add(_ name: String, _ program: any Executable) {
                let text = GoldenProgramTests.text(program)
                lines.append("\(name): \(known[text].map { "as \($0)" } ?? text)")
                if known[text] == nil { known[text] = name }
            }
            for precision in GoldenProgramTests.precisions {
                do {
                    try KernelChoices.$cpu.withValue(GoldenProgramTests.cpu) {
                        try addPrograms(precision, sample, inputs, add)
                    }
                } catch let error as GraphError {
                    lines.append("\(precision): \(error)")
                }
            }
            return lines.joined(separator: "\n") + "\n"
        }

        private func addPrograms(
            _ precision: NumericPrecision, _ sample: Shape, _ inputs: Tensor, _ add: (String, any Executable) -> Void
        ) throws {
            for memory in MemoryUse.allCases {
                var trainer = Trainer(
                    model, loss: loss, optimizer: optimizer, metrics: metrics, precision: precision, memory: memory,
                    seed: 1)
                try trainer.prepare(input: sample)
                let output = try trainer.predictionProgram(for: inputs)
                let outputs = output.signature.outputs[0].type.shape
                let targets =
                    loss == .meanSquaredError
                    ? Tensor.zeros(outputs) : Tensor.zeros(Shape(outputs.dimensions.dropLast()), type: .int32)
                let batch = Batch(inputs: inputs, targets: targets)
                let step = try TrainingStep(
                    model, loss: loss, optimizer: optimizer, metrics: metrics, precision: precision, memory: memory)
                add("training \(precision) \(memory)", try step.program(for: trainer.state!, batch))
                if memory == .standard {
                    add("prediction \(precision)", output)
                    add("measurement \(precision)", try trainer.measurementProgram(for: batch))
                }
            }
        }
    }

    /// What programs on record are compiled for, whatever this CPU is.
    private static let cpu = CPUModel(
        hasBFloat16: CPUModel.current.hasBFloat16, hasTiles: false, hasWideVectors: true)

    /// Products of bfloat16 need AVX-512.
    private static var precisions: [NumericPrecision] {
        apus_isa() == APUS_ISA_AVX512 ? [.float32, .mixedBFloat16] : [.float32]
    }

    /// Steps with the number of their repetitions. Which of its kernels the library takes, and in which order they want their
    /// weights, depends on the CPU: so its kernels' names are left out, and the bytes of constants where it has some.
    private static func text(_ program: any Executable) -> String {
        var steps: [(name: String, count: Int)] = []
        for step in program.report.steps {
            let name = step.name.replacing(/\[oneDNN [^\]]*\]/, with: "[oneDNN]")
            if steps.last?.name == name { steps[steps.count - 1].count += 1 } else { steps.append((name, 1)) }
        }
        let cost = program.report.cost
        let usesLibrary = steps.contains { $0.name.contains("[oneDNN]") }
        let constants = usesLibrary ? "" : ", constants \(program.report.constantByteCount)"
        let numbers =
            "\(program.report.steps.count) steps, \(cost.flops) operations, \(cost.bytes) bytes moved, arena "
            + "\((program as! Program).arenaByteCountWithoutScratch)\(constants)"
        return numbers + steps.map { "\n    \($0.count == 1 ? "" : "\($0.count) × ")\($0.name)" }.joined()
    }

    // MARK: Comparison

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    private func compare(_ name: String, _ subjects: [Subject]) throws {
        let file = GoldenProgramTests.folder.appending(path: "\(name).txt")
        if ProcessInfo.processInfo.environment["APUS_RENEW_GOLDEN"] != nil {
            try #require(GoldenProgramTests.precisions.count > 1, "records are made on a CPU with AVX-512")
            try Data(try subjects.map { try $0.text() }.joined(separator: "\n").utf8).write(to: file)
            return
        }
        let golden = Dictionary(
            uniqueKeysWithValues: try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n\n").map {
                ($0.prefix { $0 != "\n" }, $0.trimmingCharacters(in: .newlines))
            })
        #expect(golden.keys.sorted() == subjects.map { "## \($0.name)"[...] }.sorted())
        for subject in subjects {
            let known = golden["## \(subject.name)"[...]] ?? ""
            let text = try subject.text()
            // Without bfloat16, its records are left out of the comparison; they come last.
            let expected =
                GoldenProgramTests.precisions.count > 1
                ? known : known.components(separatedBy: "\ntraining mixedBFloat16")[0]
            #expect(text.trimmingCharacters(in: .newlines) == expected, "\(subject.name)")
        }
    }
}
