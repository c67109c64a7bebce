/// A JSON Schema (draft 2020-12) of what files may say.
package struct JSONSchema: CustomStringConvertible {
    private let root: JSONText

    package init(_ title: String, _ type: any FileRepresentable.Type) {
        var definitions = Definitions()
        let form = definitions.schema(type.form)
        var entries: [(String, JSONText)] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")), ("title", .text(title)),
        ]
        if case .object(let own) = form { entries += own }
        root = .object(entries + [("$defs", .object(definitions.entries))])
    }

    package var description: String { root.description }
}

/// The schemas of types, each written once.
private struct Definitions {
    private var names: [String] = []
    private var schemas: [String: JSONText] = [:]

    var entries: [(String, JSONText)] { names.sorted().map { ($0, schemas[$0] ?? .flag(true)) } }

    mutating func schema(_ form: Form) -> JSONText {
        switch form {
        case .anything: return .object([])
        case .null: return type("null")
        case .boolean: return type("boolean")
        case .integer: return type("integer")
        case .number: return type("number")
        case .text: return type("string")
        case .words(let words): return .object([("enum", .list(words.map { .text($0) }))])
        case .list(let element): return .object([("type", .text("array")), ("items", schema(element))])
        case .mapping(let constants): return mapping(constants)
        case .named(let content):
            return .object([("type", .text("object")), ("additionalProperties", schema(content))])
        case .kinds(let kinds): return self.kinds(kinds)
        case .either(let forms): return .object([("anyOf", .list(forms.map { schema($0) }))])
        case .type(let type): return reference(type)
        }
    }

    private func type(_ name: String) -> JSONText { .object([("type", .text(name))]) }

    /// What is worth a name is written once and referred to; the rest stands where it is used.
    private mutating func reference(_ type: any FileRepresentable.Type) -> JSONText {
        switch type.form {
        case .mapping, .kinds: break
        case .either(let forms) where forms.contains(where: { if case .kinds = $0 { true } else { false } }): break
        case let form: return schema(form)
        }
        let name = String(reflecting: type).split(separator: ".").dropFirst().joined(separator: ".")
        if !names.contains(name) {
            names.append(name)
            schemas[name] = schema(type.form)
        }
        return .object([("$ref", .text("#/$defs/\(name)"))])
    }

    /// An object of arguments, or the leading argument in its place.
    private mutating func mapping(_ constants: [Form.Constant], _ more: [(String, JSONText)] = []) -> JSONText {
        let properties = constants.map { constant in (constant.name, property(constant)) }
        var entries: [(String, JSONText)] = [("type", .text("object"))]
        if !properties.isEmpty { entries.append(("properties", .object(properties))) }
        let required = constants.filter(\.isRequired).map { JSONText.text($0.name) }
        if !required.isEmpty { entries.append(("required", .list(required))) }
        entries.append(("additionalProperties", .flag(false)))
        guard let leading = constants.first(where: \.isLeading),
            constants.allSatisfy({ !$0.isRequired || $0.isLeading })
        else { return .object(entries) }
        return .object([("anyOf", .list([schema(leading.form), .object(entries)]))])
    }

    private mutating func property(_ constant: Form.Constant) -> JSONText {
        guard case .object(var entries) = schema(constant.form) else { return .object([]) }
        if let help = constant.help { entries.append(("description", .text(help))) }
        if let json = constant.defaultJSON { entries.append(("default", .raw(json))) }
        return .object(entries)
    }

    /// A name, or an object with one name and what stands beside it.
    private mutating func kinds(_ kinds: Form.Kinds) -> JSONText {
        let beside = kinds.beside.map { ($0.name, property($0)) }
        let bare = kinds.kinds.filter(\.isBare).flatMap(\.names)
        var options: [JSONText] = []
        if !bare.isEmpty { options.append(.object([("enum", .list(bare.map { .text($0) }))])) }
        for kind in kinds.kinds {
            let content =
                kind.content.map { schema($0) } ?? .object([("type", .text("object")), ("maxProperties", .raw("0"))])
            for name in kind.names {
                options.append(
                    .object([
                        ("type", .text("object")), ("properties", .object([(name, content)] + beside)),
                        ("required", .list([.text(name)])), ("additionalProperties", .flag(false)),
                    ]))
            }
        }
        return .object([("description", .text("One \(kinds.what)")), ("oneOf", .list(options))])
    }
}
