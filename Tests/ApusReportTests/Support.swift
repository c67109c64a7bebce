import Apus
import ApusExperiments
import Foundation
import FoundationXML
import Testing

/// A model whose weights are the identity: outputs are inputs.
func identity(_ size: Int, loss: Loss, metrics: [Metric] = []) throws -> Trainer {
    let model = Sequential { Dense(size, useBias: false) }
    var variables = try model.initialized(input: [size], seed: 1)
    let numbers = (0..<size * size).map { Float($0 % (size + 1) == 0 ? 1 : 0) }
    try variables.setValue(variables.paths[0], Tensor(numbers, shape: [size, size]))
    var trainer = Trainer(model, loss: loss, optimizer: .adam(learningRate: 0.01), metrics: metrics, seed: 1)
    trainer.load(variables)
    return trainer
}

/// What an XML parser says against a text, if anything.
func xmlProblem(_ text: String) -> String? {
    let parser = XMLParser(data: Data(text.utf8))
    return parser.parse() ? nil : "line \(parser.lineNumber): \(parser.parserError.map { "\($0)" } ?? "?")"
}

/// A page of well-formed XML that takes nothing from elsewhere.
func expectSelfContained(_ page: String) {
    #expect(xmlProblem(page) == nil)
    for foreign in ["http:", "https:", "<script", "<link", "@import", "url(", "src="] {
        #expect(!page.contains(foreign), "\(foreign)")
    }
}

func epochs(_ losses: [(training: Double, validation: Double?)]) -> History {
    var history = History()
    history.epochs = losses.enumerated().map { index, loss in
        EpochRecord(
            index + 1, step: 10 * (index + 1), training: Measurements([("loss", loss.training), ("accuracy", 0.9)]),
            validation: loss.validation.map { Measurements([("loss", $0), ("accuracy", 0.8)]) }, learningRate: 0.01,
            seconds: 2, samplesPerSecond: 500)
    }
    return history
}
