import ApusConfiguration

/// What is wrong in a file, in words, and where.
package struct FileProblem {
    /// The keys and places that lead to the value.
    package let path: [String]
    /// The key or kind that does not exist, or is missing.
    package let name: String?
    private let text: String

    package init(_ path: [String], _ text: String) {
        self.path = path
        self.text = text
        name = nil
    }

    /// What went wrong when a value was read.
    init(_ error: any Error, in root: FileNode, _ form: Form) {
        if let error = error as? DecodingError {
            self.init(error, in: root, form)
        } else {
            self.init([], "\(error)")
        }
    }

    /// What a decoder says, in words of files.
    private init(_ error: DecodingError, in root: FileNode, _ form: Form) {
        func names(_ context: DecodingError.Context) -> [String] {
            context.codingPath.map { key in key.intValue.map { "\($0)" } ?? key.stringValue }
        }
        switch error {
        case .keyNotFound(let key, let context):
            (path, name, text) = (names(context), key.stringValue, "the key \(key.stringValue.shown) is missing")
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            (path, name) = (names(context), nil)
            // Lists and keys in place of numbers and texts: the decoder does not say in place of which.
            let isScalar = "\(type)" == "Scalar"
            let words = (isScalar ? form.at(path[...])?.words : nil) ?? FileProblem.words(type)
            text = "expected \(words) but found \(root.nearest(path).found)"
        case .dataCorrupted(let context):
            path = names(context)
            name = (context.underlyingError as? Names.UnknownName)?.name
            let found = root.nearest(path)
            if case .words(let words) = form.at(path[...])?.resolved ?? .anything, name == nil,
                let scalar = found.scalar
            {
                text = "expected one of \(words.joined(separator: ", ")) but found \(scalar.quoted)"
            } else {
                let said = context.debugDescription
                let end = "but received a single value"
                text = said.hasSuffix(end) ? said.dropLast(end.count) + "but found \(found.found)" : said
            }
        @unknown default: (path, name, text) = ([], nil, "\(error)")
        }
    }

    /// The error with the line in front and the path at the end.
    func error(in root: FileNode, _ file: String) -> ConfigurationError {
        let place = place(in: root)
        let end = path.isEmpty ? "" : " at \(path.map(\.shown).joined(separator: "."))"
        let isSetting = if case .setting = place { true } else { false }
        return ConfigurationError(
            "\(place.map { "\($0)" } ?? file): \(text)\(end)", kind: isSetting ? .setting : .malformed)
    }

    /// Where it was written.
    func place(in root: FileNode) -> FileNode.Place? {
        let node = root.nearest(path)
        return name.flatMap { name in node.entries?.first { $0.key == name } }?.place ?? node.place
    }

    private static func words(_ type: any Any.Type) -> String {
        switch type {
        case is Int.Type, is Int64.Type: "a whole number"
        case is UInt64.Type, is UInt.Type: "a whole number from 0"
        case is Double.Type, is Float.Type: "a number"
        case is Bool.Type: "true or false"
        case is String.Type: "a text"
        default:
            switch "\(type)" {
            case "Mapping", "Dictionary<String, Any>": "keys with values"
            case "Sequence", "Array<Any>": "a list"
            case "Scalar": "a single value"
            default: "\(type)"
            }
        }
    }
}

extension Form {
    /// What is expected, for messages, if it is a single value.
    fileprivate var words: String? {
        for form in alternatives {
            switch form {
            case .integer: return "a whole number"
            case .number: return "a number"
            case .boolean: return "true or false"
            case .text: return "a text"
            case .words(let words): return "one of \(words.joined(separator: ", "))"
            default: continue
            }
        }
        return nil
    }

    /// What may be written at a path.
    func at(_ path: ArraySlice<String>) -> Form? {
        guard let first = path.first else { return self }
        let rest = path.dropFirst()
        if let kinds {
            if let inner = kinds.beside.first(where: { $0.name == first })?.form ?? kinds.kind(first)?.content {
                return inner.at(rest)
            }
        }
        if let inner = constants?.first(where: { $0.name == first })?.form { return inner.at(rest) }
        return Int(first) == nil ? nil : element?.at(rest)
    }
}
