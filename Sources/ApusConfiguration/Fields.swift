/// What a file says about one value: arguments by name, a single value in place of them, or nothing but a name.
package struct Fields {
    private enum Content {
        case nothing
        case keyed(KeyedDecodingContainer<NameKey>)
        case single(any Decoder)
    }

    private let content: Content
    private let path: [any CodingKey]

    /// What a decoder holds: arguments by name if it is a mapping, else a single value.
    package init(_ decoder: any Decoder) {
        path = decoder.codingPath
        content = (try? decoder.container(keyedBy: NameKey.self)).map(Content.keyed) ?? .single(decoder)
    }

    /// Everything is at its default.
    package init(nothingAt path: [any CodingKey]) {
        content = .nothing
        self.path = path
    }

    /// The names that the file gives, in order of the alphabet.
    package var names: [String] {
        if case .keyed(let container) = content { container.allKeys.map(\.stringValue).sorted() } else { [] }
    }

    /// - Parameter former: Names that are read but not suggested.
    /// - Throws: `DecodingError` that names the first key that is not among the known ones.
    package func checkNames(_ known: [String], former: [String] = []) throws {
        for name in names where !known.contains(name) && !former.contains(name) {
            throw Names.unknown("key", name, known, path)
        }
    }

    /// The value of an argument, or `nil` if the file leaves it out.
    ///
    /// - Parameter isLeading: Whether a single value in place of the arguments is this one's.
    package func value<Value: Decodable>(_ name: String, isLeading: Bool) throws -> Value? {
        switch content {
        case .nothing: return nil
        case .single(let decoder):
            guard isLeading else { return nil }
            return try Value(from: decoder)
        case .keyed(let container):
            let key = NameKey(name)
            guard container.contains(key) else { return nil }
            return try container.decode(Value.self, forKey: key)
        }
    }

    /// Whether a single value stands in place of the arguments.
    var isSingle: Bool { if case .single = content { true } else { false } }

    func missing(_ name: String) -> DecodingError {
        .keyNotFound(
            NameKey(name), DecodingError.Context(codingPath: path, debugDescription: "the key \(name.shown) is missing")
        )
    }

    func unexpectedValue(_ known: [String]) -> DecodingError {
        let expected = known.isEmpty ? "nothing" : "arguments by name (\(known.joined(separator: ", ")))"
        return .dataCorrupted(
            DecodingError.Context(
                codingPath: path, debugDescription: "expected \(expected) but received a single value"))
    }
}

extension Decoder {
    /// Whether the file holds values by name here, not a single one or a list.
    package var isMapping: Bool { (try? container(keyedBy: NameKey.self)) != nil }
}

/// Any name as a key.
package struct NameKey: CodingKey {
    /// The name.
    package let stringValue: String
    /// None: names are no numbers.
    package var intValue: Int? { nil }
    /// The key of a name.
    package init(_ name: String) { stringValue = name }
    package init(stringValue: String) { self.stringValue = stringValue }
    package init?(intValue: Int) { nil }
}
