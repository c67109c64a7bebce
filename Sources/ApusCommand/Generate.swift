import Apus
import ApusConfiguration
import ApusExperiments
import ArgumentParser
import Foundation

struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lets a language model write.",
        discussion: "Example: apus generate runs/characters-1 --prompt Alice --length 300 --temperature 0.7")

    @Argument(help: ArgumentHelp("The folder of a run, or a file of a trained model.", valueName: "model"))
    var model: String

    @Option(help: "The beginning of the text.")
    var prompt = ""

    @Option(help: "How many tokens are written: characters, words or parts of words, as in training.")
    var length = 300

    @Option(help: "Below 1 probable tokens become more so; 0 takes the most probable one.")
    var temperature = 1.0

    @Option(help: "Only so many of the most probable tokens.")
    var topK: Int?

    @Option(help: "Only the most probable tokens that have this probability together.")
    var topP: Double?

    @Option(help: "The seed of what is left to chance.")
    var seed: UInt64 = 7

    @Flag(help: "Prints JSON.")
    var json = false

    private var sampling: Sampling { Sampling(temperature: temperature, topK: topK, topP: topP) }

    func validate() throws {
        guard length >= 0 else { throw ValidationError("--length must be at least 0, received \(length)") }
        guard temperature >= 0, temperature.isFinite else {
            throw ValidationError("--temperature must be a number of at least 0, received \(temperature)")
        }
        guard topK.map({ $0 >= 1 }) ?? true else {
            throw ValidationError("--top-k must be at least 1, received \(topK!)")
        }
        guard topP.map({ $0 > 0 && $0 <= 1 }) ?? true else {
            throw ValidationError("--top-p must be above 0 and at most 1, received \(topP!)")
        }
    }

    func run() throws {
        let generator = try TextGenerator(TrainedModel.opened(model))
        let clock = ContinuousClock()
        let start = clock.now
        if !json { try Terminal.print(prompt, terminator: "") }
        let text = try generator.text(
            after: prompt, length: length, sampling: sampling, seed: seed,
            { piece in if !json { try Terminal.print(piece, terminator: "") } },
            report: { Terminal.write("warning: \($0)\n") })
        let seconds = (clock.now - start) / Duration.seconds(1)
        guard json else { return try Terminal.print("") }
        try Terminal.print(
            FileJSON.text(
                Answer(prompt: prompt, text: text, tokens: length, seed: seed, seconds: seconds), isPretty: true))
    }

    private struct Answer: Encodable {
        var prompt: String
        var text: String
        var tokens: Int
        var seed: UInt64
        var seconds: Double
    }
}
