import ApusModels
import ApusNN
import ApusTensor
import Foundation
import ApusTestKit
import Testing

@Suite struct SequentialTests {
    /// Every layer with everything set to something else than its default.
    static let everything = Sequential {
        Conv2D(
            filters: 6, kernelSize: [5, 3], strides: 2, padding: .explicit(top: 1, left: 2, bottom: 3, right: 4),
            dilation: [2, 1],
            groups: 3, activation: .relu, useBias: false, kernelInitializer: .truncatedNormal(standardDeviation: 0.1),
            biasInitializer: .constant(0.5), kernelRegularizer: .l1l2(l1: 1e-5, l2: 1e-4), kernelConstraint: .unitNorm)
        BatchNorm(momentum: 0.9, epsilon: 1e-5, center: false, scale: false)
        ActivationLayer(.tanh)
        MaxPool2D([2, 3], strides: 1, padding: .same, ceilMode: true)
        AveragePool2D(2, strides: [1, 2], padding: .same, ceilMode: true, countsPadding: true)
        Flatten()
        Sequential {
            Dense(
                7, activation: .softmax, useBias: false, kernelInitializer: .heNormal, biasInitializer: .ones,
                kernelRegularizer: .l2(0.1 + 0.2), kernelConstraint: .maxNorm(3))
            Dropout(1 / 3)
        }
        Dense(10)
    }

    @Test(arguments: [everything, .lenet5(), .mlp(), Sequential([])]) func survivesJSON(_ model: Sequential) throws {
        let data = try JSONEncoder().encode(model)
        let copy = try JSONDecoder().decode(Sequential.self, from: data)
        #expect(copy == model)
        #expect(copy.hashValue == model.hashValue)
        #expect(copy.layers.map { "\($0)" } == model.layers.map { "\($0)" })
    }

    @Test func isComparedByValue() {
        var other = SequentialTests.everything
        #expect(other == SequentialTests.everything)
        other.layers[7] = Dense(11)
        #expect(other != SequentialTests.everything)
        #expect(Set([other, SequentialTests.everything, other]).count == 2)
        #expect(Sequential([Dense(1), Flatten()]) != Sequential([Flatten(), Dense(1)]))
        #expect(Sequential([Dense(1)]) != Sequential([Dense(1), Dense(1)]))
    }

    @Test func describesItsLayersAsTheyAreWritten() {
        #expect(
            SequentialTests.everything.layers.map { "\($0)" } == [
                "Conv2D(filters: 6, kernelSize: [5, 3], strides: 2, padding: .explicit(top: 1, left: 2, bottom: 3, right: 4), "
                    + "dilation: [2, 1], groups: 3, activation: .relu, useBias: false, "
                    + "kernelInitializer: .truncatedNormal(standardDeviation: 0.1), biasInitializer: .constant(0.5), "
                    + "kernelRegularizer: .l1l2(l1: 1e-05, l2: 0.0001), kernelConstraint: .unitNorm)",
                "BatchNorm(momentum: 0.9, epsilon: 1e-05, center: false, scale: false)",
                "ActivationLayer(.tanh)",
                "MaxPool2D([2, 3], strides: 1, padding: .same, ceilMode: true)",
                "AveragePool2D(2, strides: [1, 2], padding: .same, ceilMode: true, countsPadding: true)",
                "Flatten()",
                """
                Sequential {
                    Dense(7, activation: .softmax, useBias: false, kernelInitializer: .heNormal, biasInitializer: .ones, kernelRegularizer: .l2(0.30000000000000004), kernelConstraint: .maxNorm(3.0))
                    Dropout(0.3333333333333333)
                }
                """,
                "Dense(10)",
            ])
        #expect(
            "\((SequentialTests.everything.layers[6] as! Sequential).layers[0])"
                == "Dense(7, activation: .softmax, useBias: false, kernelInitializer: .heNormal, biasInitializer: .ones, "
                + "kernelRegularizer: .l2(0.30000000000000004), kernelConstraint: .maxNorm(3.0))")
        #expect("\(Conv2D(filters: 1, kernelSize: 3))" == "Conv2D(filters: 1, kernelSize: 3)")
        #expect("\(BatchNorm())" == "BatchNorm()")
    }

    @Test func isBuiltWithLoopsAndConditions() {
        let isDeep = true
        let model = Sequential {
            Flatten()
            for units in [3, 2] { Dense(units) }
            if isDeep { Dropout(0.5) }
            if !isDeep { Dense(9) } else { Dense(1) }
        }
        #expect(model == Sequential([Flatten(), Dense(3), Dense(2), Dropout(0.5), Dense(1)]))
    }

    @Test func kindsAreSpelledAsInFiles() {
        #expect(
            SequentialTests.everything.layers.map(\.kind) == [
                "conv2D", "batchNorm", "activation", "maxPool2D", "averagePool2D", "flatten", "sequential",
                "dense",
            ])
    }

    @Test func unknownLayersAreNamed() {
        let text = message {
            try JSONDecoder().decode(Sequential.self, from: Data(#"[{"dence": {"units": 3}}]"#.utf8))
        }
        #expect(text.contains("there is no layer dence (did you mean dense?)"))
    }

    struct Doubling: Layer, Codable {
        var factor = 2.0
        func output(for x: Tensor, in context: Context) -> Tensor { x * factor }
    }

    /// A custom layer needs no registration, except to be in files.
    @Test func customLayersAreInFilesOnceTheyAreKnown() throws {
        let model = Sequential([Doubling(factor: 3)])
        let json = Data(#"[{"doubling":{"factor":3}}]"#.utf8)
        #expect(
            message { try JSONDecoder().decode(Sequential.self, from: json) }.contains("there is no layer doubling"))
        #expect(
            message { try JSONEncoder().encode(model) }.contains(
                "the layer Doubling(factor: 3.0) can't be written: files know the layers of Apus and those that are Codable "
                    + "and registered, try LayerKinds.register(Doubling.self)"))
        try LayerKinds.register(Doubling.self)
        // Once more changes nothing.
        try LayerKinds.register(Doubling.self)
        #expect(try JSONEncoder().encode(model) == json)
        #expect(try JSONDecoder().decode(Sequential.self, from: json) == model)
    }

    struct Impostor: Layer, Codable {
        static var kind: String { "DENSE" }
        func output(for x: Tensor, in context: Context) -> Tensor { x }
    }

    struct ReLU: Layer, Codable {
        static var kind: String { "relu" }
        func output(for x: Tensor, in context: Context) -> Tensor { x }
    }

    /// No layer takes the place of another one.
    @Test func namesOfLayersAreTheirOwn() throws {
        #expect(
            message { try LayerKinds.register(Impostor.self) }
                == "there is a layer DENSE already; rename the type, or give it another name in files: static var kind")
        #expect(message { try LayerKinds.register(ReLU.self) }.hasPrefix("there is a layer relu already"))
        #expect(
            message { try JSONEncoder().encode(Sequential([Impostor()])) }.contains("can't be written"))
    }

    @Test func anEmptyModelIsTheIdentity() throws {
        let run = try LayerRun(Sequential([]), Tensor([[1, 2]] as [[Float]]))
        #expect(run.output.scalars == [1, 2])
    }
}
