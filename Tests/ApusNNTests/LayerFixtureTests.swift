import ApusFixtures
import ApusNN
import ApusTensor
import Foundation
import Testing

/// Layers as files describe them against Keras and PyTorch: outputs, gradients, running values, for every option.
@Suite struct LayerFixtureTests {
    static let files = ["convolutions", "pooling", "shapes", "norms", "containers", "activations", "further"]

    static var cases: [FixtureCase] {
        get throws { try files.flatMap { try FixtureCase.all("layers-\($0)") } }
    }

    @Test(arguments: try cases) func followsKerasOrPyTorch(_ item: FixtureCase) throws {
        let layer = try item.value("layer", as: AnyLayer.self).layer
        let mode = try item.value("mode", as: Mode.self)
        let paths = item.names("variables")
        let variables = try Dictionary(uniqueKeysWithValues: paths.map { ($0, try item["variables/\($0)"]) })
        let run = try LayerRun(layer, item["input"], variables, r: item["r"], mode: mode)
        try expectClose(run.output, item["output"], .layer, "output")
        if item.contains("gradient/input") {
            try expectClose(run.inputGradient, item["gradient/input"], .layer, "gradient/input")
        }
        for path in item.names("gradient/variables") {
            try expectClose(run.gradients[path]!, item["gradient/variables/\(path)"], .layer, "gradient/\(path)")
        }
        #expect(run.updates.keys.sorted() == item.names("updated"))
        for path in item.names("updated") { try expectClose(run.updates[path]!, item["updated/\(path)"], .layer, path) }
        // What a file says is what is written.
        let text = try JSONEncoder().encode(AnyLayer(layer))
        #expect(try JSONDecoder().decode(AnyLayer.self, from: text) == AnyLayer(layer))
    }

    /// Layers that draw random numbers are tested by their distributions.
    @Test func everyLayerHasAFixture() throws {
        let random = ["alphaDropout", "dropout", "gaussianDropout", "gaussianNoise", "spatialDropout"]
        let covered = Set(try LayerFixtureTests.cases.map { try $0.value("layer", as: AnyLayer.self).layer.kind })
        #expect(
            covered.union(random).union(["dense"]).isSuperset(
                of: LayerKinds.registry.configurable.map { $0.kind } + ["sequential"]))
    }

    @Test func everyActivationHasAFixture() throws {
        let plain = Set(try FixtureCase.all("activations").map { $0.configuration.function! })
        let further = try LayerFixtureTests.cases.compactMap {
            (try $0.value("layer", as: AnyLayer.self).layer as? ActivationLayer)?.activation
        }
        for name in Activation.names where name != "linear" {
            #expect(plain.contains(name) || further.contains { "\($0)".hasPrefix(name) }, "\(name)")
        }
    }
}
