/// A value that files and people write as a kind with arguments: `dropout: 0.3` in YAML, `Dropout(0.3)` in Swift.
///
/// The `schema` lists the arguments; reading, writing and printing follow from it.
///
/// ```swift
/// struct Scaled: Layer, Configurable {
///     var factor = 2.0
///     static let schema = Schema(
///         Scaled(), .leading("factor", \.factor, hasDefault: true, isLabelled: true))
///     func output(for x: Tensor, in context: Context) -> Tensor { x * factor }
/// }
/// print(Scaled(factor: 0.5))  // Scaled(factor: 0.5); in files: scaled: 0.5
/// ```
public protocol Configurable: Sendable, Hashable, Codable, CustomStringConvertible, FileRepresentable {
    /// The name in files: `conv2D`, `adam`.
    static var kind: String { get }
    /// The arguments with their names and defaults.
    static var schema: Schema<Self> { get }
}

extension Configurable {
    /// The type's name in lower camel case: `Conv2D` → `conv2D`, `RMSNorm` → `rmsNorm`.
    public static var kind: String { Names.kind(of: Self.self) }

    public init(from decoder: any Decoder) throws { self = try Self.schema.value(from: decoder) }

    public func encode(to encoder: any Encoder) throws { try Self.schema.write(self, to: encoder) }

    /// The value as Swift code makes it, without arguments at their default.
    public var description: String {
        "\(Self.self)(\(Self.schema.arguments(self).joined(separator: ", ")))"
    }

    /// Whether the kind alone says everything.
    package var isDefault: Bool { Self.schema.isDefault(self) }

    package static var defaults: [(name: String, text: String)] { schema.defaults }

    static func value(from fields: Fields, besides others: [String] = []) throws -> Self {
        try schema.value(from: fields, besides: others)
    }
}

extension Names {
    /// A type's name in lower camel case.
    package static func kind(of type: Any.Type) -> String {
        let name = String(describing: type)
        let capitals = name.prefix { $0.isUppercase }.count
        // The last capital of several begins the next word, unless the name ends with it.
        let small = capitals > 1 && capitals < name.count ? capitals - 1 : capitals
        return name.prefix(small).lowercased() + name.dropFirst(small)
    }
}

extension Configurable {
    /// Writes the value as a kind: its name, or its name with what is not at its default, and with options of the caller's.
    package func encode(
        named name: String, to encoder: any Encoder,
        options: (inout KeyedEncodingContainer<NameKey>) throws -> Void = { _ in }, hasOptions: () -> Bool = { false }
    ) throws {
        if isDefault, !hasOptions() {
            var container = encoder.singleValueContainer()
            return try container.encode(name)
        }
        var container = encoder.container(keyedBy: NameKey.self)
        guard hasOptions() else { return try container.encode(self, forKey: NameKey(name)) }
        var constants = container.nestedContainer(keyedBy: NameKey.self, forKey: NameKey(name))
        try Self.schema.write(self, to: &constants)
        try options(&constants)
    }
}
