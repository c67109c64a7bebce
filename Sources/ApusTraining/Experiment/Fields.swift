/// One mapping of an experiment file: absent keys take their default, unknown ones are errors.
struct Fields {
    /// Nothing where a kind is given by its name alone: everything is at its default.
    private let container: KeyedDecodingContainer<Key>?

    struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// - Throws: `DecodingError` that names the first key that is not among the known ones.
    init(_ decoder: any Decoder, _ known: String...) throws {
        try self.init(decoder.container(keyedBy: Key.self), known)
    }

    private init(container: KeyedDecodingContainer<Key>?) { self.container = container }

    private init(_ container: KeyedDecodingContainer<Key>, _ known: [String]) throws {
        self.init(container: container)
        for key in container.allKeys where !known.contains(key.stringValue) {
            throw Fields.unknown("key", key.stringValue, known, container.codingPath)
        }
    }

    func value<Value: Decodable>(_ name: String, default standard: Value) throws -> Value {
        try container?.decodeIfPresent(Value.self, forKey: Key(stringValue: name)) ?? standard
    }

    /// The value of a key that has no default.
    func required<Value: Decodable>(_ name: String) throws -> Value {
        let key = Key(stringValue: name)
        guard let container else {
            throw DecodingError.keyNotFound(key, DecodingError.Context(codingPath: [], debugDescription: "there are no keys at all"))
        }
        return try container.decode(Value.self, forKey: key)
    }

    /// One of the names of a kind of thing.
    func choice<Value: RawRepresentable<String> & CaseIterable & Decodable>(
        _ name: String, default standard: Value
    ) throws -> Value {
        guard let container, let text = try container.decodeIfPresent(String.self, forKey: Key(stringValue: name))
        else { return standard }
        return try Fields.chosen(text, what: name, container.codingPath + [Key(stringValue: name)])
    }

    /// Some of the names of a kind of thing.
    func choices<Value: RawRepresentable<String> & CaseIterable & Decodable>(
        _ name: String, of what: String, default standard: [Value]
    ) throws -> [Value] {
        guard let container, let texts = try container.decodeIfPresent([String].self, forKey: Key(stringValue: name))
        else {
            return standard
        }
        return try texts.map { try Fields.chosen($0, what: what, container.codingPath + [Key(stringValue: name)]) }
    }

    private static func chosen<Value: RawRepresentable<String> & CaseIterable>(
        _ text: String, what: String, _ path: [any CodingKey]
    ) throws -> Value {
        guard let value = Value(rawValue: text) else { throw unknown(what, text, Value.allCases.map(\.rawValue), path) }
        return value
    }

    // MARK: Kinds with constants

    /// A kind and its constants: `constant`, or `cosine: {warmupSteps: 200}`.
    static func kind(_ decoder: any Decoder, _ what: String, known: [String: [String]]) throws -> (
        name: String, fields: Fields
    ) {
        let names = known.keys.sorted()
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            guard known[name] != nil else { throw unknown(what, name, names, decoder.codingPath) }
            return (name, Fields(container: nil))
        }
        let container = try decoder.container(keyedBy: Key.self)
        guard let key = container.allKeys.first, container.allKeys.count == 1 else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath,
                    debugDescription:
                        "expected one \(what) but received \(container.allKeys.map(\.stringValue).sorted())"))
        }
        guard let constants = known[key.stringValue] else {
            throw unknown(what, key.stringValue, names, decoder.codingPath)
        }
        return (key.stringValue, try Fields(container.nestedContainer(keyedBy: Key.self, forKey: key), constants))
    }

    // MARK: Errors

    static func unknown(_ what: String, _ name: String, _ known: [String], _ path: [any CodingKey]) -> DecodingError {
        let closest = known.map { ($0, distance($0, name)) }.min { $0.1 < $1.1 }
        let hint =
            if let closest, closest.1 <= max(2, name.count / 3) { "did you mean \(closest.0)?" } else {
                "known are \(known.joined(separator: ", "))"
            }
        return .dataCorrupted(
            DecodingError.Context(codingPath: path, debugDescription: "there is no \(what) \(name) (\(hint))"))
    }

    /// The insertions, deletions and replacements that lead from one name to the other, in small letters (Levenshtein).
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.lowercased()), Array(b.lowercased()))
        var row = Array(0...b.count)
        for (i, left) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in b.enumerated() {
                (diagonal, row[j + 1]) = (
                    row[j + 1], min(diagonal + (left == right ? 0 : 1), row[j] + 1, row[j + 1] + 1)
                )
            }
        }
        return row[b.count]
    }
}
