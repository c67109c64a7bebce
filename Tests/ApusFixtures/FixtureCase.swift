import ApusCPU
import ApusFormats
public import ApusTensor
import Foundation
public import Testing

/// One case of a file in Tests/Fixtures: tensors that Keras and PyTorch computed, and the configuration.
public struct FixtureCase: Sendable, CustomTestStringConvertible {
    public let name: String
    public let configuration: FixtureConfiguration
    private let file: SafetensorsFile

    public var testDescription: String { name }

    /// All cases of a file, in order of their names.
    public static func all(_ name: String) throws -> [FixtureCase] {
        let file = try SafetensorsFile("\(folder)/\(name).safetensors")
        let cases = file.metadata.keys.filter { $0 != "about" }.sorted()
        return try cases.map { name in
            let text = Data(file.metadata[name, default: ""].utf8)
            return FixtureCase(
                name: name, configuration: try JSONDecoder().decode(FixtureConfiguration.self, from: text), file: file)
        }
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures").path

    /// The tensor of a name: `input`, `gradient/kernel`.
    public subscript(name: String) -> Tensor {
        get throws {
            let path = "\(self.name)/\(name)"
            let type = try file.type(of: path)
            let buffer = Buffer(byteCount: type.byteCount)
            try file.read(path, into: UnsafeMutableRawBufferPointer(start: buffer.pointer, count: type.byteCount))
            return Tensor(buffer, type)
        }
    }

    public func contains(_ name: String) -> Bool { file.contains("\(self.name)/\(name)") }
}

/// What the metadata of a case may say.
public struct FixtureConfiguration: Sendable, Decodable {
    public var units: Int?
    public var useBias: Bool?
    public var activation: String?
    public var filters: Int?
    public var kernelSize: [Int]?
    public var strides: [Int]?
    public var padding: String?
    public var dilation: [Int]?
    public var groups: Int?
    public var layer: String?
    public var poolSize: [Int]?
    public var mode: String?
    public var momentum: Double?
    public var epsilon: Double?
    public var function: String?
    public var axis: Int?
    public var loss: String?
    public var targets: String?
    public var initializer: String?
    public var shape: [Int]?
    public var fanIn: Double?
    public var fanOut: Double?
    public var steps: Int?
}
