import Apus
import ArgumentParser

struct Gradcheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gradcheck", abstract: "Compares a network's gradients with finite differences, in Float64.",
        discussion: """
            Example: apus gradcheck lenet5. Random inputs and weights; for each parameter ‖n − a‖ / (‖n‖ + ‖a‖), n by \
            differences, a by the rules. Large parameters are compared along random directions. Exit code 1 if one is wrong.
            """)

    @Argument(help: "A network of the zoo (mlp, lenet5), or a file with layers or an experiment.")
    var model: String

    @Option(help: "The shape of one input, for instance 28,28,1.")
    var input = InputShape([28, 28, 1])

    @Option(help: "Samples in the batch.")
    var batchSize = 2

    @Option(help: "Where everything random comes from.")
    var seed: UInt64 = 1

    @Option(help: "Parameters with more elements than this are compared along random directions.")
    var elements = 64

    @Flag(help: "Checks inference in place of training.")
    var inference = false

    func run() throws {
        guard batchSize > 0 else { throw ValidationError("--batch-size must be at least 1, received \(batchSize)") }
        let network = try ModelArgument.model(model)
        let check = try gradcheck(
            network, input: input.shape, batch: batchSize, mode: inference ? .inference : .training, seed: seed,
            elementLimit: elements)
        print(check)
        if !check.passed { throw ExitCode(1) }
    }
}

/// A shape as an argument: `28,28,1`.
struct InputShape: ExpressibleByArgument, CustomStringConvertible {
    let shape: Shape

    init(_ shape: Shape) { self.shape = shape }

    init?(argument: String) {
        let parts = argument.split(separator: ",").map { Int($0.trimmingWhitespace()) }
        guard !parts.isEmpty, parts.allSatisfy({ ($0 ?? 0) > 0 }) else { return nil }
        shape = Shape(parts.compactMap { $0 })
    }

    var description: String { shape.dimensions.map(String.init).joined(separator: ",") }
}

extension Substring {
    fileprivate func trimmingWhitespace() -> Substring { drop { $0 == " " }.prefix { $0 != " " } }
}
