import Apus
import ApusReport
import ArgumentParser
import Foundation

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures a trained network on the test data: metrics, classes, confusion matrix.",
        discussion: "Example: apus evaluate runs/lenet5-1")

    @OptionGroup var trained: RunArgument

    @Option(help: "The folder of the data set's files.")
    var data: String?

    @Flag(help: "Prints the result as JSON.")
    var json = false

    func run() throws {
        var experiment = try trained.folder().experiment()
        if let data { experiment.data.directory = data }
        let loaded = try experiment.loadedData()
        guard let test = loaded.test else {
            throw ValidationError(
                "the data of \(trained.path) have no test part: data.test is 0, and the source has none of its own")
        }
        let evaluation = try Evaluation(trained.finished().trainer, on: test)
        if json {
            try Terminal.print(String(decoding: try evaluation.json(), as: UTF8.self))
        } else {
            try Terminal.print("test: \(evaluation)")
        }
    }
}
