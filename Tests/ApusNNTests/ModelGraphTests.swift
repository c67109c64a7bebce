import Apus
import ApusChecks
import ApusConfiguration
import ApusTestKit
import Foundation
import Testing

/// Models of named parts.
@Suite struct ModelGraphTests {
    /// The same as `graph`, in Swift.
    private struct Towers: Model {
        func outputs(for inputs: Values, in context: Context) -> Values {
            let tower = Sequential {
                Dense(5, activation: .tanh); Dense(3)
            }
            let shared = context.shared("a")
            let (a, b) = (tower(inputs["left"], in: shared), tower(inputs["right"], in: shared))
            return [
                "a": a, "kind": Sequential { Dense(2) }(a, in: context["kind"]),
                "match": (a * b).sum(axes: [-1], keepingAxes: true),
            ]
        }
    }

    private static let graph = ModelGraph([
        "a": .init(from: "left", isOutput: true) {
            Dense(5, activation: .tanh); Dense(3)
        },
        "b": .init(from: "right", sharing: "a"),
        "match": .init(from: "a", "b", merge: .dot),
        "kind": .init(from: "a") { Dense(2) },
    ])

    private static let inputs: Signature = ["left": [4], "right": [4]]

    @Test func sameAsInSwift() throws {
        let weights = try Self.graph.initialized(inputs: Self.inputs, seed: 3)
        #expect(
            weights.paths == [
                "a/0.dense/kernel", "a/0.dense/bias", "a/1.dense/kernel", "a/1.dense/bias", "kind/0.dense/kernel",
                "kind/0.dense/bias",
            ])
        let values: Values = [
            "left": .normal([6, 4], key: RandomKey(seed: 1)), "right": .normal([6, 4], key: RandomKey(seed: 2)),
        ]
        let outputs = Self.graph.applied(to: values, with: weights, mode: .inference).outputs
        let expected = Towers().applied(to: values, with: weights, mode: .inference).outputs
        #expect(outputs.names == ["a", "kind", "match"] && Self.graph.outputNames == outputs.names)
        for (name, tensor) in expected {
            let value = try outputs[name].evaluated()
            #expect(value.shape == tensor.shape && value.scalars == tensor.scalars, "\(name)")
        }
        #expect(outputs["match"].shape == [6, 1])
    }

    @Test func gradientsAreRight() throws {
        let check = try gradcheck(Self.graph, inputs: Self.inputs, seed: 4)
        #expect(check.passed, "\(check)")
        #expect(check.entries.map(\.path).suffix(2) == ["input left", "input right"])
        #expect(check.entries.count == 8)
    }

    @Test func filesHoldIt() throws {
        let text = try FileJSON.text(Self.graph)
        #expect(
            text == """
                {"a":{"from":"left","isOutput":true,"layers":[{"dense":{"activation":"tanh","units":5}},{"dense":3}]},\
                "b":{"from":"right","sharing":"a"},"kind":{"from":"a","layers":[{"dense":2}]},\
                "match":{"from":["a","b"],"merge":"dot"}}
                """)
        let read = try FileJSON.decoder().decode(ModelGraph.self, from: Data(text.utf8))
        #expect(read == Self.graph)
    }

    @Test(arguments: [
        ("b", ModelGraph.Part(from: "lef"), "there is no part or input lef (did you mean left?)"),
        ("b", .init(from: "b"), "the part b is made from itself: b ← b"),
        ("b", .init(from: "match"), "the part b is made from itself: b ← match ← b"),
        (
            "b", .init(from: "right", sharing: "c"),
            "the part b shares the layers of c, which is no part (did you mean a?)"
        ),
        (
            "b", .init(from: "right", sharing: "match"),
            "the part b shares the layers of match, which has none of its own"
        ),
        (
            "b", .init(from: "right", sharing: "a") { Dense(3) },
            "the part b has layers and shares those of a; leave one of both out"
        ),
        ("x/y", .init(from: "left"), "a part's name must have letters and no slash, received \"x/y\""),
        (
            "b", .init(from: "right") { Dense(4) },
            "the sources of match yield the shapes [1, 3], [1, 4]; they must be equal"
        ),
        ("b", .init(), "there are no sources of b"),
    ])
    func mistakesAreFound(_ name: String, _ part: ModelGraph.Part, _ expected: String) {
        var graph = Self.graph
        graph.parts[name] = part
        let found = message { try graph.summary(inputs: Self.inputs) }
        #expect(found.contains(expected), "\(found)")
    }

    /// `input` is the only input of plain data.
    @Test func oneInputNeedsNoName() throws {
        let graph = ModelGraph(["y": .init(from: "input") { Dense(2) }])
        #expect(try graph.initialized(input: [3], seed: 1)["y/0.dense/kernel"]?.shape == [3, 2])
        let found = message { try graph.initialized(inputs: ["a": [3], "b": [3]], seed: 1) }
        #expect(found.contains("there is no part or input input (known are y, a, b)"), "\(found)")
    }

    @Test func theSummaryCountsEveryOutput() throws {
        let summary = try Self.graph.summary(inputs: Self.inputs)
        #expect(summary.parameterCount == 4 * 5 + 5 + 5 * 3 + 3 + 3 * 2 + 2)
        // The product and the sum of the merge belong to the model itself.
        let own = try #require(summary.rows.first { $0.path == "modelGraph" })
        #expect(own.flops == 3 + 3 && own.outputBytes == 4 * (3 + 2 + 1))
        let svg = try ModelDiagram(Self.graph, inputs: Self.inputs).svg
        for text in [">left<", ">right<", ">dot<", ">layers of a<", ">kind<", ">match<", ">output<"] {
            #expect(svg.contains(text), "\(text)")
        }
        // An arrow for each source: left, right, a and b twice, and the three outputs, and those between layers and titles.
        #expect(svg.components(separatedBy: "marker-end").count - 1 == 5 + 3 + 2 + 1 + 1 + 1)
    }

    @Test(arguments: [
        (Parallel.Merge.concatenate, [1, -2, 3, 4, 5, -6] as [Float]), (.add, [5, 3, -3]), (.subtract, [-3, -7, 9]),
        (.multiply, [4, -10, -18]), (.average, [2.5, 1.5, -1.5]), (.maximum, [4, 5, 3]), (.minimum, [1, -2, -6]),
        (.dot, [-24]),
    ])
    func merges(_ merge: Parallel.Merge, _ expected: [Float]) throws {
        let graph = ModelGraph(["y": .init(from: "a", "b", merge: merge)])
        let values: Values = ["a": Tensor([[1.0, -2, 3]]), "b": Tensor([[4.0, 5, -6]])]
        let y = graph.applied(to: values, with: Variables(), mode: .inference).outputs["y"]
        #expect(try y.evaluated().scalars == expected)
    }

    @Test func aScalarProductIsOfTwo() {
        let graph = ModelGraph(["y": .init(from: "a", "a", "a", merge: .dot)])
        let found = message { try graph.summary(inputs: ["a": [3]]) }
        #expect(
            found.contains(
                "a scalar product needs two sources of y of shape [N, ...], received 3 of [1, 3], [1, 3], [1, 3]"),
            "\(found)")
    }

    // MARK: Objectives in files

    @Test func targetsInFiles() throws {
        for (text, target) in [
            ("\"kind\"", Objective.Target.named("kind")), ("\"input\"", .input),
            ("{\"input\":\"image\"}", .input("image")),
        ] {
            let read = try FileJSON.decoder().decode(Objective.Target.self, from: Data(text.utf8))
            #expect(read == target)
            #expect(try FileJSON.text(target) == text)
        }
    }

    @Test func listsOfMetricsAreForClasses() {
        let metrics: OutputMetrics = [.accuracy]
        let found = metrics.byOutput(["a": .softmaxCrossEntropy, "b": .meanSquaredError, "c": .binaryCrossEntropy])
        #expect(found == ["a": [.accuracy], "b": [], "c": [.accuracy]])
        let named: OutputMetrics = ["b": [.meanAbsoluteError], "a": [.accuracy]]
        #expect(named.metrics.map(\.name) == ["accuracy", "meanAbsoluteError"])
        #expect("\(named)" == "{a: [accuracy], b: [meanAbsoluteError]}" && "\(metrics)" == "[accuracy]")
    }

    /// Plain data have one target, with which every output is compared.
    @Test func severalHeadsOfOneTarget() throws {
        let graph = ModelGraph([
            "early": .init(from: "input") { Dense(2) },
            "late": .init(from: "input") {
                Dense(8, activation: .relu); Dense(2)
            },
        ])
        let x = Tensor.normal([64, 3], key: RandomKey(seed: 5))
        let data = try Dataset(inputs: x, labels: (x[0..., 0] .> 0).cast(to: .int32))
        var trainer = Trainer(
            graph, losses: ["late": .softmaxCrossEntropy, "early": .softmaxCrossEntropy.weighted(0.3)],
            optimizer: .adam(learningRate: 0.05), metrics: ["late": [.accuracy], "early": [.accuracy]])
        try trainer.fit(data, epochs: 20, batchSize: 16)
        let result = try trainer.evaluate(data)
        #expect(result["late", .accuracy] ?? 0 > 0.95 && result["early", .accuracy] ?? 0 > 0.95)
    }
}
