import Apus
import ApusFormats
import ArgumentParser
import Foundation

struct Summary: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows a network's layers: shapes, parameters, operations, memory.",
        discussion: "Example: apus summary lenet5 --program")

    @OptionGroup var network: NetworkOptions

    @Flag(
        help:
            "Also shows the training program: the compiler's passes, what is computed together, and the steps with the time that each takes here."
    )
    var program = false

    @Flag(help: "With --program: the program of a prediction instead.")
    var inference = false

    @Option(help: "Also draws the network into this file (.svg).")
    var svg: String?

    @Option(help: "Samples a step, for --program.")
    var batchSize = 128

    @OptionGroup var computation: ComputationOptions

    func run() throws {
        try checkBatchSize(batchSize)
        let (model, inputs) = try network.load()
        try Terminal.print(model.summary(inputs: inputs))
        if let svg { try AtomicFile.write(ModelDiagram(model, inputs: inputs).svg + "\n", to: svg) }
        if program {
            let (model, input) = try network.loadLayers(for: "--program")
            let summary = try ProgramSummary(
                model, input: input, batchSize: batchSize, computation, isInference: inference)
            try Terminal.print("\n\(summary.text)")
        }
    }
}
