import ApusConfiguration

/// The paths of an experiment that a search may set, each with the values it may take, in order of the paths.
///
/// The order never depends on how a file was written, so the same space gives the same search.
///
/// ```swift
/// let space: SearchSpace = [
///     "model.0.dense.units": .choice([16, 64]), "optimizer.adam.learningRate": .log(1e-4...1e-1),
/// ]
/// for path in space.paths { print(path) }
/// ```
public struct SearchSpace: Sendable, Hashable {
    /// A path and its values.
    public struct Dimension: Sendable, Hashable {
        /// The place of the setting in the experiment: `optimizer.adam.learningRate`.
        public let path: String
        /// The values it may take.
        public let domain: Domain
    }

    /// In order of the paths.
    public let dimensions: [Dimension]

    /// A space of paths with the values that each may take.
    public init(_ domains: [String: Domain] = [:]) {
        dimensions = domains.sorted { $0.key < $1.key }.map { Dimension(path: $0.key, domain: $0.value) }
    }

    /// The paths in order of the alphabet.
    public var paths: [String] { dimensions.map(\.path) }

    /// The values that a path may take; `nil` if the search does not set it.
    public subscript(path: String) -> Domain? { dimensions.first { $0.path == path }?.domain }

    /// What is wrong with the space, for messages.
    package var problem: String? {
        if dimensions.isEmpty { return "expected at least one path to search over" }
        for dimension in dimensions {
            if dimension.path.split(separator: ".", omittingEmptySubsequences: false).contains("") {
                return "expected a path such as optimizer.adam.learningRate but received \"\(dimension.path)\""
            }
            if let problem = dimension.domain.problem { return "\(dimension.path): \(problem)" }
        }
        return nil
    }

    /// Values drawn evenly, each path from a stream of its own: another path more leaves the others alone.
    func sample(seed: UInt64, trial: Int) -> Assignment {
        assignment { dimension in
            var random = SearchRandom(seed: seed, trial: trial, stream: dimension.path)
            return dimension.domain.sample(using: &random)
        }
    }

    func assignment(_ value: (Dimension) -> Setting) -> Assignment {
        Assignment(
            Dictionary(dimensions.map { ($0.path, value($0)) }, uniquingKeysWith: { first, _ in first }))
    }

    /// The assignment as this space writes it; `nil` unless it has a value of each domain.
    package func canonical(_ assignment: Assignment) -> Assignment? {
        var result = Assignment()
        for dimension in dimensions {
            guard let value = assignment[dimension.path].flatMap(dimension.domain.canonical) else { return nil }
            result[dimension.path] = value
        }
        return result
    }
}

extension SearchSpace: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, Domain)...) {
        self.init(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
}

extension SearchSpace: CustomStringConvertible {
    public var description: String { dimensions.map { "\($0.path): \($0.domain)" }.joined(separator: ", ") }
}

extension SearchSpace: Codable {
    public init(from decoder: any Decoder) throws {
        guard let container = try? decoder.container(keyedBy: NameKey.self) else {
            throw decoder.corrupted("expected paths with their domains, such as batchSize: {choice: [32, 64]}")
        }
        var domains: [String: Domain] = [:]
        for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
            domains[key.stringValue] = try container.decode(Domain.self, forKey: key)
        }
        self.init(domains)
        if let problem { throw decoder.corrupted(problem) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: NameKey.self)
        for dimension in dimensions { try container.encode(dimension.domain, forKey: NameKey(dimension.path)) }
    }
}
