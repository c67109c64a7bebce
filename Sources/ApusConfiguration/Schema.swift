/// What files and people may say about a kind of value: its arguments with their names and defaults.
///
/// From one list follow reading (arguments left out are at their default, unknown ones are errors with a suggestion), writing
/// (arguments at their default are left out) and printing (as the initializer is called in Swift).
///
/// ```swift
/// struct Noise: Layer, Configurable {
///     var deviation: Double
///     var isUniform = false
///     static let schema = Schema(
///         Noise(deviation: 0.1),
///         .required("deviation", \.deviation, help: "The standard deviation"),
///         .optional("isUniform", \.isUniform))
///     func output(for x: Tensor, in context: Context) -> Tensor {
///         isUniform
///             ? x + (context.uniform(x.shape) - 0.5) * deviation
///             : x + context.normal(x.shape) * deviation
///     }
/// }  // files write: noise: {deviation: 0.2}
/// ```
public struct Schema<Value: Sendable>: Sendable {
    /// The value with every argument at its default.
    public let defaultValue: Value
    let fields: [Field]

    /// The arguments of a value.
    ///
    /// - Parameters:
    ///   - defaultValue: The value with every argument at its default; those that files must give may be anything in it.
    ///   - fields: One for each argument, in the order of the initializer's parameters.
    public init(_ defaultValue: Value, _ fields: Field...) { self.init(defaultValue, fields) }

    /// The arguments of a value, of which types that belong together have some in common.
    public init(_ defaultValue: Value, _ fields: [Field]) {
        self.defaultValue = defaultValue
        self.fields = fields
    }

    /// One argument.
    public struct Field: Sendable {
        enum Role: Sendable {
            /// In files it may stand alone in place of all arguments.
            case leading
            /// Has no default.
            case required
            case optional
            /// The value is nothing else: files hold the argument itself.
            case whole
        }

        let name: String
        /// What older files call it.
        let former: String?
        let role: Role
        let hasDefault: Bool
        /// Whether Swift's initializer names it.
        let isLabelled: Bool
        /// What it means, for pages of defaults.
        let help: String?
        let form: @Sendable () -> Form
        let json: @Sendable (Value) -> String?
        fileprivate let isDefault: @Sendable (Value, Value) -> Bool
        fileprivate let read: @Sendable (Fields, inout Value) throws -> Bool
        fileprivate let readWhole: @Sendable (any Decoder, inout Value) throws -> Void
        fileprivate let write: @Sendable (Value, inout KeyedEncodingContainer<NameKey>) throws -> Void
        fileprivate let writeAlone: @Sendable (Value, any Encoder) throws -> Void
        fileprivate let text: @Sendable (Value) -> String
        fileprivate let isAbsent: @Sendable (Value) -> Bool

        private init<Constant: Codable & Hashable & Sendable>(
            _ name: String, _ path: any WritableKeyPath<Value, Constant> & Sendable, _ role: Role, hasDefault: Bool,
            isLabelled: Bool, former: String? = nil, help: String? = nil
        ) {
            self.name = name
            self.former = former
            self.role = role
            self.hasDefault = hasDefault
            self.isLabelled = isLabelled
            self.help = help
            form = { .of(Constant.self) }
            json = { JSONText.of($0[keyPath: path]) }
            isDefault = { $0[keyPath: path] == $1[keyPath: path] }
            read = { fields, value in
                var constant: Constant? = try fields.value(name, isLeading: role == .leading)
                if constant == nil, let former { constant = try fields.value(former, isLeading: false) }
                guard let constant else { return false }
                value[keyPath: path] = constant
                return true
            }
            readWhole = { decoder, value in value[keyPath: path] = try Constant(from: decoder) }
            write = { value, container in
                try container.encode(SortedNames(value[keyPath: path]), forKey: NameKey(name))
            }
            writeAlone = { value, encoder in
                var container = encoder.singleValueContainer()
                try container.encode(value[keyPath: path])
            }
            text = { sourceText($0[keyPath: path]) }
            isAbsent = {
                Mirror(reflecting: $0[keyPath: path]).displayStyle == .optional
                    && sourceText($0[keyPath: path]) == "nil"
            }
        }

        /// The main argument: the 10 of `Dense(10)` and of `dense: 10`.
        ///
        /// - Parameters:
        ///   - name: The name of the argument in files and in Swift.
        ///   - path: The property that holds it.
        ///   - hasDefault: Whether it may be left out.
        ///   - isLabelled: Whether Swift's initializer names it, as in `Huber(delta: 0.5)`.
        ///   - former: What older files call it.
        ///   - help: What it means, for pages of defaults.
        public static func leading<Constant: Codable & Hashable & Sendable>(
            _ name: String, _ path: any WritableKeyPath<Value, Constant> & Sendable, hasDefault: Bool = false,
            isLabelled: Bool = false, former: String? = nil, help: String? = nil
        ) -> Field {
            Field(name, path, .leading, hasDefault: hasDefault, isLabelled: isLabelled, former: former, help: help)
        }

        /// An argument that must be given.
        ///
        /// - Parameters:
        ///   - name: The name of the argument in files and in Swift.
        ///   - path: The property that holds it.
        ///   - isLabelled: Whether Swift's initializer names it.
        ///   - help: What it means, for pages of defaults.
        public static func required<Constant: Codable & Hashable & Sendable>(
            _ name: String, _ path: any WritableKeyPath<Value, Constant> & Sendable, isLabelled: Bool = true,
            help: String? = nil
        ) -> Field {
            Field(name, path, .required, hasDefault: false, isLabelled: isLabelled, help: help)
        }

        /// An argument with a default, that of `defaultValue`.
        ///
        /// - Parameters:
        ///   - name: The name of the argument in files and in Swift.
        ///   - path: The property that holds it.
        ///   - former: What older files call it.
        ///   - help: What it means, for pages of defaults.
        public static func optional<Constant: Codable & Hashable & Sendable>(
            _ name: String, _ path: any WritableKeyPath<Value, Constant> & Sendable, former: String? = nil,
            help: String? = nil
        ) -> Field {
            Field(name, path, .optional, hasDefault: true, isLabelled: true, former: former, help: help)
        }

        /// The only argument, which files hold in place of the value: `activation: relu`.
        public static func whole<Constant: Codable & Hashable & Sendable>(
            _ name: String, _ path: any WritableKeyPath<Value, Constant> & Sendable
        ) -> Field {
            Field(name, path, .whole, hasDefault: false, isLabelled: false)
        }
    }

    // MARK: What there is

    package var names: [String] { fields.map(\.name) }

    /// What older files call some of them.
    package var formerNames: [String] { fields.compactMap(\.former) }

    /// The names of arguments with a default, and the default as Swift writes it.
    package var defaults: [(name: String, text: String)] {
        fields.filter(\.hasDefault).map { ($0.name, $0.text(defaultValue)) }
    }

    /// Whether a value is described by its kind alone.
    package func isDefault(_ value: Value) -> Bool {
        fields.allSatisfy { $0.hasDefault && $0.isDefault(value, defaultValue) }
    }

    // MARK: Reading

    /// The value that a file describes.
    ///
    /// - Parameter others: Names that the caller reads itself.
    package func value(from fields: Fields, besides others: [String] = []) throws -> Value {
        var value = defaultValue
        try fields.checkNames(names + others, former: formerNames)
        if fields.isSingle, !self.fields.contains(where: { $0.role == .leading }) {
            throw fields.unexpectedValue(names)
        }
        for field in self.fields where try !field.read(fields, &value) && !field.hasDefault {
            throw fields.missing(field.name)
        }
        return value
    }

    func value(from decoder: any Decoder) throws -> Value {
        guard let whole = fields.first, whole.role == .whole else { return try value(from: Fields(decoder)) }
        var value = defaultValue
        try whole.readWhole(decoder, &value)
        return value
    }

    // MARK: Writing

    /// Writes what is not at its default: the leading argument by itself if there is nothing else, a mapping otherwise.
    func write(_ value: Value, to encoder: any Encoder) throws {
        let written = fields.filter { !$0.hasDefault || !$0.isDefault(value, defaultValue) }
        if let only = written.first, written.count == 1, only.role == .leading || only.role == .whole {
            return try only.writeAlone(value, encoder)
        }
        var container = encoder.container(keyedBy: NameKey.self)
        try write(value, to: &container)
    }

    package func write(_ value: Value, to container: inout KeyedEncodingContainer<NameKey>) throws {
        for field in fields where !field.hasDefault || !field.isDefault(value, defaultValue) {
            try field.write(value, &container)
        }
    }

    /// Writes every argument, those at their default as well; what is absent stays out.
    package func writeAll(_ value: Value, to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: NameKey.self)
        for field in fields where !field.isAbsent(value) { try field.write(value, &container) }
    }

    // MARK: Printing

    /// The arguments of the initializer, without those at their default.
    package func arguments(_ value: Value) -> [String] {
        fields.filter { !$0.hasDefault || !$0.isDefault(value, defaultValue) }.map { field in
            field.isLabelled ? "\(field.name): \(field.text(value))" : field.text(value)
        }
    }
}

/// A value as Swift code writes it where its type is known.
func sourceText(_ value: Any) -> String {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional: return mirror.children.first.map { sourceText($0.value) } ?? "nil"
    case .enum where value is any CustomStringConvertible: return ".\(value)"
    case .enum:
        let payload = CasePayload(value)
        let constants = zip(payload.constants, payload.texts).map { constant, text in
            constant.label.map { "\($0): \(text)" } ?? text
        }
        return constants.isEmpty ? ".\(payload.name)" : ".\(payload.name)(\(constants.joined(separator: ", ")))"
    case .collection: return "[\(mirror.children.map { sourceText($0.value) }.joined(separator: ", "))]"
    default: return value is String ? "\"\(value)\"" : "\(value)"
    }
}
