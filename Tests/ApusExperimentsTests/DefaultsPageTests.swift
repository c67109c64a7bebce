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

/// Documentation/Defaults.md says what the code does.
@Suite struct DefaultsPageTests {
    private static let page = Page("Documentation/Defaults.md")

    /// Each section's names and their defaults, as the code has them.
    static let defaults: [String: [String: String]] = [
        // The one layer that reads and writes itself.
        "Layers": of(LayerKinds.registry).merging([Sequential.kind: "–"]) { old, _ in old },
        "Activations": of(Activation.self), "Initializers": of(Initializer.self),
        "Regularizers": of(Regularizer.self), "Constraints": of(Constraint.self), "Losses": of(LossKinds.registry),
        "Metrics": of(MetricKinds.registry), "Optimizers": of(OptimizerKinds.registry),
        "Around the optimizer's rule": joined([
            keys(aroundTheRule, in: ""), keys(of(Clipping.self), in: "clipping."),
            keys(LayerDecay.schema, in: "layerDecay."), keys(of(Unfreezing.self), in: "unfreezing."),
            keys(UnfreezingStep.schema, in: "unfreezing.patterns."), keys(ParameterGroup.schema, in: "groups."),
        ]),
        "Schedules": of(Schedule.Curve.self),
        "Callbacks": of(CallbackKinds.registry),
        "Experiment": joined([
            keys(Experiment.schema, in: ""), keys(DataSource.schema, in: "data."),
            keys(DataSource.Validation.schema, in: "data.validation."), keys(Initialization.schema, in: "init."),
        ]),
    ]

    @Test(arguments: defaults.keys.sorted()) func defaultsAreThoseOfTheCode(_ section: String) throws {
        let expected = try #require(DefaultsPageTests.defaults[section])
        let rows = Self.page.rows(section)
        #expect(rows.count == Set(rows.map(\.name)).count, "a name has two rows")
        let documented = Dictionary(rows.map { ($0.name, $0.code(1) ?? "–") }) { first, _ in first }
        #expect(Set(documented.keys).symmetricDifference(expected.keys).sorted() == [])
        for (name, text) in documented { #expect(text == expected[name], "\(name)") }
        #expect(rows.allSatisfy { $0.cells.count == 4 && $0.cells.allSatisfy { !$0.isEmpty } })
    }

    @Test func everyTableOfDefaultsIsCompared() {
        #expect(Set(Self.page.sections) == Set(DefaultsPageTests.defaults.keys))
    }

    /// Arguments that every loss and every schedule has stand above the tables.
    @Test func commonConstants() {
        let loss = Loss(Hinge())
        #expect(
            Self.page.text("Losses").contains(
                "`reduction .\(loss.reduction) · classWeights \(loss.classWeights.map { "\($0)" } ?? "nil")`"))
        let schedule = Schedule(.constant)
        #expect(
            Self.page.text("Schedules").contains(
                "`warmupSteps \(schedule.warmupSteps) · warmupShare \(schedule.warmupShare)`"))
    }

    /// The meanings that `apus experiment defaults` prints are those of the page.
    @Test func meaningsAreThoseOfTheCode() {
        func check(_ constants: [Form.Constant], _ section: String, _ prefix: String) {
            let meanings = Dictionary(Self.page.rows(section).map { ($0.name, $0.cells[2]) }) { first, _ in first }
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
            "clipping": text(optimizer.clipping), "weightDecay": text(optimizer.weightDecay),
            "proximalL1": text(optimizer.proximalL1),
            "accumulation": text(optimizer.accumulation), "skipsNonFinite": text(optimizer.skipsNonFinite),
            "average": text(optimizer.average), "layerDecay": text(optimizer.layerDecay),
            "unfreezing": text(optimizer.unfreezing), "groups": text(optimizer.groups),
        ]
        let refusal = message { try pageExperiment("optimizer: {sgd: {}, adam: {}}") }
        let list =
            refusal.components(separatedBy: "beside it ").last?.components(separatedBy: ", but received").first ?? ""
        return Dictionary(
            uniqueKeysWithValues: list.components(separatedBy: ", ").map { ($0, values[$0] ?? "no value in this test") }
        )
    }()
}
