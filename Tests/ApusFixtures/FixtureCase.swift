import ApusBackend
import ApusFormats
public import ApusTensor
import Foundation
public import Testing

/// One case of a file in Tests/Fixtures: tensors that Keras and PyTorch computed, and the configuration.
public struct FixtureCase: Sendable, CustomTestStringConvertible {
    public let name: String
    /// The configuration as it is written: JSON.
    private let text: Data
    private let file: SafetensorsFile

    public var testDescription: String { name }

    /// All cases of a file, in order of their names.
    public static func all(_ name: String) throws -> [FixtureCase] {
        let file = try SafetensorsFile("\(folder)/\(name).safetensors")
        let names = file.metadata.keys.filter { $0 != "about" }.sorted()
        guard !names.isEmpty else { throw FixtureError(name, "there are no cases") }
        return names.map { FixtureCase(name: $0, text: Data(file.metadata[$0, default: ""].utf8), file: file) }
    }

    /// The configuration, of cases whose keys have the types below.
    public var configuration: FixtureConfiguration {
        get throws { try JSONDecoder().decode(FixtureConfiguration.self, from: text) }
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures").path

    /// The tensor of a name: `input`, `gradient/kernel`.
    public subscript(name: String) -> Tensor {
        get throws {
            let path = "\(self.name)/\(name)"
            let type = try file.type(of: path)
            let buffer = Buffer(byteCount: type.byteCount)
            try file.read(path, into: buffer.mutableBytes)
            return Tensor(buffer, type)
        }
    }

    public func contains(_ name: String) -> Bool { file.contains("\(self.name)/\(name)") }

    /// The names of tensors that begin with `prefix/`, without it.
    public func names(_ prefix: String) -> [String] {
        let start = "\(name)/\(prefix)/"
        return file.names.filter { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }.sorted()
    }

    /// Part of the configuration as a value that Apus reads from files.
    public func value<Value: Decodable>(_ key: String, as type: Value.Type = Value.self) throws -> Value {
        guard let part = try constants[key] else { throw FixtureError(name, "there is no key \(key)") }
        return try JSONDecoder().decode(
            Value.self, from: JSONSerialization.data(withJSONObject: part, options: .fragmentsAllowed))
    }

    /// The configuration but for some keys, as a mapping of one name: `{"sgd": {"learningRate": 0.1}}`.
    public func value<Value: Decodable>(
        named key: String, without others: [String], as type: Value.Type = Value.self
    ) throws -> Value {
        let kind = try value(key, as: String.self)
        let rest = try constants.filter { $0.key != key && !others.contains($0.key) }
        return try JSONDecoder().decode(Value.self, from: JSONSerialization.data(withJSONObject: [kind: rest]))
    }

    private var constants: [String: Any] {
        get throws {
            guard let constants = try JSONSerialization.jsonObject(with: text) as? [String: Any] else {
                throw FixtureError(name, "the configuration is no mapping")
            }
            return constants
        }
    }
}

/// What is wrong with a fixture.
public struct FixtureError: Error, CustomStringConvertible {
    let place: String
    let problem: String

    public init(_ place: String, _ problem: String) {
        self.place = place
        self.problem = problem
    }

    public var description: String { "the fixture \(place): \(problem)" }
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
