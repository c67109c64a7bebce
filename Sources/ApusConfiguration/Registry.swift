import Synchronization

/// The types of one protocol that can be read from files, by kind; and values that have a name there.
package final class Registry<Member: Sendable>: Sendable {
    /// What the types are, for messages: `layer`, `optimizer`.
    package let what: String
    private let types: Mutex<[String: any (Codable & Sendable).Type]>
    private let values = Mutex<[String: Member]>([:])

    /// - Parameter others: Types that read and write themselves, by kind.
    package init(
        _ what: String, _ types: [any Configurable.Type], others: [String: any (Codable & Sendable).Type] = [:]
    ) {
        self.what = what
        let known = Dictionary(uniqueKeysWithValues: types.map { ($0.kind, $0 as any (Codable & Sendable).Type) })
        self.types = Mutex(known.merging(others) { _, other in other })
    }

    /// Makes a type known; one that is known already stays so.
    ///
    /// - Throws: `RegistrationError` if another type has the name.
    package func register(_ kind: String, _ type: any (Codable & Sendable).Type) throws(RegistrationError) {
        if knows(type, as: kind) { return }
        guard !contains(kind) else { throw RegistrationError(what: what, kind: kind) }
        types.withLock { $0[kind] = type }
    }

    /// Makes a value known by a name, which takes no arguments.
    ///
    /// - Throws: `RegistrationError` if a type or another value has the name.
    package func register(_ value: Member, named name: String) throws(RegistrationError) {
        guard !contains(name) else { throw RegistrationError(what: what, kind: name) }
        values.withLock { $0[name] = value }
    }

    /// The value of a name; `nil` if there is none.
    package func value(_ name: String) -> Member? { values.withLock { $0[name] } }

    /// The names of values, in order of the alphabet.
    var valueNames: [String] { values.withLock { $0.keys.sorted() } }

    /// Whether a name stands for this type.
    package func knows(_ type: any (Codable & Sendable).Type, as kind: String) -> Bool {
        find(kind).map { ObjectIdentifier($0) == ObjectIdentifier(type) } ?? false
    }

    package var kinds: [String] { (types.withLock { Array($0.keys) } + valueNames).sorted() }

    /// Every type with its kind, in order of the alphabet.
    var members: [(kind: String, type: any (Codable & Sendable).Type)] {
        types.withLock { types in types.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }

    /// Every type that has a schema.
    package var configurable: [any Configurable.Type] {
        types.withLock { types in types.values.compactMap { $0 as? any Configurable.Type } }.sorted {
            $0.kind < $1.kind
        }
    }

    package func contains(_ kind: String) -> Bool { find(kind) != nil || value(kind) != nil }

    /// The type of a kind; capitals do not matter.
    private func find(_ kind: String) -> (any (Codable & Sendable).Type)? {
        types.withLock { types in types[kind] ?? types.first { $0.key.lowercased() == kind.lowercased() }?.value }
    }

    private func type(_ kind: String, _ path: [any CodingKey]) throws -> any (Codable & Sendable).Type {
        guard let found = find(kind) else { throw Names.unknown(what, kind, kinds, path) }
        return found
    }

    /// The member of a kind: what a decoder says of it, or all arguments at their default.
    package func member(_ kind: String, from decoder: (any Decoder)?, at path: [any CodingKey]) throws -> Member {
        if let value = value(kind) {
            if let decoder { try Fields(decoder).checkNames([]) }
            return value
        }
        let type = try type(kind, path)
        if let decoder { return try type.init(from: decoder) as! Member }
        if let type = type as? any Configurable.Type { return try type.value(from: Fields(nothingAt: path)) as! Member }
        return try type.init(from: NothingDecoder(codingPath: path)) as! Member
    }

    /// A member that is described by a name, or by a name and arguments; arguments of other names are the caller's.
    package func member(from decoder: any Decoder, besides others: [String] = []) throws -> (
        member: Member, fields: Fields
    ) {
        let named = try NamedFields(decoder, what)
        return try member(named.name, from: named.decoder, besides: others, at: decoder.codingPath)
    }

    /// The member of a kind; arguments of other names are the caller's.
    package func member(
        _ kind: String, from decoder: (any Decoder)?, besides others: [String], at path: [any CodingKey]
    ) throws -> (member: Member, fields: Fields) {
        let fields = decoder.map(Fields.init) ?? Fields(nothingAt: path)
        if let value = value(kind) {
            try fields.checkNames(others)
            return (value, fields)
        }
        guard let type = try type(kind, path) as? any Configurable.Type else {
            return (try member(kind, from: decoder, at: path), fields)
        }
        return (try type.value(from: fields, besides: others) as! Member, fields)
    }
}

/// A name in files that another type has already.
public struct RegistrationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the types are: `layer`.
    let what: String
    /// The name.
    let kind: String

    package init(what: String, kind: String) {
        self.what = what
        self.kind = kind
    }

    public var description: String {
        "there is a \(what) \(kind) already; rename the type, or give it another name in files: static var kind"
    }
}

/// Decodes types without properties.
private struct NothingDecoder: Decoder {
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    private var error: DecodingError {
        .dataCorrupted(
            DecodingError.Context(codingPath: codingPath, debugDescription: "expected arguments after the name"))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw error }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw error }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Container<Key>(codingPath: codingPath))
    }

    private struct Container<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let codingPath: [any CodingKey]
        var allKeys: [Key] { [] }
        func contains(_ key: Key) -> Bool { false }

        private func missing(_ key: any CodingKey) -> DecodingError {
            .keyNotFound(
                key,
                DecodingError.Context(codingPath: codingPath, debugDescription: "the key \(key.stringValue) is missing")
            )
        }

        func decodeNil(forKey key: Key) throws -> Bool { throw missing(key) }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { throw missing(key) }
        func nestedContainer<NestedKey: CodingKey>(
            keyedBy type: NestedKey.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<NestedKey> { throw missing(key) }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw missing(key) }
        func superDecoder() throws -> any Decoder { throw missing(NameKey("super")) }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw missing(key) }
    }
}
