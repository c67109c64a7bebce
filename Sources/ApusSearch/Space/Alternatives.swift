package import ApusConfiguration

/// An enumeration whose cases each hold one configurable value, written by its kind: `tpe`, `{tpe: {candidates: 50}}`.
package protocol Alternatives: Sendable, Hashable, Codable, CustomStringConvertible {
    /// What the values are, for messages: `strategy`.
    static var what: String { get }
    /// Every kind.
    static var alternatives: [Alternative<Self>] { get }
    /// The name in files.
    var name: String { get }
    var configurable: any Configurable { get }
    /// What is wrong with the value, for messages; `nil` if nothing is.
    var problem: String? { get }
}

/// One kind and how it is read.
package struct Alternative<Whole: Sendable>: Sendable {
    let name: String
    let read: @Sendable (Fields) throws -> Whole

    init<Value: Configurable>(_ name: String, _ type: Value.Type, _ make: @escaping @Sendable (Value) -> Whole) {
        self.name = name
        read = { make(try Value.schema.value(from: $0)) }
    }
}

extension Alternatives {
    public var description: String { "\(configurable)" }

    public init(from decoder: any Decoder) throws {
        let named = try NamedFields(decoder, Self.what)
        let found = Self.alternatives.first { $0.name.lowercased() == named.name.lowercased() }
        guard let found else {
            throw Names.unknown(Self.what, named.name, Self.alternatives.map(\.name), decoder.codingPath)
        }
        self = try found.read(named.fields)
        if let problem { throw (named.decoder ?? decoder).corrupted(problem) }
    }

    public func encode(to encoder: any Encoder) throws { try configurable.encode(named: name, to: encoder) }
}

extension Decoder {
    /// The error for a value that can be read but makes no sense.
    func corrupted(_ text: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: text))
    }
}
