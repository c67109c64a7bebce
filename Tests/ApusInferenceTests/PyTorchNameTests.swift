import ApusGraph
import ApusInference
import ApusModels
import ApusNN
import ApusTensor
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

    @Test func everyNetworkOfTorchvision() {
        #expect(Published.all.torchvision.count == 28)
    }
}
