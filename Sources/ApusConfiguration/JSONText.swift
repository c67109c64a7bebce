import Foundation

/// JSON with keys in the order in which they were given.
package indirect enum JSONText: CustomStringConvertible {
    /// A text that is JSON.
    case raw(String)
    case text(String)
    case flag(Bool)
    case list([JSONText])
    case object([(String, JSONText)])

    /// On several lines, for people.
    package var description: String { text(indent: "") }

    /// Without any space.
    package var compact: String {
        switch self {
        case .list(let items): "[\(items.map(\.compact).joined(separator: ","))]"
        case .object(let entries):
            "{\(entries.map { "\(JSONText.quoted($0.0)):\($0.1.compact)" }.joined(separator: ","))}"
        default: text(indent: "")
        }
    }

    private func text(indent: String) -> String {
        let inner = indent + "  "
        switch self {
        case .raw(let text): return text
        case .text(let text): return JSONText.quoted(text)
        case .flag(let flag): return "\(flag)"
        case .list(let items):
            if items.isEmpty { return "[]" }
            if items.allSatisfy(\.isScalar) { return "[\(items.map { $0.text(indent: "") }.joined(separator: ", "))]" }
            return "[\n" + items.map { inner + $0.text(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
        case .object(let entries):
            if entries.isEmpty { return "{}" }
            let lines = entries.map { "\(inner)\(JSONText.quoted($0.0)): \($0.1.text(indent: inner))" }
            if entries.allSatisfy(\.1.isScalar) {
                let line = "{" + lines.map { String($0.dropFirst(inner.count)) }.joined(separator: ", ") + "}"
                if line.count + indent.count < 100 { return line }
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        }
    }

    private var isScalar: Bool {
        switch self {
        case .list, .object: false
        default: true
        }
    }

    /// A string of JSON, with as few escapes as it needs.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..<"\u{20}":
                result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A value as JSON; `nil` if it can't be written.
    package static func of(_ value: Any) -> String? {
        guard let value = value as? any Encodable else { return nil }
        func list(_ value: some Encodable) -> Data? {
            try? FileJSON.encoder().encode([value])
        }
        // A list, for some systems write no single values.
        guard let data = list(value) else { return nil }
        return String(String(decoding: data, as: UTF8.self).dropFirst().dropLast())
    }
}
