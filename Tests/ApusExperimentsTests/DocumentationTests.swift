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

/// The pages of Documentation say what the code does.
@Suite struct DocumentationTests {
    // MARK: Defaults.md

    /// Each section's names and their defaults, as the code has them.
    static let defaults: [String: [String: String]] = [
        // The one layer that reads and writes itself.
        "Layers": of(LayerKinds.registry).merging([Sequential.kind: "–"]) { old, _ in old },
        "Activations": of(Activation.self), "Initializers": of(Initializer.self),
        "Regularizers": of(Regularizer.self), "Constraints": of(Constraint.self), "Losses": of(LossKinds.registry),
        "Metrics": of(MetricKinds.registry), "Optimizers": of(OptimizerKinds.registry),
        "Around the optimizer's rule": joined([
            keys(aroundTheRule, in: ""), keys(of(Clipping.self), in: "clip."),
            keys(ParameterGroup.schema, in: "groups."),
        ]),
        "Schedules": of(Schedule.Curve.self),
        "Callbacks": of(CallbackKinds.registry),
        "Experiment": joined([
            keys(Experiment.schema, in: ""), keys(DataSource.schema, in: "data."),
            keys(DataSource.Validation.schema, in: "data.validation."),
        ]),
    ]

    @Test(arguments: defaults.keys.sorted()) func defaultsAreThoseOfTheCode(_ section: String) throws {
        let expected = try #require(DocumentationTests.defaults[section])
        let rows = Page.defaults.rows(section)
        #expect(rows.count == Set(rows.map(\.name)).count, "a name has two rows")
        let documented = Dictionary(rows.map { ($0.name, $0.code(1) ?? "–") }) { first, _ in first }
        #expect(Set(documented.keys).symmetricDifference(expected.keys).sorted() == [])
        for (name, text) in documented { #expect(text == expected[name], "\(name)") }
        #expect(rows.allSatisfy { $0.cells.count == 4 && $0.cells.allSatisfy { !$0.isEmpty } })
    }

    @Test func everyTableOfDefaultsIsCompared() {
        #expect(Set(Page.defaults.sections) == Set(DocumentationTests.defaults.keys))
    }

    /// Arguments that every loss and every schedule has stand above the tables.
    @Test func commonConstants() {
        let loss = Loss(Hinge())
        #expect(
            Page.defaults.text("Losses").contains(
                "`reduction .\(loss.reduction) · classWeights \(loss.classWeights.map { "\($0)" } ?? "nil")`"))
        let schedule = Schedule(.constant)
        #expect(
            Page.defaults.text("Schedules").contains(
                "`warmupSteps \(schedule.warmupSteps) · warmupShare \(schedule.warmupShare)`"))
    }

    /// The meanings that `apus experiment defaults` prints are those of the page.
    @Test func meaningsAreThoseOfTheCode() {
        func check(_ constants: [Form.Constant], _ section: String, _ prefix: String) {
            let meanings = Dictionary(Page.defaults.rows(section).map { ($0.name, $0.cells[2]) }) { first, _ in first }
            for constant in constants {
                #expect(constant.help ?? "no help" == meanings[prefix + constant.name], "\(prefix)\(constant.name)")
                let isPart = constant.form.kinds == nil && constant.form.element == nil
                if isPart, let inner = constant.form.constants { check(inner, section, prefix + constant.name + ".") }
            }
        }
        check(Experiment.schema.constants, "Experiment", "")
        check(Optimizer.form.kinds?.beside ?? [], "Around the optimizer's rule", "")
    }

    private static func joined(_ constants: [(name: String, text: String)]) -> String {
        constants.isEmpty ? "–" : constants.map { "\($0.name) \($0.text)" }.joined(separator: " · ")
    }

    private static func joined(_ parts: [[String: String]]) -> [String: String] {
        parts.reduce(into: [:]) { whole, part in whole.merge(part) { old, _ in old } }
    }

    private static func of<Member>(_ registry: Registry<Member>) -> [String: String] {
        // Tests may register types of their own.
        let types = registry.configurable.filter { !String(reflecting: $0).contains("Tests.") }
        return Dictionary(uniqueKeysWithValues: types.map { ($0.kind, joined($0.defaults)) })
    }

    private static func of<Value: ConfigurableCases>(_ type: Value.Type) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: type.defaults.map { item in
                // A case that can't be read without arguments has no defaults.
                let isRead = (try? JSONDecoder().decode([Value].self, from: Data("[\"\(item.name)\"]".utf8))) != nil
                return (item.name, isRead ? joined(item.constants) : "–")
            })
    }

    private static func keys<Value>(_ schema: Schema<Value>, in prefix: String) -> [String: String] {
        let defaults = Dictionary(uniqueKeysWithValues: schema.defaults.map { ($0.name, $0.text) })
        return keys(Dictionary(uniqueKeysWithValues: schema.names.map { ($0, defaults[$0]) }), in: prefix)
    }

    private static func keys(_ defaults: [String: String?], in prefix: String) -> [String: String] {
        Dictionary(uniqueKeysWithValues: defaults.map { name, text in (prefix + name, text ?? "–") })
    }

    /// What stands beside an optimizer's rule: the keys as the reader lists them, the values as the initializer sets them.
    private static let aroundTheRule: [String: String?] = {
        let optimizer = Optimizer(SGD())
        func text(_ value: (some Any)?) -> String { value.map { "\($0)" } ?? "nil" }
        let values: [String: String] = [
            "clip": text(optimizer.clipping), "weightDecay": text(optimizer.weightDecay),
            "accumulate": text(optimizer.accumulation), "skipNonFinite": text(optimizer.skipsNonFinite),
            "average": text(optimizer.average), "groups": text(optimizer.groups),
        ]
        let refusal = message { try experiment("optimizer: {sgd: {}, adam: {}}") }
        let list =
            refusal.components(separatedBy: "beside it ").last?.components(separatedBy: ", but received").first ?? ""
        return Dictionary(
            uniqueKeysWithValues: list.components(separatedBy: ", ").map { ($0, values[$0] ?? "no value in this test") }
        )
    }()

    // MARK: Vocabulary.md

    @Test(arguments: Page.vocabulary.rows("Layers")) func layers(_ row: Page.Row) throws {
        let (swift, yaml) = (try row.require(0), try row.require(1))
        guard case .layers(let model) = try ModelSource(yaml: "- \(yaml)", path: "page.yaml") else {
            Issue.record("\(yaml) is not a layer")
            return
        }
        #expect(model.layers.count == 1)
        let layer = try #require(model.layers.first)
        #expect(AnyLayer(layer) == Code.layers[swift].map { AnyLayer($0) }, "\(swift)")
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
        let layers = Page.vocabulary.rows("Layers").compactMap { Code.layers[$0.code(0) ?? ""] }
        #expect(Set(layers.map { type(of: $0).kind }).isSuperset(of: DocumentationTests.defaults["Layers"]!.keys))
        let named =
            layers.compactMap { $0 as? Named } + layers.compactMap { ($0 as? Sequential)?.layers.first as? Named }
        #expect(Set(named.map(\.isShared)) == [true, false])
        let merges = layers.compactMap { ($0 as? Parallel)?.merge }
        #expect(Set(merges) == Set(Parallel.Merge.allCases))
    }

    @Test(arguments: Page.vocabulary.rows("Activations")) func activations(_ row: Page.Row) throws {
        try compare(row, Code.activations) { try dense("activation: \($0)").activation }
    }

    @Test(arguments: Page.vocabulary.rows("Initializers")) func initializers(_ row: Page.Row) throws {
        try compare(row, Code.initializers) { try dense("kernelInitializer: \($0)").kernelInitializer }
    }

    @Test(arguments: Page.vocabulary.rows("Regularizers")) func regularizers(_ row: Page.Row) throws {
        try compare(row, Code.regularizers) { try #require(try dense("kernelRegularizer: \($0)").kernelRegularizer) }
    }

    @Test(arguments: Page.vocabulary.rows("Constraints")) func constraints(_ row: Page.Row) throws {
        try compare(row, Code.constraints) { try #require(try dense("kernelConstraint: \($0)").kernelConstraint) }
    }

    @Test(arguments: Page.vocabulary.rows("Losses")) func losses(_ row: Page.Row) throws {
        try compare(row, Code.losses) { try experiment("loss: \($0)").loss }
    }

    @Test(arguments: Page.vocabulary.rows("Metrics")) func metrics(_ row: Page.Row) throws {
        try compare(row, Code.metrics) { try #require(try experiment("metrics: [\($0)]").metrics.first) }
    }

    @Test(arguments: Page.vocabulary.rows("Optimizers")) func optimizers(_ row: Page.Row) throws {
        try compare(row, Code.optimizers) { try experiment("optimizer: \($0)").optimizer }
        try Code.optimizers[row.name]?.validate()
    }

    @Test(arguments: Page.vocabulary.rows("Schedules")) func schedules(_ row: Page.Row) throws {
        try compare(row, Code.schedules) { try experiment("schedule: \($0)").schedule }
        try Code.schedules[row.name]?.validate()
    }

    @Test(arguments: Page.vocabulary.rows("Callbacks")) func callbacks(_ row: Page.Row) throws {
        try compare(row, Code.callbacks) { try #require(try experiment("callbacks: [\($0)]").callbacks.first) }
    }

    /// What a row's YAML means is what its Swift means, and survives JSON.
    private func compare<Value: Hashable & Codable>(
        _ row: Page.Row, _ code: [String: Value], read: (String) throws -> Value
    ) throws {
        let value = try read(try row.require(1))
        #expect(value == code[row.name], "\(row.name)")
        #expect(try JSONDecoder().decode([Value].self, from: JSONEncoder().encode([value])) == [value])
        #expect(row.cells.count == 3 && !row.cells[2].isEmpty)
    }

    @Test func everythingElseIsThere() {
        let expected = DocumentationTests.defaults
        func names(_ values: some Sequence) -> Set<String> { Set(values.map { String("\($0)".prefix { $0 != "(" }) }) }
        #expect(names(Code.activations.values) == Set(expected["Activations"]!.keys))
        #expect(names(Code.initializers.values) == Set(expected["Initializers"]!.keys))
        #expect(names(Code.regularizers.values) == Set(expected["Regularizers"]!.keys))
        #expect(names(Code.constraints.values) == Set(expected["Constraints"]!.keys))
        #expect(names(Code.schedules.values.map(\.curve)) == Set(expected["Schedules"]!.keys))
        #expect(Set(Code.callbacks.values.map(\.rule.name)) == Set(expected["Callbacks"]!.keys))
        #expect(Set(Code.losses.values.map(\.name)) == Set(expected["Losses"]!.keys))
        #expect(Set(Code.metrics.values.map { type(of: $0.rule).kind }) == Set(expected["Metrics"]!.keys))
        #expect(Set(Code.optimizers.values.map { type(of: $0.rule).kind }) == Set(expected["Optimizers"]!.keys))
        #expect(names(Code.optimizers.values.compactMap(\.clipping)) == Set(Clipping.names))
    }

    /// The code of this file and the Swift of the page are the same.
    @Test func theCodeIsThatOfThePage() throws {
        func compact(_ text: String) -> String { text.filter { !$0.isWhitespace } }
        let text = try String(contentsOfFile: #filePath, encoding: .utf8)
        // Lines may be broken anywhere.
        let code = compact(text)
        let swift = Page.vocabulary.sections.flatMap { Page.vocabulary.rows($0) }.compactMap { $0.code(0) }
        for line in swift { #expect(code.contains(compact("#\"\(line)\"#: \(line),")), "\(line)") }
        let entries = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter {
            $0.hasPrefix("#\"") && $0.contains("\"#:")
        }
        // Losses and metrics share some names.
        #expect(Set(entries.map { $0.components(separatedBy: "\"#:")[0] }).count == Set(swift).count)
    }

    @Test func everySectionShowsWhereItsThingsGo() {
        #expect(
            Page.vocabulary.sections
                == Page.defaults.sections.filter { !["Experiment", "Around the optimizer's rule"].contains($0) })
        for section in Page.vocabulary.sections {
            #expect(Page.vocabulary.text(section).contains("```swift\n"), "\(section)")
        }
    }
}

/// An experiment with one more line.
private func experiment(_ line: String) throws -> Experiment {
    try Experiment(yaml: "name: page\nmodel: mlp\n\(line)", path: "page.yaml")
}

/// A dense layer with one more argument.
private func dense(_ constant: String) throws -> Dense {
    guard case .layers(let model) = try ModelSource(yaml: "- dense: {units: 3, \(constant)}", path: "page.yaml") else {
        throw TrainingError("\(constant) is not of a layer")
    }
    return try #require(model.layers.first as? Dense)
}

/// A page of Documentation: its sections and the rows of their tables.
struct Page: Sendable {
    struct Row: Sendable, CustomTestStringConvertible {
        let cells: [String]

        /// What the first column names.
        var name: String { code(0) ?? cells[0] }
        var testDescription: String { name }

        /// What stands between backticks, if a cell is nothing else.
        func code(_ column: Int) -> String? {
            let cell = cells[column]
            return cell.count > 2 && cell.hasPrefix("`") && cell.hasSuffix("`")
                ? String(cell.dropFirst().dropLast()) : nil
        }

        func require(_ column: Int) throws -> String { try #require(code(column), "\(cells[column]) is not code") }
    }

    static let defaults = Page("Defaults.md")
    static let vocabulary = Page("Vocabulary.md")

    let sections: [String]
    private let texts: [String: String]

    private init(_ name: String) {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = (try? String(contentsOf: root.appending(path: "Documentation/\(name)"), encoding: .utf8)) ?? ""
        let parts = text.components(separatedBy: "\n## ").dropFirst().map { part in
            let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            return (title: String(lines[0]), text: lines.count > 1 ? String(lines[1]) : "")
        }
        sections = parts.map(\.title)
        texts = Dictionary(parts.map { ($0.title, $0.text) }) { first, _ in first }
    }

    func text(_ section: String) -> String { texts[section] ?? "" }

    /// The rows of all tables of a section, without their heads.
    func rows(_ section: String) -> [Row] {
        let lines = text(section).split(separator: "\n").filter { $0.hasPrefix("|") }
        let rules = lines.indices.filter { lines[$0].hasPrefix("|---") }
        return lines.indices.filter { !rules.contains($0) && !rules.contains($0 + 1) }.map { index in
            // A bar within a cell is written \|.
            let cells = lines[index].replacing("\\|", with: "\u{0}").split(
                separator: "|", omittingEmptySubsequences: false)
            return Row(
                cells: cells.dropFirst().dropLast().map {
                    $0.trimmingCharacters(in: .whitespaces).replacing("\u{0}", with: "|")
                })
        }
    }
}

/// What the Swift of Vocabulary.md means: each entry is a text of the page and the same as code.
private enum Code {
    static let layers: [String: any Layer] = [
        #"Dense(10)"#: Dense(10),
        #"Dense(10, activation: .relu)"#: Dense(10, activation: .relu),
        #"Dense(64, kernelInitializer: .heNormal, kernelRegularizer: .l2(0.0001), kernelConstraint: .maxNorm(3.0))"#:
            Dense(64, kernelInitializer: .heNormal, kernelRegularizer: .l2(0.0001), kernelConstraint: .maxNorm(3.0)),
        #"Embedding(vocabulary: 1000, units: 16)"#: Embedding(vocabulary: 1000, units: 16),
        #"Conv1D(filters: 8, kernelSize: 3, padding: .same)"#: Conv1D(filters: 8, kernelSize: 3, padding: .same),
        #"Conv2D(filters: 6, kernelSize: 5)"#: Conv2D(filters: 6, kernelSize: 5),
        #"Conv2D(filters: 6, kernelSize: [5, 3], strides: 2, padding: .same, activation: .relu)"#: Conv2D(
            filters: 6, kernelSize: [5, 3], strides: 2, padding: .same, activation: .relu),
        #"Conv2D(filters: 8, kernelSize: 3, padding: .explicit(1), groups: 4, useBias: false)"#: Conv2D(
            filters: 8, kernelSize: 3, padding: .explicit(1), groups: 4, useBias: false),
        #"Conv2D(filters: 8, kernelSize: 3, padding: .explicit(top: 0, left: 2, bottom: 1, right: 2), dilation: 2)"#:
            Conv2D(filters: 8, kernelSize: 3, padding: .explicit(top: 0, left: 2, bottom: 1, right: 2), dilation: 2),
        #"Conv1DTranspose(filters: 8, kernelSize: 4, strides: 2, padding: .same)"#: Conv1DTranspose(
            filters: 8, kernelSize: 4, strides: 2, padding: .same),
        #"Conv2DTranspose(filters: 16, kernelSize: 3, strides: 2, padding: .explicit(1), outputPadding: 1)"#:
            Conv2DTranspose(filters: 16, kernelSize: 3, strides: 2, padding: .explicit(1), outputPadding: 1),
        #"DepthwiseConv1D(kernelSize: 3, depthMultiplier: 2)"#: DepthwiseConv1D(kernelSize: 3, depthMultiplier: 2),
        #"DepthwiseConv2D(kernelSize: 3, padding: .same)"#: DepthwiseConv2D(kernelSize: 3, padding: .same),
        #"SeparableConv1D(filters: 8, kernelSize: 3)"#: SeparableConv1D(filters: 8, kernelSize: 3),
        #"SeparableConv2D(filters: 32, kernelSize: 3, strides: 2, padding: .same)"#: SeparableConv2D(
            filters: 32, kernelSize: 3, strides: 2, padding: .same),
        #"MaxPool1D(2)"#: MaxPool1D(2),
        #"MaxPool2D(2)"#: MaxPool2D(2),
        #"MaxPool2D(3, strides: 2, padding: .same)"#: MaxPool2D(3, strides: 2, padding: .same),
        #"AveragePool1D(4)"#: AveragePool1D(4),
        #"AveragePool2D(2, ceilMode: true)"#: AveragePool2D(2, ceilMode: true),
        #"GlobalAveragePool()"#: GlobalAveragePool(),
        #"GlobalMaxPool(keepsAxes: true)"#: GlobalMaxPool(keepsAxes: true),
        #"AdaptiveAveragePool1D(10)"#: AdaptiveAveragePool1D(10),
        #"AdaptiveAveragePool2D([2, 3])"#: AdaptiveAveragePool2D([2, 3]),
        #"Flatten()"#: Flatten(),
        #"Reshape([7, -1])"#: Reshape([7, -1]),
        #"Permute([2, 1])"#: Permute([2, 1]),
        #"ZeroPadding1D(Edges1D(left: 2, right: 1))"#: ZeroPadding1D(Edges1D(left: 2, right: 1)),
        #"ZeroPadding2D([1, 2])"#: ZeroPadding2D([1, 2]),
        #"Cropping1D(10)"#: Cropping1D(10),
        #"Cropping2D(Edges2D(top: 4, left: 2))"#: Cropping2D(Edges2D(top: 4, left: 2)),
        #"UpSampling1D(3)"#: UpSampling1D(3),
        #"UpSampling2D(interpolation: .bilinear)"#: UpSampling2D(interpolation: .bilinear),
        #"Rescaling(scale: 2.0, offset: -1.0)"#: Rescaling(scale: 2.0, offset: -1.0),
        #"Normalization(mean: [0.286], variance: [0.1246])"#: Normalization(mean: [0.286], variance: [0.1246]),
        #"BatchNorm()"#: BatchNorm(),
        #"BatchNorm(momentum: 0.9, center: false)"#: BatchNorm(momentum: 0.9, center: false),
        #"LayerNorm()"#: LayerNorm(),
        #"GroupNorm(groups: 8, scale: false)"#: GroupNorm(groups: 8, scale: false),
        #"InstanceNorm()"#: InstanceNorm(),
        #"RMSNorm()"#: RMSNorm(),
        #"LocalResponseNorm(3, k: 2.0)"#: LocalResponseNorm(3, k: 2.0),
        #"Dropout(0.3)"#: Dropout(0.3),
        #"SpatialDropout(0.2)"#: SpatialDropout(0.2),
        #"AlphaDropout(0.1)"#: AlphaDropout(0.1),
        #"GaussianDropout(0.3)"#: GaussianDropout(0.3),
        #"GaussianNoise(0.1)"#: GaussianNoise(0.1),
        #"ActivationLayer(.relu)"#: ActivationLayer(.relu),
        #"ActivationLayer(.leakyReLU(negativeSlope: 0.1))"#: ActivationLayer(.leakyReLU(negativeSlope: 0.1)),
        #"ActivationLayer(.tanh)"#: ActivationLayer(.tanh),
        #"PReLU()"#: PReLU(),
        #"PReLU(sharedAxes: [1, 2])"#: PReLU(sharedAxes: [1, 2]),
        #"Sequential { Dense(64); ActivationLayer(.relu) }"#: Sequential {
            Dense(64); ActivationLayer(.relu)
        },
        #"Sequential { Dense(64); Dropout(0.5) }"#: Sequential {
            Dense(64); Dropout(0.5)
        },
        #"Residual { Conv2D(filters: 16, kernelSize: 3, padding: .same) }"#: Residual {
            Conv2D(filters: 16, kernelSize: 3, padding: .same)
        },
        #"Residual(body: Sequential { Dense(8) }, shortcut: Sequential { Dense(8, useBias: false) }, activation: .relu)"#:
            Residual(
                body: Sequential { Dense(8) }, shortcut: Sequential { Dense(8, useBias: false) }, activation: .relu),
        #"Parallel { Dense(8); Dense(4, activation: .tanh) }"#: Parallel {
            Dense(8); Dense(4, activation: .tanh)
        },
        #"Parallel(.add) { Dense(8); Sequential { Dense(4); Dense(8) } }"#: Parallel(.add) {
            Dense(8);
            Sequential {
                Dense(4); Dense(8)
            }
        },
        #"Parallel(.multiply) { Dense(8); Dense(8, activation: .sigmoid) }"#: Parallel(.multiply) {
            Dense(8); Dense(8, activation: .sigmoid)
        },
        #"Parallel(.concatenate, [Sequential([]), Sequential([Dense(4)])])"#: Parallel(
            .concatenate, [Sequential([]), Sequential([Dense(4)])]),
        #"Dense(64).named("features")"#: Dense(64).named("features"),
        #"Sequential { Dense(8).shared("twin"); Dense(8).shared("twin") }"#: Sequential {
            Dense(8).shared("twin"); Dense(8).shared("twin")
        },
    ]

    static let activations: [String: Activation] = [
        #".linear"#: .linear,
        #".relu"#: .relu,
        #".relu6"#: .relu6,
        #".leakyReLU(negativeSlope: 0.1)"#: .leakyReLU(negativeSlope: 0.1),
        #".elu(alpha: 0.5)"#: .elu(alpha: 0.5),
        #".selu"#: .selu,
        #".celu(alpha: 0.5)"#: .celu(alpha: 0.5),
        #".gelu(approximate: true)"#: .gelu(approximate: true),
        #".silu"#: .silu,
        #".mish"#: .mish,
        #".sigmoid"#: .sigmoid,
        #".hardSigmoid"#: .hardSigmoid,
        #".hardSwish"#: .hardSwish,
        #".tanh"#: .tanh,
        #".softplus"#: .softplus,
        #".softsign"#: .softsign,
        #".softmax"#: .softmax,
        #".logSoftmax"#: .logSoftmax,
        #".exponential"#: .exponential,
    ]

    static let initializers: [String: Initializer] = [
        #".zeros"#: .zeros,
        #".ones"#: .ones,
        #".constant(0.1)"#: .constant(0.1),
        #".values([0.5, -0.5])"#: .values([0.5, -0.5]),
        #".normal(standardDeviation: 0.01)"#: .normal(standardDeviation: 0.01),
        #".uniform(low: -0.1, high: 0.1)"#: .uniform(low: -0.1, high: 0.1),
        #".truncatedNormal(standardDeviation: 0.02)"#: .truncatedNormal(standardDeviation: 0.02),
        #".glorotUniform"#: .glorotUniform,
        #".glorotNormal"#: .glorotNormal,
        #".inverseRootN"#: .inverseRootN,
        #".heUniform"#: .heUniform,
        #".heNormal"#: .heNormal,
        #".lecunUniform"#: .lecunUniform,
        #".lecunNormal"#: .lecunNormal,
        #".varianceScaling(scale: 2, mode: .fanOut, distribution: .normal)"#: .varianceScaling(
            scale: 2, mode: .fanOut, distribution: .normal),
        #".orthogonal(gain: 0.5)"#: .orthogonal(gain: 0.5),
        #".identity()"#: .identity(),
    ]

    static let regularizers: [String: Regularizer] = [
        #".l1(0.001)"#: .l1(0.001),
        #".l2(0.0001)"#: .l2(0.0001),
        #".l1l2(l1: 0.001, l2: 0.0001)"#: .l1l2(l1: 0.001, l2: 0.0001),
        #".orthogonal(factor: 0.1, mode: .columns)"#: .orthogonal(factor: 0.1, mode: .columns),
    ]

    static let constraints: [String: Constraint] = [
        #".maxNorm(3.0)"#: .maxNorm(3.0),
        #".unitNorm"#: .unitNorm,
        #".nonNegative"#: .nonNegative,
        #".minMaxNorm(minimum: 0.5, maximum: 2.0, rate: 0.1)"#: .minMaxNorm(minimum: 0.5, maximum: 2.0, rate: 0.1),
    ]

    static let losses: [String: Loss] = [
        #".softmaxCrossEntropy"#: .softmaxCrossEntropy,
        #".softmaxCrossEntropy(labelSmoothing: 0.1)"#: .softmaxCrossEntropy(labelSmoothing: 0.1),
        #".softmaxCrossEntropy(fromProbabilities: true)"#: .softmaxCrossEntropy(fromProbabilities: true),
        #".softmaxCrossEntropy.weighted(classes: [1, 5])"#: .softmaxCrossEntropy.weighted(classes: [1, 5]),
        #".binaryCrossEntropy"#: .binaryCrossEntropy,
        #".focal(gamma: 1)"#: .focal(gamma: 1),
        #".binaryFocal(balancesClasses: true)"#: .binaryFocal(balancesClasses: true),
        #".meanSquaredError"#: .meanSquaredError,
        #".meanSquaredError.reduced(.sum)"#: .meanSquaredError.reduced(.sum),
        #".meanAbsoluteError"#: .meanAbsoluteError,
        #".meanAbsolutePercentageError"#: .meanAbsolutePercentageError,
        #".meanSquaredLogarithmicError"#: .meanSquaredLogarithmicError,
        #".huber(delta: 0.5)"#: .huber(delta: 0.5),
        #".logCosh"#: .logCosh,
        #".hinge"#: .hinge,
        #".squaredHinge"#: .squaredHinge,
        #".categoricalHinge"#: .categoricalHinge,
        #".klDivergence"#: .klDivergence,
        #".poisson"#: .poisson,
        #".cosineSimilarity"#: .cosineSimilarity,
    ]

    static let metrics: [String: Metric] = [
        #".accuracy"#: .accuracy,
        #".binaryAccuracy(threshold: 0.9)"#: .binaryAccuracy(threshold: 0.9),
        #".topKAccuracy(k: 3)"#: .topKAccuracy(k: 3),
        #".precision(average: .binary)"#: .precision(average: .binary),
        #".recall(average: .none)"#: .recall(average: .none),
        #".f1(average: .weighted)"#: .f1(average: .weighted),
        #".confusionMatrix"#: .confusionMatrix,
        #".rocAUC"#: .rocAUC,
        #".prAUC"#: .prAUC,
        #".meanAbsoluteError"#: .meanAbsoluteError,
        #".meanSquaredError"#: .meanSquaredError,
        #".rootMeanSquaredError"#: .rootMeanSquaredError,
        #".r2"#: .r2,
    ]

    static let optimizers: [String: Optimizer] = [
        #".sgd(learningRate: 0.1, momentum: 0.9, nesterov: true)"#: .sgd(
            learningRate: 0.1, momentum: 0.9, nesterov: true),
        #".adagrad(learningRate: 0.01)"#: .adagrad(learningRate: 0.01),
        #".adadelta(learningRate: 1)"#: .adadelta(learningRate: 1),
        #".rmsprop(momentum: 0.9)"#: .rmsprop(momentum: 0.9),
        #".adam(learningRate: 0.01)"#: .adam(learningRate: 0.01),
        #".adamW(weightDecay: 0.01)"#: .adamW(weightDecay: 0.01),
        #".adamax()"#: .adamax(),
        #".nadam()"#: .nadam(),
        #".rAdam()"#: .rAdam(),
        #".lion(learningRate: 0.0001)"#: .lion(learningRate: 0.0001),
        #".lamb(learningRate: 0.01)"#: .lamb(learningRate: 0.01),
        #".sgd().clippingGradients(.value(0.5))"#: .sgd().clippingGradients(.value(0.5)),
        #".sgd().clippingGradients(.norm(1))"#: .sgd().clippingGradients(.norm(1)),
        #".adam().clippingGradients(.globalNorm(1))"#: .adam().clippingGradients(.globalNorm(1)),
        #".sgd(momentum: 0.9).weightDecay(0.0005)"#: .sgd(momentum: 0.9).weightDecay(0.0005),
        #".adam().accumulatingGradients(4)"#: .adam().accumulatingGradients(4),
        #"Optimizer(Adam(), skipsNonFinite: true)"#: Optimizer(Adam(), skipsNonFinite: true),
        #".adam().averagingWeights(decay: 0.999)"#: .adam().averagingWeights(decay: 0.999),
        #".adamW().group("*/bias", weightDecay: 0)"#: .adamW().group("*/bias", weightDecay: 0),
        #".adam().group("0.*", learningRate: 0.0001).freezing("1.*")"#: .adam().group("0.*", learningRate: 0.0001)
            .freezing("1.*"),
    ]

    static let schedules: [String: Schedule] = [
        #".constant"#: .constant,
        #".step(every: 500, factor: 0.5)"#: .step(every: 500, factor: 0.5),
        #".multiStep(milestones: [1000, 2000])"#: .multiStep(milestones: [1000, 2000]),
        #".piecewise(boundaries: [1000], factors: [1, 0.2])"#: .piecewise(boundaries: [1000], factors: [1, 0.2]),
        #".exponential(steps: 100, warmupSteps: 50)"#: .exponential(steps: 100, warmupSteps: 50),
        #".inverseTime(staircase: true)"#: .inverseTime(staircase: true),
        #".polynomial(power: 2)"#: .polynomial(power: 2),
        #".cosine(warmupSteps: 200)"#: .cosine(warmupSteps: 200),
        #".cosineRestarts(firstPeriod: 500)"#: .cosineRestarts(firstPeriod: 500),
        #".oneCycle(rise: 0.25)"#: .oneCycle(rise: 0.25),
    ]

    static let callbacks: [String: Callback] = [
        #".earlyStopping(patience: 5)"#: .earlyStopping(patience: 5),
        #".checkpoint(everySteps: 500, keepBest: 3)"#: .checkpoint(everySteps: 500, keepBest: 3),
        #".reduceOnPlateau(factor: 0.5, patience: 3)"#: .reduceOnPlateau(factor: 0.5, patience: 3),
        #".timeLimit(seconds: 3600)"#: .timeLimit(seconds: 3600),
        #".terminateOnNonFinite"#: .terminateOnNonFinite,
        #".csv("curves.csv")"#: .csv("curves.csv"),
        #".tensorBoard(everySteps: 100, histogramEpochs: 1)"#: .tensorBoard(everySteps: 100, histogramEpochs: 1),
        #".histograms(everyEpochs: 2)"#: .histograms(everyEpochs: 2),
    ]
}
