/// A type that says how files write its values.
///
/// ```swift
/// enum Season: String, Codable, FileRepresentable {
///     case summer, winter
///     static var form: Form { .words(["summer", "winter"]) }
/// }
/// ```
public protocol FileRepresentable {
    /// How files write its values.
    static var form: Form { get }
}

/// How files write the values of a type: what a JSON Schema, a page of defaults and the path of a setting follow from.
///
/// ```swift
/// let size = Form.either([.integer, .list(.integer)])   // 5 or [5, 3]
/// ```
public indirect enum Form {
    /// Nothing is known of it.
    case anything
    /// Nothing: `null`.
    case null
    /// `true` or `false`.
    case boolean
    /// A whole number.
    case integer
    /// A number.
    case number
    /// A text.
    case text
    /// One of these words.
    case words([String])
    /// A list whose elements have a form.
    case list(Form)
    /// Arguments by name.
    case mapping([Constant])
    /// Values of a form by names that the file chooses.
    case named(Form)
    /// One kind: its name, or its name with arguments.
    case kinds(Kinds)
    /// One of several forms.
    case either([Form])
    /// The form of a type, looked up when it is needed: layers hold layers.
    case type(any FileRepresentable.Type)

    /// An argument of a mapping.
    public struct Constant {
        package var name: String
        package var form: Form
        package var isRequired: Bool
        /// Whether it may stand alone in place of the mapping.
        package var isLeading = false
        /// The default as JSON; `nil` if there is none.
        package var defaultJSON: String?
        /// What it means.
        package var help: String?

        package init(
            _ name: String, _ form: Form, isRequired: Bool = false, isLeading: Bool = false, defaultJSON: String? = nil,
            help: String? = nil
        ) {
            self.name = name
            self.form = form
            self.isRequired = isRequired
            self.isLeading = isLeading
            self.defaultJSON = defaultJSON
            self.help = help
        }
    }

    /// Values that are written by name, `relu`, or by name with arguments, `{leakyReLU: 0.1}`.
    public struct Kinds {
        /// What they are: `activation`.
        package var what: String
        package var kinds: [Kind]
        /// Arguments beside the name.
        package var beside: [Constant] = []

        package init(_ what: String, _ kinds: [Kind], beside: [Constant] = []) {
            self.what = what
            self.kinds = kinds
            self.beside = beside
        }

        /// The kind of a name; capitals do not matter.
        package func kind(_ name: String) -> Kind? {
            kinds.first { $0.names.contains(name) }
                ?? kinds.first { $0.names.contains { $0.lowercased() == name.lowercased() } }
        }
    }

    /// One of several kinds.
    public struct Kind {
        package var name: String
        /// Other names under which it is read.
        package var synonyms: [String] = []
        /// What follows the name; nothing if `nil`.
        package var content: Form?
        /// Whether the name alone is enough.
        package var isBare: Bool

        package init(_ name: String, synonyms: [String] = [], content: Form?, isBare: Bool) {
            self.name = name
            self.synonyms = synonyms
            self.content = content
            self.isBare = isBare
        }

        package var names: [String] { [name] + synonyms }

        /// The same with more arguments.
        package func adding(_ constants: [Constant]) -> Kind {
            var copy = self
            switch content {
            case nil: copy.content = .mapping(constants)
            case .mapping(let own): copy.content = .mapping(own + constants)
            default: break
            }
            return copy
        }
    }
}

extension Form {
    /// The form behind the name of a type.
    package var resolved: Form { if case .type(let type) = self { type.form.resolved } else { self } }

    /// The forms that a value may have.
    package var alternatives: [Form] {
        if case .either(let forms) = resolved { forms.flatMap(\.alternatives) } else { [resolved] }
    }

    /// The arguments, if files may write a mapping of them.
    package var constants: [Constant]? {
        alternatives.lazy.compactMap { if case .mapping(let constants) = $0 { constants } else { nil } }.first
    }

    /// The form of values by name, if files may choose the names.
    package var named: Form? {
        alternatives.lazy.compactMap { if case .named(let content) = $0 { content } else { nil } }.first
    }

    /// The kinds, if files may write one of several.
    package var kinds: Kinds? {
        alternatives.lazy.compactMap { if case .kinds(let kinds) = $0 { kinds } else { nil } }.first
    }

    /// The form of a list's elements, if files may write a list.
    package var element: Form? {
        alternatives.lazy.compactMap { if case .list(let element) = $0 { element } else { nil } }.first
    }

    /// The form of any type: what the type says itself, or the words of an enumeration.
    package static func of(_ type: any Any.Type) -> Form {
        if let type = type as? any FileRepresentable.Type { return .type(type) }
        if let type = type as? any RawRepresentable<String>.Type, let type = type as? any CaseIterable.Type {
            return .words(words(of: type))
        }
        return .anything
    }

    private static func words<Words: CaseIterable>(of type: Words.Type) -> [String] {
        type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
    }
}

extension Bool: FileRepresentable {
    public static var form: Form { .boolean }
}

extension Int: FileRepresentable {
    public static var form: Form { .integer }
}

extension UInt64: FileRepresentable {
    public static var form: Form { .integer }
}

extension Double: FileRepresentable {
    public static var form: Form { .number }
}

extension Float: FileRepresentable {
    public static var form: Form { .number }
}

extension String: FileRepresentable {
    public static var form: Form { .text }
}

extension Array: FileRepresentable {
    public static var form: Form { .list(.of(Element.self)) }
}

extension Dictionary: FileRepresentable where Key == String {
    public static var form: Form { .named(.of(Value.self)) }
}

extension Optional: FileRepresentable {
    public static var form: Form { .either([.of(Wrapped.self), .null]) }
}

extension Configurable {
    public static var form: Form { schema.form }
}

extension Schema {
    /// How files write the values.
    package var form: Form {
        if let whole = fields.first, whole.role == .whole { return whole.form() }
        return .mapping(constants)
    }

    /// The arguments with their forms, defaults and meanings.
    package var constants: [Form.Constant] {
        fields.map { field in
            Form.Constant(
                field.name, field.form(), isRequired: !field.hasDefault, isLeading: field.role == .leading,
                defaultJSON: field.hasDefault ? field.json(defaultValue) : nil, help: field.help)
        }
    }
}

extension ConfigurableCases {
    public static var form: Form { .kinds(kindsForm) }

    /// The cases by name.
    package static var kindsForm: Form.Kinds {
        Form.Kinds(
            what,
            cases.map { item in
                let payload = CasePayload(item.defaultValue)
                let constants = zip(payload.names, payload.constants).enumerated().map { index, constant in
                    Form.Constant(
                        constant.0, .of(type(of: constant.1.value)), isRequired: item.isRequired, isLeading: index == 0,
                        defaultJSON: item.isRequired ? nil : JSONText.of(constant.1.value))
                }
                return Form.Kind(
                    item.name, synonyms: synonyms.filter { $0.value == item.name }.keys.sorted(),
                    content: constants.isEmpty ? nil : .mapping(constants), isBare: !item.isRequired)
            })
    }
}

extension Registry {
    /// The kinds by name.
    ///
    /// - Parameter constants: What the caller reads itself among the arguments of each kind.
    package func form(adding constants: [Form.Constant] = [], beside: [Form.Constant] = []) -> Form.Kinds {
        let values = valueNames.map { Form.Kind($0, content: nil, isBare: true) }
        return Form.Kinds(
            what, (members.map { kind($0.kind, $0.type) } + values).map { $0.adding(constants) }, beside: beside)
    }

    private func kind(_ name: String, _ type: any (Codable & Sendable).Type) -> Form.Kind {
        guard let type = type as? any Configurable.Type else {
            return Form.Kind(name, content: .of(type), isBare: false)
        }
        let form = type.form
        if case .mapping(let constants) = form {
            return Form.Kind(
                name, content: constants.isEmpty ? nil : form, isBare: constants.allSatisfy { !$0.isRequired })
        }
        return Form.Kind(name, content: form, isBare: false)
    }
}
