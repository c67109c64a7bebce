import ApusFixtures
import ApusGraph
import ApusNN
import ApusTensor
import Foundation
import ApusTestKit
import Testing

/// Layers as files describe them against Keras and PyTorch: outputs, gradients, running values, for every option.
@Suite struct LayerFixtureTests {
    static let files = [
        "convolutions", "pooling", "shapes", "norms", "containers", "activations", "further", "blocks", "attention",
        "recurrent",
    ]

    static var cases: [FixtureCase] {
        get throws { try files.flatMap { try FixtureCase.all("layers-\($0)") } }
    }

    @Test(arguments: try cases) func followsKerasOrPyTorch(_ item: FixtureCase) throws {
        let layer = try item.value("layer", as: AnyLayer.self).layer
        let mode = try item.value("mode", as: Mode.self)
        let paths = item.names("variables")
        let variables = try Dictionary(uniqueKeysWithValues: paths.map { ($0, try item["variables/\($0)"]) })
        let run = try LayerRun(layer, item["input"], variables, r: item["r"], mode: mode)
        let tolerance: FixtureTolerance = layer is TransformerBlock ? .network : .layer
        try expectClose(run.output, item["output"], tolerance, "output")
        #expect(item.contains("gradient/input") == (try item["input"].elementType.isFloatingPoint))
        if item.contains("gradient/input") {
            try expectClose(run.inputGradient, item["gradient/input"], tolerance, "gradient/input")
        }
        let states = ["runningMean", "runningVariance", "mean", "variance"]
        #expect(
            item.names("gradient/variables")
                == paths.filter { path in !states.contains { path == $0 || path.hasSuffix("/\($0)") } })
        for path in item.names("gradient/variables") {
            try expectClose(run.gradients[path]!, item["gradient/variables/\(path)"], tolerance, "gradient/\(path)")
        }
        #expect(run.updates.keys.sorted() == item.names("updated"))
        for path in item.names("updated") { try expectClose(run.updates[path]!, item["updated/\(path)"], .layer, path) }
        // What a file says is what is written.
        let text = try JSONEncoder().encode(AnyLayer(layer))
        #expect(try JSONDecoder().decode(AnyLayer.self, from: text) == AnyLayer(layer))
    }

    /// Layers that draw random numbers are tested by their distributions.
    @Test func everyLayerHasAFixture() throws {
        let random = [
            "alphaDropout", "dropout", "gaussianDropout", "gaussianNoise", "spatialDropout", "stochasticDepth",
        ]
        let covered = Set(try LayerFixtureTests.cases.map { try $0.value("layer", as: AnyLayer.self).layer.kind })
        #expect(
            covered.union(random).union(["dense"]).isSuperset(
                of: LayerKinds.registry.configurable.map { $0.kind } + ["sequential"]))
    }

    @Test func everyActivationHasAFixture() throws {
        let plain = Set(try FixtureCase.all("activations").map { try $0.configuration.function! })
        let further = try LayerFixtureTests.cases.compactMap {
            (try $0.value("layer", as: AnyLayer.self).layer as? ActivationLayer)?.activation
        }
        for name in Activation.names where name != "linear" {
            #expect(plain.contains(name) || further.contains { "\($0)".hasPrefix(name) }, "\(name)")
        }
    }

    /// At 0 the slope is that from below, as in PyTorch; far out nothing overflows.
    @Test func slopesOfActivationsWithTwoBranches() throws {
        let (scale, alpha) = (1.0507009873554805, 1.6732632423543772)
        let (whole, half): (Double, Double) = (exp(-1), exp(-0.5))
        let below = scale * alpha
        let cases: [(layer: any Layer, slopes: [Double])] = [
            (ActivationLayer(.leakyReLU(negativeSlope: 0.25)), [0.25, 0.25, 1, 0.25, 1]),
            (ActivationLayer(.elu(alpha: 0.5)), [0.5, 0.5 * whole, 1, 0, 1]),
            (ActivationLayer(.selu), [below, below * whole, scale, 0, scale]),
            (ActivationLayer(.celu(alpha: 2)), [1, half, 1, 0, 1]),
            (PReLU(), [0.75, 0.75, 1, 0.75, 1]),
        ]
        let x: [Float] = [0, -1, 2, -100, 100]
        for (layer, slopes) in cases {
            let trained = Tensor.full([5], 0.75)
            let run = try LayerRun(layer, Tensor(x, shape: [1, 5]), layer is PReLU ? ["alpha": trained] : [:])
            for (received, slope) in try pairs(run.inputGradient.scalars(as: Double.self), slopes) {
                #expect(abs(received - slope) <= 1e-6, "\(layer)")
            }
            #expect(run.output.scalars.allSatisfy(\.isFinite) && run.output.scalars[0] == 0)
            if layer is PReLU { #expect(run.gradients["alpha"]!.scalars == [0, -1, 0, -100, 0]) }
        }
    }

    /// Of numbers with eight bits, whose mean has more: statistics are float32, only the result is rounded.
    @Test func normalizationsOfBFloat16() throws {
        let numbers: [Float] = (0..<64).map { (index: Int) in Float(180 + 7 * ((index / 8 + index) % 8)) }
        let (ones, zeros) = (Tensor.ones([8]), Tensor.zeros([8]))
        let cases: [(layer: any Layer, variables: [String: Tensor])] = [
            (GroupNorm(groups: 2, center: false, scale: false), [:]), (InstanceNorm(center: false, scale: false), [:]),
            (RMSNorm(scale: false), [:]), (LayerNorm(center: false, scale: false), [:]),
            (GroupNorm(groups: 2), ["gamma": ones, "beta": zeros]),
            (InstanceNorm(), ["gamma": ones, "beta": zeros]), (RMSNorm(), ["gamma": ones]),
        ]
        for (layer, variables) in cases {
            func output(_ type: ElementType) throws -> Tensor {
                try LayerRun(layer, Tensor(numbers, shape: [1, 8, 8], type: type), variables).output
            }
            let narrow = try output(.bfloat16)
            #expect(narrow.elementType == .bfloat16, "\(layer)")
            let wide = try output(.float32).scalars(as: Double.self)
            // Half of the last bit, and a little for sums in another order.
            for (received, expected) in try pairs(narrow.scalars(as: Double.self), wide) {
                #expect(abs(received - expected) <= 0x1.02p-8 * abs(expected), "\(layer)")
            }
        }
    }
}
