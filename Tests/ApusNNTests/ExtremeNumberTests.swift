import ApusGraph
import ApusNN
import ApusTensor
import Foundation
import Testing

/// Whatever numbers a file gives to a layer, there is a result or a message.
@Suite struct ExtremeNumberTests {
    private static let values = [0, -1, Int.max, Int.min, Int(Int32.max), 1 << 40]

    /// Layers with all their whole numbers, and what they take. Each `#` is one number in its turn, the others are usual ones.
    private static let layers: [(json: String, input: Shape)] = [
        (#"{"dense": #4}"#, [5]), (#"{"embedding": {"vocabulary": #7, "units": #3}}"#, [5]),
        (
            #"{"conv1D": {"filters": #4, "kernelSize": #3, "strides": #1, "padding": #1, "dilation": #1, "groups": #1}}"#,
            [9, 4]
        ),
        (#"{"conv1D": {"filters": #4, "kernelSize": #3, "strides": #2, "padding": "same", "dilation": #1}}"#, [9, 4]),
        (
            #"{"conv2D": {"filters": #4, "kernelSize": [#3, #2], "strides": [#1, #1], "padding": [#1, #0], "dilation": [#1, #1], "groups": #1}}"#,
            [9, 8, 4]
        ),
        (
            #"{"conv2D": {"filters": #4, "kernelSize": #3, "strides": #2, "padding": "same", "dilation": #1}}"#,
            [9, 8, 4]
        ),
        (
            #"{"conv2D": {"filters": 4, "kernelSize": 3, "padding": {"top": #1, "left": #1, "bottom": #1, "right": #1}}}"#,
            [9, 8, 4]
        ),
        (
            #"{"conv1DTranspose": {"filters": #4, "kernelSize": #3, "strides": #2, "padding": #1, "outputPadding": #1, "dilation": #1}}"#,
            [9, 4]
        ),
        (
            #"{"conv2DTranspose": {"filters": #4, "kernelSize": #3, "strides": #2, "padding": #1, "outputPadding": #1, "dilation": #1}}"#,
            [9, 8, 4]
        ),
        (#"{"conv2DTranspose": {"filters": #4, "kernelSize": #3, "strides": #2, "dilation": #1}}"#, [9, 8, 4]),
        (#"{"conv2DTranspose": {"filters": #4, "kernelSize": #3, "strides": #2, "padding": "same"}}"#, [9, 8, 4]),
        (
            #"{"depthwiseConv1D": {"kernelSize": #3, "strides": #1, "padding": #1, "dilation": #1, "depthMultiplier": #2}}"#,
            [9, 4]
        ),
        (
            #"{"depthwiseConv2D": {"kernelSize": #3, "strides": #1, "padding": #1, "dilation": #1, "depthMultiplier": #2}}"#,
            [9, 8, 4]
        ),
        (
            #"{"separableConv1D": {"filters": #4, "kernelSize": #3, "strides": #1, "padding": #1, "dilation": #1, "depthMultiplier": #2}}"#,
            [9, 4]
        ),
        (
            #"{"separableConv2D": {"filters": #4, "kernelSize": #3, "strides": #1, "padding": #1, "dilation": #1, "depthMultiplier": #2}}"#,
            [9, 8, 4]
        ),
        (#"{"maxPool1D": {"poolSize": #2, "strides": #2, "padding": #1}}"#, [9, 4]),
        (#"{"maxPool2D": {"poolSize": #2, "strides": #2, "padding": #1}}"#, [9, 8, 4]),
        (#"{"maxPool2D": {"poolSize": #2, "strides": #2, "padding": "same", "ceilMode": true}}"#, [9, 8, 4]),
        (#"{"averagePool1D": {"poolSize": #2, "strides": #2, "padding": #1, "countsPadding": true}}"#, [9, 4]),
        (#"{"averagePool2D": {"poolSize": #2, "strides": #2, "padding": #1, "ceilMode": true}}"#, [9, 8, 4]),
        (#"{"adaptiveAveragePool1D": #3}"#, [9, 4]), (#"{"adaptiveAveragePool2D": [#3, #2]}"#, [9, 8, 4]),
        (#"{"reshape": [#9, #4]}"#, [4, 9]), (#"{"reshape": [-1, #4, #3]}"#, [4, 9]),
        (#"{"permute": [#2, #1]}"#, [9, 4]),
        (#"{"zeroPadding1D": {"left": #1, "right": #2}}"#, [9, 4]),
        (#"{"zeroPadding2D": {"top": #1, "left": #1, "bottom": #1, "right": #1}}"#, [9, 8, 4]),
        (#"{"cropping1D": {"left": #1, "right": #2}}"#, [9, 4]),
        (#"{"cropping2D": {"top": #1, "left": #1, "bottom": #1, "right": #1}}"#, [9, 8, 4]),
        (#"{"upSampling1D": #2}"#, [9, 4]), (#"{"upSampling2D": [#2, #3]}"#, [9, 8, 4]),
        (#"{"upSampling2D": {"size": [#2, #3], "interpolation": "bilinear"}}"#, [9, 8, 4]),
        (#"{"groupNorm": {"groups": #2}}"#, [9, 4]), (#"{"localResponseNorm": #5}"#, [9, 4]),
        (#"{"multiHeadAttention": #2}"#, [9, 4]),
        (#"{"multiHeadAttention": {"heads": #4, "keySize": #2, "keyValueHeads": #2, "positions": "rotary"}}"#, [9, 4]),
        (
            #"{"transformerBlock": {"heads": #4, "hidden": #3, "keySize": #2, "keyValueHeads": #2, "positions": "rotary"}}"#,
            [9, 4]
        ),
        (#"{"positionEmbedding": #9}"#, [9, 4]), (#"{"simpleRNN": #3}"#, [9, 4]), (#"{"lstm": #3}"#, [9, 4]),
        (#"{"lstm": {"units": #3, "unitForgetBias": false}}"#, [9, 4]), (#"{"gru": #3}"#, [9, 4]),
        (#"{"gru": {"units": #3, "resetsAfter": false}}"#, [9, 4]),
        (#"{"bidirectional": {"layer": {"lstm": #3}}}"#, [9, 4]),
        (#"{"squeezeExcitation": #2}"#, [9, 8, 4]), (#"{"channelPadding": {"before": #1, "after": #2}}"#, [9, 4]),
        (
            #"{"sparseConv2D": {"kernelSize": #2, "connections": [[#0], [#1, #2]], "strides": #2, "padding": #1}}"#,
            [9, 8, 4]
        ),
    ]

    /// The text with its usual numbers, but one of them another.
    private func variants(_ json: String, _ value: Int) -> [String] {
        let pieces = json.split(separator: "#", omittingEmptySubsequences: false)
        return pieces.indices.dropFirst().map { changed in
            pieces.enumerated().map { index, piece in
                index == changed ? "\(value)" + piece.drop { $0.isNumber || $0 == "-" } : String(piece)
            }.joined()
        }
    }

    @Test(arguments: values) func everyWholeNumberOfEveryLayer(value: Int) throws {
        var count = 0
        for (json, input) in Self.layers {
            let usual = json.replacing("#", with: "")
            let layer = try JSONDecoder().decode(AnyLayer.self, from: Data(usual.utf8)).layer
            _ = try layer.summary(input: input)
            for text in variants(json, value) {
                // What can't be read is refused with a message of its own.
                guard let layer = try? JSONDecoder().decode(AnyLayer.self, from: Data(text.utf8)).layer else {
                    continue
                }
                count += 1
                // Either is right; a trap ends the tests.
                _ = try? layer.summary(input: input).description
                _ = try? layer.traced(input: input, batch: 2, mode: .training).output
                // Through another layer, whose shapes follow from this one's.
                _ = try? Sequential([layer, Flatten(), Dense(3)]).summary(input: input).description
            }
        }
        #expect(count > 50)
    }

    /// The kinds that have no whole number among their constants; all others stand in the table.
    @Test func everyLayerWithANumberIsInTheTable() {
        let without: Set = [
            "globalAveragePool", "globalMaxPool", "flatten", "rescaling", "normalization", "batchNorm", "layerNorm",
            "instanceNorm", "rmsNorm", "channelScale", "dropout", "spatialDropout", "alphaDropout", "gaussianDropout",
            "gaussianNoise",
            "stochasticDepth", "sinusoidalEncoding", "activation", "prelu", "residual", "parallel", "sequential",
        ]
        let table = Set(Self.layers.map { String($0.json.dropFirst(2).prefix { $0 != "\"" }) })
        for kind in LayerKinds.registry.configurable.map({ $0.kind }) where !without.contains(kind) {
            #expect(table.contains(kind), "\(kind)")
        }
    }

    @Test func weightsBeyondAllMemoryAreErrors() {
        let error = #expect(throws: GraphError.self) {
            try Dense(Int(Int32.max)).initialized(input: [1 << 20], seed: 1)
        }
        #expect(
            error?.description.hasPrefix(
                "parameter: the variable kernel: a tensor float32[1048576, 2147483647] takes 9.0 PB, but this machine has "
            ) == true,
            "\(error?.description ?? "")")
    }
}
