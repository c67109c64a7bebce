import ApusConfiguration

/// Values for paths of an experiment, ordered by path: `batchSize: 64, optimizer.adam.learningRate: 0.003`.
///
/// ```swift
/// var assignment: Assignment = ["batchSize": 64, "optimizer.adam.learningRate": 0.003]
/// assignment["batchSize"] = 128
/// for (path, value) in assignment.entries { print(path, value) }
/// ```
public struct Assignment: Sendable, Hashable {
    private var values: [String: Setting]

    /// An assignment of some paths' values.
    public init(_ values: [String: Setting] = [:]) { self.values = values }

    /// The paths in order of the alphabet.
    public var paths: [String] { values.keys.sorted() }

    /// The values with their paths, in order of the paths.
    public var entries: [(path: String, value: Setting)] {
        values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The value of a path; `nil` if it has none, and to take it away.
    public subscript(path: String) -> Setting? {
        get { values[path] }
        set { values[path] = newValue }
    }
}

extension Assignment: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, Setting)...) {
        self.init(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
}

extension Assignment: CustomStringConvertible {
    public var description: String { entries.map { "\($0.path): \($0.value)" }.joined(separator: ", ") }
}

extension Assignment: Codable {
    public init(from decoder: any Decoder) throws {
        self.init()
        let container = try decoder.container(keyedBy: NameKey.self)
        for key in container.allKeys { self[key.stringValue] = try container.decode(Setting.self, forKey: key) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: NameKey.self)
        for (path, value) in entries { try container.encode(value, forKey: NameKey(path)) }
    }
}
