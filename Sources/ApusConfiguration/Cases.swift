/// An enumeration whose cases files write by name, with arguments where there are any: `relu`, `{leakyReLU: 0.1}`,
/// `{uniform: {low: -1, high: 1}}`.
///
/// ```swift
/// func names(_ type: (some ConfigurableCases).Type) -> String {
///     "\(type.what): one of \(type.cases.count)"
/// }
/// print(names(Activation.self))  // activation: one of 19
/// ```
public protocol ConfigurableCases: Sendable, Hashable, Codable, FileRepresentable {
    /// What the cases are, for messages: `activation`.
    static var what: String { get }
    /// Every case.
    static var cases: [Case<Self>] { get }
    /// Other names under which cases are read.
    static var synonyms: [String: String] { get }
}

/// One case of an enumeration: its name and arguments follow from an example with default arguments.
public struct Case<Value: Sendable>: Sendable {
    package let defaultValue: Value
    let name: String
    /// Whether files must give the arguments.
    let isRequired: Bool
    let make: @Sendable (inout CaseConstants) throws -> Value

    /// A case without arguments.
    package init(_ value: Value) {
        self.init(value) { _ in value }
    }

    /// A case with arguments, which are taken one after the other: `Case(.l2()) { .l2(try $0.next()) }`.
    ///
    /// - Parameter isRequired: Whether files must give the arguments, for those of the example are no defaults.
    package init(
        _ defaultValue: Value, isRequired: Bool = false, make: @escaping @Sendable (inout CaseConstants) throws -> Value
    ) {
        self.defaultValue = defaultValue
        self.isRequired = isRequired
        self.make = make
        name = CasePayload(defaultValue).name
    }
}

/// The arguments of a case as a file gives them, in the order of the case.
package struct CaseConstants {
    private let defaults: [(label: String?, value: Any)]
    private let fields: Fields
    private let isRequired: Bool
    private var position = 0

    init(_ payload: CasePayload, _ fields: Fields, isRequired: Bool) {
        self.isRequired = isRequired
        defaults = payload.constants
        self.fields = fields
    }

    /// The next argument: the file's, or the default.
    package mutating func next<Constant: Decodable>() throws -> Constant {
        let (label, value) = defaults[position]
        position += 1
        let given: Constant? = try fields.value(label ?? "value", isLeading: position == 1)
        if given == nil, isRequired { throw fields.missing(label ?? "value") }
        return given ?? (value as! Constant)
    }
}

/// Name and arguments of an enumeration's value.
struct CasePayload {
    let name: String
    let constants: [(label: String?, value: Any)]

    init(_ value: Any) {
        guard let child = Mirror(reflecting: value).children.first else {
            name = "\(value)"
            constants = []
            return
        }
        name = child.label ?? "\(value)"
        let payload = Mirror(reflecting: child.value)
        constants =
            payload.displayStyle == .tuple
            ? payload.children.map { ($0.label?.hasPrefix(".") == true ? nil : $0.label, $0.value) }
            : [(nil, child.value)]
    }

    var names: [String] { constants.map { $0.label ?? "value" } }
    var texts: [String] { constants.map { sourceText($0.value) } }
}

extension ConfigurableCases {
    /// None, unless a type has some.
    public static var synonyms: [String: String] { [:] }

    package static var names: [String] { cases.map(\.name) }

    /// Each case's name with its arguments and their defaults.
    package static var defaults: [(name: String, constants: [(name: String, text: String)])] {
        cases.map { item in
            let payload = CasePayload(item.defaultValue)
            return (item.name, zip(payload.names, payload.texts).map { ($0, $1) })
        }
    }

    /// The case of a name, with its arguments at their default; capitals do not matter.
    package static func named(_ name: String) -> Self? { found(name)?.defaultValue }

    private static func found(_ name: String) -> Case<Self>? {
        let name = (synonyms[name] ?? name).lowercased()
        return cases.first { $0.name.lowercased() == name }
    }

    public init(from decoder: any Decoder) throws {
        let named = try NamedFields(decoder, Self.what)
        try self.init(named.name, named.fields, at: decoder.codingPath)
    }

    /// The case of a name with the arguments of a file.
    ///
    /// - Parameter others: Names that the caller reads itself.
    package init(_ name: String, _ fields: Fields, besides others: [String] = [], at path: [any CodingKey] = []) throws
    {
        guard let found = Self.found(name) else { throw Names.unknown(Self.what, name, Self.names, path) }
        let payload = CasePayload(found.defaultValue)
        try fields.checkNames(payload.names + others)
        if fields.isSingle, payload.constants.isEmpty { throw fields.unexpectedValue([]) }
        var constants = CaseConstants(payload, fields, isRequired: found.isRequired)
        self = try found.make(&constants)
    }

    public func encode(to encoder: any Encoder) throws { try encode(to: encoder, options: nil) }

    /// Writes the case by its name, with its arguments unless they are at their default, and with options of the caller's.
    package func encode(
        to encoder: any Encoder, options: ((inout KeyedEncodingContainer<NameKey>) throws -> Void)?
    ) throws {
        let payload = CasePayload(self)
        let isDefault = Self.cases.contains { $0.name == payload.name && $0.defaultValue == self && !$0.isRequired }
        if isDefault, options == nil {
            var container = encoder.singleValueContainer()
            return try container.encode(payload.name)
        }
        var container = encoder.container(keyedBy: NameKey.self)
        let values = payload.constants.map { $0.value as! any Encodable }
        if values.count == 1, options == nil {
            try container.encode(values[0], forKey: NameKey(payload.name))
        } else {
            var constants = container.nestedContainer(keyedBy: NameKey.self, forKey: NameKey(payload.name))
            for (name, value) in zip(payload.names, values) where !isDefault {
                try constants.encode(value, forKey: NameKey(name))
            }
            try options?(&constants)
        }
    }
}

/// A name with what a file says about it: `relu`, or `leakyReLU: 0.1`.
package struct NamedFields {
    package let name: String
    package let fields: Fields
    /// What follows the name, if anything does.
    package let decoder: (any Decoder)?

    /// - Throws: `DecodingError` unless there is exactly one name.
    package init(_ decoder: any Decoder, _ what: String) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            self.name = name
            fields = Fields(nothingAt: decoder.codingPath)
            self.decoder = nil
            return
        }
        guard let container = try? decoder.container(keyedBy: NameKey.self), container.allKeys.count == 1 else {
            let names = (try? decoder.container(keyedBy: NameKey.self).allKeys.map(\.stringValue).sorted()) ?? []
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath,
                    debugDescription: "expected one \(what)"
                        + (names.isEmpty ? "" : " but received \(names.shown())")))
        }
        name = container.allKeys[0].stringValue
        let inner = try container.superDecoder(forKey: container.allKeys[0])
        fields = Fields(inner)
        self.decoder = inner
    }
}
