import Apus
import ApusConfiguration
import ApusExperiments
import ArgumentParser
import Foundation

struct ZooCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zoo", abstract: "Lists the networks of the zoo.",
        discussion: """
            Parameters and operations are those of the published form. In an experiment a network has as many outputs as the data \
            have classes, and the form for the size of their images: up to 64 × 64 its first layers do not shrink them. \
            Networks of texts are counted for 128 tokens out of 256; in an experiment the data say how many, and sizes can be given: \
            model: {gpt: {width: 64}}. \
            NAME-small and NAME-large say which form; NAME-aux trains with auxiliary heads. Example: apus summary resnet50-large
            """)

    @Flag(help: "Prints a JSON array.")
    var json = false

    func run() throws {
        let images = try Zoo.allCases.map { network in
            let (input, classes, images) = network.published
            let summary = try network.model(classes: classes, images: images).summary(input: input)
            return Line(
                name: network.rawValue, parameters: summary.trainableCount, flops: summary.flops,
                input: input.dimensions, classes: classes,
                forms: (network.hasTwoForms ? ImageScale.allCases.map(\.rawValue) : [])
                    + (network.modelWithAuxiliaries() == nil ? [] : ["aux"]),
                paper: network.paper)
        }
        let texts = try TextNetwork.all.map { network in
            let (vocabulary, length, classes) = (256, 128, network.isLanguageModel ? 256 : 2)
            let summary = try network.model(vocabulary: vocabulary, length: length, outputs: classes).summary(
                inputs: Signature([length], .int32))
            return Line(
                name: network.name, parameters: summary.trainableCount, flops: summary.flops, input: [length],
                classes: classes, forms: [], paper: network.paper)
        }
        let networks = images + texts
        guard !json else { return try Terminal.print(FileJSON.text(networks, isPretty: true)) }
        let table = TextTable(
            header: ["network", "parameters", "MFLOPs", "input", "classes", "forms", "paper"],
            rows: networks.map {
                [
                    $0.name, ModelSummary.grouped($0.parameters), String(format: "%.1f", Double($0.flops) / 1e6),
                    $0.input.map(String.init).joined(separator: " × "), "\($0.classes)",
                    $0.forms.joined(separator: ", "), $0.paper,
                ]
            })
        try Terminal.print(table.description)
    }

    private struct Line: Encodable {
        var name: String
        var parameters: Int
        var flops: Int
        var input: [Int]
        var classes: Int
        var forms: [String]
        var paper: String
    }
}
