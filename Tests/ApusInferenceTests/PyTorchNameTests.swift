import ApusGraph
import ApusInference
import ApusModels
import ApusNN
import ApusTensor
import ApusWorkloads
import Foundation
import Testing

/// Names and shapes of PyTorch's state dictionaries.
@Suite struct PyTorchNameTests {
    /// Names and shapes as torchvision and timm have them: Tests/Fixtures/networks.
    struct Published: Decodable {
        struct Network: Decodable {
            let parameters: Int
            let tensors: [String]
        }

        let torchvision: [String: Network]
        let timm: [String: Network]

        static let all: Published = {
            let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Fixtures/networks/networks.json")
            return try! JSONDecoder().decode(Published.self, from: Data(contentsOf: file))
        }()
    }

    private static func forms(_ name: String) throws -> [PyTorchForm] {
        let network = try #require(ZooNetwork(name))
        let (input, classes, _) = network.network.published
        return try network.model(classes: classes, input: input).variableDescriptions(inputs: Signature(input)).map {
            PyTorchForm($0.path, $0.description)
        }
    }

    private static func lines(_ forms: [PyTorchForm]) -> [String] {
        forms.map { "\($0.name) \($0.shape.dimensions.map(String.init).joined(separator: ","))" }.sorted()
    }

    /// Every network of torchvision that the zoo has: all names, all shapes.
    @Test(arguments: Published.all.torchvision.keys.sorted()) func torchvision(_ name: String) throws {
        let expected = try #require(Published.all.torchvision[name])
        #expect(try PyTorchNameTests.lines(PyTorchNameTests.forms(name)) == expected.tensors.sorted())
    }

    /// timm's files: by torchvision's names, by timm's own, or by their order; each array is another variable and fits it.
    @Test(arguments: Published.all.timm.keys.sorted()) func timm(_ name: String) throws {
        let tensors = try #require(Published.all.timm[name]).tensors.map { line in
            let parts = line.split(separator: " ")
            return (name: String(parts[0]), shape: Shape(parts[1].split(separator: ",").map { Int($0)! }))
        }
        let network = try #require(ZooNetwork(name)).network
        let (input, classes, images) = network.published
        var variables = Variables()
        for (path, description) in try network.model(classes: classes, images: images).variableDescriptions(
            inputs: Signature(input))
        {
            variables.set(path, Variables.Variable(value: .zeros(description.shape), description: description))
        }
        let shapes = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.shape) })
        let names = WeightsNames(tensors.map(\.name), of: variables, shape: { shapes[$0]! }, renamed: { $0 })
        let isOwn = name.hasPrefix("preact") || name == "convnext-t"
        #expect(names.style == (isOwn ? .pyTorch : .order))
        var targets: Set<String> = []
        for tensor in tensors {
            let target = names.target(of: tensor.name) { $0 }
            #expect(targets.insert(target).inserted, "\(tensor.name)")
            guard variables.variable(target) != nil else {
                Issue.record("\(tensor.name) is no variable")
                continue
            }
            #expect(names.expected(target, for: tensor.shape).fits, "\(tensor.name) as \(target)")
        }
        #expect(targets.count == variables.count)
    }

    @Test func everyNetworkOfTorchvision() {
        #expect(Published.all.torchvision.count == 28)
    }

    // MARK: Values

    /// What torchvision and timm compute in float64 with weights that both sides draw by one rule; see make_networks.py.
    struct Outputs: Decodable {
        let size: Int
        let outputs: [Double]

        static let all: [String: Outputs] = {
            let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Fixtures/networks/outputs.json")
            return try! JSONDecoder().decode([String: Outputs].self, from: Data(contentsOf: file))
        }()
    }

    /// Every family of networks yields what torchvision's yields: the layers, their order, and the order of the weights' axes.
    @Test(arguments: Outputs.all.keys.sorted()) func outputs(_ name: String) throws {
        let expected = try #require(Outputs.all[name])
        let tensors = try #require(Published.all.torchvision[name] ?? Published.all.timm[name]).tensors
        let streams = Dictionary(
            uniqueKeysWithValues: tensors.enumerated().map { (String($1.prefix { $0 != " " }), $0 + 1) })
        let shape: Shape = [expected.size, expected.size, 3]
        // Heads that only train have no part in this.
        let network = try #require(ZooNetwork(name)).network
        let model = network.model(classes: 7, images: .large)
        var weights = try model.initialized(input: shape, seed: 1)
        for form in weights.pyTorchForms {
            let stream = try #require(streams[form.name], "\(form.name)")
            try weights.setValue(form.path, form.value(PyTorchNameTests.value(stream, form)))
        }
        let x = StartValues.uniform(0, Shape([2] + shape.dimensions), limit: 3.0.squareRoot())
        let outputs = model.applied(to: Values(x), with: weights, mode: .inference).outputs
        let received = outputs.only.scalars(as: Double.self)
        let scale = expected.outputs.map(abs).max()!
        let error = zip(received, expected.outputs).map { abs($0 - $1) }.max()!
        #expect(received.count == 14 && error <= 1e-5 * scale, "\(error / scale) of \(scale)")
    }

    private static func value(_ stream: Int, _ form: PyTorchForm) -> Tensor {
        let shape = form.shape
        if shape.rank > 1, !form.name.hasSuffix("layer_scale") {
            let inputs = shape.dimensions.dropFirst().reduce(1, *)
            return StartValues.uniform(stream, shape, limit: (3 / Double(inputs)).squareRoot())
        }
        let isFactor = ["weight", "running_var", "layer_scale"].contains { form.name.hasSuffix($0) }
        return isFactor
            ? StartValues.uniform(stream, shape, limit: 0.25, center: 1)
            : StartValues.uniform(stream, shape, limit: 0.1)
    }

    /// What a file of PyTorch holds is what comes back from it, for every arrangement.
    @Test func thereAndBack() throws {
        let net = Sequential {
            Conv2D(filters: 6, kernelSize: [2, 3], groups: 2)
            DepthwiseConv2D(kernelSize: 2, depthMultiplier: 2)
            Conv2DTranspose(filters: 5, kernelSize: 3)
            BatchNorm()
            ChannelScale()
            SeparableConv2D(filters: 4, kernelSize: 2)
            Flatten()
            Dropout(0.5)
            ActivationLayer(.relu)
            Dense(7)
            Dense(2)
        }
        let input: Shape = [6, 7, 2]
        let weights = try Sequential([Conv2D(filters: 4, kernelSize: 1), net]).initialized(input: input, seed: 3)
        for form in weights.pyTorchForms {
            let value = try #require(weights[form.path])
            let exported = form.exported(value)
            #expect(exported.shape == form.shape && form.fits(form.shape), "\(form.path)")
            #expect(form.value(exported).scalars(as: Float.self) == value.scalars(as: Float.self), "\(form.path)")
        }
        let dense = try #require(weights.pyTorchForms.first { $0.path.hasSuffix("9.dense/kernel") })
        #expect(dense.name.hasSuffix("9.dense.weight") && dense.shape[0] == 7)
        // The row of the image's first element, second channel, is the column after all positions of the first channel.
        let kernel = try #require(weights[dense.path])
        let positions = kernel.shape[0] / 4
        #expect(dense.exported(kernel)[0][positions].item() == kernel[1][0].item())
    }

    /// Flattened sequences have their channels first in PyTorch where a convolution yields them, and last behind words, states and
    /// dense layers.
    @Test func flattenedSequences() throws {
        func isMoved(_ layers: [any Layer], _ inputs: Signature) throws -> Bool {
            let net = Sequential(layers + [Flatten(), Dense(2).named("head")])
            let weights = try net.initialized(inputs: inputs, seed: 1)
            let form = try #require(weights.pyTorchForms.first { $0.path == "head/kernel" })
            let kernel = try #require(weights["head/kernel"])
            return form.exported(kernel).scalars != kernel.transposed().scalars
        }
        #expect(try isMoved([Conv1D(filters: 3, kernelSize: 2)], Signature([5, 4])))
        #expect(try isMoved([Conv1D(filters: 3, kernelSize: 2), MaxPool1D(2), Dropout(0.5)], Signature([5, 4])))
        #expect(try !isMoved([Embedding(vocabulary: 7, 3)], Signature([5], .int32)))
        #expect(try !isMoved([GRU(3, returnsSequences: true), ActivationLayer(.relu)], Signature([5, 4])))
        #expect(try !isMoved([MultiHeadAttention(heads: 2)], Signature([5, 4])))
        #expect(try !isMoved([Dense(3, activation: .relu)], Signature([5, 4])))
    }
}
