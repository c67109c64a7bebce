import Apus
import ApusChecks
import ArgumentParser

struct Gradcheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gradcheck", abstract: "Compares a network's gradients with finite differences, in Float64.",
        discussion: """
            Example: apus gradcheck lenet5. Random inputs and weights; for each parameter ‖n − a‖ / (‖n‖ + ‖a‖), n by \
            differences, a by the rules. Large parameters are compared along random directions. Exit code 1 if one is wrong.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: "Samples in the batch.")
    var batchSize = 2

    @Option(help: "Where everything random comes from.")
    var seed: UInt64 = 1

    @Option(help: "Parameters with more elements than this are compared along random directions.")
    var elements = 64

    @Flag(help: "Checks inference in place of training.")
    var inference = false

    func run() throws {
        try checkBatchSize(batchSize)
        let (model, inputs) = try network.load()
        let check = try gradcheck(
            model, inputs: inputs, batch: batchSize, mode: inference ? .inference : .training, seed: seed,
            elementLimit: elements)
        try Terminal.print(check)
        if !check.passed { throw ExitCode(1) }
    }
}
