import ApusConfiguration
import ApusData
import ApusExperiments
import ApusGraph
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import ApusTestKit
import Foundation
import Testing

/// Documentation/Vocabulary.md says what the code does.
@Suite struct VocabularyPageTests {
    private static let page = Page("Documentation/Vocabulary.md")

    @Test(arguments: page.rows("Layers")) func layers(_ row: Page.Row) throws {
        let (swift, yaml) = (try #require(row.code(0)), try #require(row.code(1)))
        guard case .layers(let model) = try ModelSource(yaml: "- \(yaml)", path: "page.yaml") else {
            Issue.record("\(yaml) is not a layer")
            return
        }
        #expect(model.layers.count == 1)
        let layer = try #require(model.layers.first)
        #expect(AnyLayer(layer) == VocabularyCode.layers[swift].map { AnyLayer($0) }, "\(swift)")
        // Layers of layers print themselves in several lines.
        if !"\(layer)".contains("\n") { #expect("\(layer)" == swift) }
        #expect(try JSONDecoder().decode(Sequential.self, from: JSONEncoder().encode(model)) == model)
        let shapes = row.cells[2].split(separator: "→").map { text in
            text.split { !$0.isNumber }.compactMap { Int($0) }
        }
        try #require(shapes.count == 2)
        let trace = try layer.traced(input: Shape(shapes[0]), batch: 1, mode: .inference)
        #expect(trace.records.last?.output.shape == Shape([1] + shapes[1]))
    }

    @Test func everyLayerIsThere() {
        let layers = Self.page.rows("Layers").compactMap { VocabularyCode.layers[$0.code(0) ?? ""] }
        #expect(Set(layers.map { type(of: $0).kind }).isSuperset(of: DefaultsPageTests.defaults["Layers"]!.keys))
        let named =
            layers.compactMap { $0 as? Named } + layers.compactMap { ($0 as? Sequential)?.layers.first as? Named }
        #expect(Set(named.map(\.isShared)) == [true, false])
        let merges = layers.compactMap { ($0 as? Parallel)?.merge }
        #expect(Set(merges) == Set(Parallel.Merge.allCases))
    }

    @Test(arguments: page.rows("Activations")) func activations(_ row: Page.Row) throws {
        try compare(row, VocabularyCode.activations) { try dense("activation: \($0)").activation }
    }

    @Test(arguments: page.rows("Initializers")) func initializers(_ row: Page.Row) throws {
        try compare(row, VocabularyCode.initializers) { try dense("kernelInitializer: \($0)").kernelInitializer }
    }

    @Test(arguments: page.rows("Regularizers")) func regularizers(_ row: Page.Row) throws {
        try compare(row, VocabularyCode.regularizers) {
            try #require(try dense("kernelRegularizer: \($0)").kernelRegularizer)
        }
    }

    @Test(arguments: page.rows("Constraints")) func constraints(_ row: Page.Row) throws {
        try compare(row, VocabularyCode.constraints) {
            try #require(try dense("kernelConstraint: \($0)").kernelConstraint)
        }
    }

    @Test(arguments: page.rows("Losses")) func losses(_ row: Page.Row) throws {
        try compare(row, VocabularyCode.losses) { try pageExperiment("loss: \($0)").loss }
    }

    @Test(arguments: page.rows("Metrics")) func metrics(_ row: Page.Row) throws {
        try compare(row, VocabularyCode.metrics) {
            try #require(try pageExperiment("metrics: [\($0)]").metrics.metrics.first)
        }
    }

    @Test(arguments: page.rows("Optimizers")) func optimizers(_ row: Page.Row) throws {
        try compare(row, VocabularyCode.optimizers) { try pageExperiment("optimizer: \($0)").optimizer }
        try VocabularyCode.optimizers[row.name]?.validate()
    }

    @Test(arguments: page.rows("Schedules")) func schedules(_ row: Page.Row) throws {
        try compare(row, VocabularyCode.schedules) { try pageExperiment("schedule: \($0)").schedule }
        try VocabularyCode.schedules[row.name]?.validate()
    }

    @Test(arguments: page.rows("Callbacks")) func callbacks(_ row: Page.Row) throws {
        try compare(row, VocabularyCode.callbacks) {
            try #require(try pageExperiment("callbacks: [\($0)]").callbacks.first)
        }
    }

    /// What a row's YAML means is what its Swift means, and survives JSON.
    private func compare<Value: Hashable & Codable>(
        _ row: Page.Row, _ code: [String: Value], read: (String) throws -> Value
    ) throws {
        let value = try read(try #require(row.code(1)))
        #expect(value == code[row.name], "\(row.name)")
        #expect(try JSONDecoder().decode([Value].self, from: JSONEncoder().encode([value])) == [value])
        #expect(row.cells.count == 3 && !row.cells[2].isEmpty)
    }

    @Test func everythingElseIsThere() {
        let expected = DefaultsPageTests.defaults
        func names(_ values: some Sequence) -> Set<String> { Set(values.map { String("\($0)".prefix { $0 != "(" }) }) }
        #expect(names(VocabularyCode.activations.values) == Set(expected["Activations"]!.keys))
        #expect(names(VocabularyCode.initializers.values) == Set(expected["Initializers"]!.keys))
        #expect(names(VocabularyCode.regularizers.values) == Set(expected["Regularizers"]!.keys))
        #expect(names(VocabularyCode.constraints.values) == Set(expected["Constraints"]!.keys))
        #expect(names(VocabularyCode.schedules.values.map(\.curve)) == Set(expected["Schedules"]!.keys))
        #expect(Set(VocabularyCode.callbacks.values.map(\.rule.name)) == Set(expected["Callbacks"]!.keys))
        #expect(Set(VocabularyCode.losses.values.map(\.name)) == Set(expected["Losses"]!.keys))
        #expect(Set(VocabularyCode.metrics.values.map { type(of: $0.rule).kind }) == Set(expected["Metrics"]!.keys))
        #expect(
            Set(VocabularyCode.optimizers.values.map { type(of: $0.rule).kind }) == Set(expected["Optimizers"]!.keys))
        #expect(names(VocabularyCode.optimizers.values.compactMap(\.clipping)) == Set(Clipping.names))
    }

    /// The code of the tests and the Swift of the page are the same.
    @Test func theCodeIsThatOfThePage() throws {
        func compact(_ text: String) -> String { text.filter { !$0.isWhitespace } }
        let text = try String(contentsOfFile: VocabularyCode.file, encoding: .utf8)
        // Lines may be broken anywhere.
        let code = compact(text)
        let swift = Self.page.sections.flatMap { Self.page.rows($0) }.compactMap { $0.code(0) }
        for line in swift { #expect(code.contains(compact("#\"\(line)\"#: \(line),")), "\(line)") }
        let entries = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter {
            $0.hasPrefix("#\"") && $0.contains("\"#:")
        }
        // Losses and metrics share some names.
        #expect(Set(entries.map { $0.components(separatedBy: "\"#:")[0] }).count == Set(swift).count)
    }

    @Test func everySectionShowsWhereItsThingsGo() {
        #expect(
            Self.page.sections
                == Page("Documentation/Defaults.md").sections.filter {
                    !["Experiment", "Around the optimizer's rule"].contains($0)
                })
        for section in Self.page.sections {
            #expect(Self.page.text(section).contains("```swift\n"), "\(section)")
        }
    }
}

/// An experiment with one more line.
func pageExperiment(_ line: String) throws -> Experiment {
    try Experiment(yaml: "name: page\nmodel: mlp\n\(line)", path: "page.yaml")
}

/// A dense layer with one more argument.
private func dense(_ constant: String) throws -> Dense {
    guard case .layers(let model) = try ModelSource(yaml: "- dense: {units: 3, \(constant)}", path: "page.yaml") else {
        throw TrainingError("\(constant) is not of a layer")
    }
    return try #require(model.layers.first as? Dense)
}
