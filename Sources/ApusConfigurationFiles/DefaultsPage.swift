package import ApusConfiguration

/// Arguments with their defaults and meanings, as a file that says everything.
package struct DefaultsPage: CustomStringConvertible {
    private var lines: [String] = []

    package var description: String { lines.joined(separator: "\n") + "\n" }

    /// - Parameter given: Names for arguments that have no default.
    package init(_ constants: [Form.Constant], given: [String: String]) {
        write(constants, given: given.mapValues { .name($0, nil) }, indent: "")
    }

    /// - Parameter given: Values in place of the defaults.
    private mutating func write(_ constants: [Form.Constant], given: [String: FileNode] = [:], indent: String) {
        for constant in constants {
            if indent.isEmpty, !lines.isEmpty { lines.append("") }
            comment(constant, indent)
            let byDefault = constant.defaultJSON.flatMap { try? FileNode(yaml: $0, file: "") }
            if let value = given[constant.name] ?? byDefault, !value.isNull {
                write(constant.name, value, constant.form, indent)
            } else {
                lines.append("\(indent)# \(constant.name):")
            }
        }
    }

    private mutating func write(_ name: String, _ value: FileNode, _ form: Form, _ indent: String) {
        if let kinds = form.plainKinds {
            let beside = kinds.beside.map(\.name)
            let current = value.scalar ?? value.entries?.first { !beside.contains($0.key) }?.key ?? ""
            let constants = kinds.kind(current)?.content?.constants ?? []
            if constants.isEmpty, beside.isEmpty { return lines.append("\(indent)\(name): \(current)") }
            lines.append("\(indent)\(name):")
            if constants.isEmpty {
                lines.append("\(indent)  \(current): {}")
            } else {
                lines.append("\(indent)  \(current):")
                write(constants, given: given(value[current], constants), indent: indent + "    ")
            }
            return write(kinds.beside, given: given(value, kinds.beside), indent: indent + "  ")
        }
        if let constants = form.constants, !constants.isEmpty, value.entries != nil {
            lines.append("\(indent)\(name):")
            return write(constants, given: given(value, constants), indent: indent + "  ")
        }
        lines.append("\(indent)\(name): \(value.flow)")
    }

    /// The arguments that a value gives; one that stands alone is the leading one.
    private func given(_ value: FileNode?, _ constants: [Form.Constant]) -> [String: FileNode] {
        guard let value else { return [:] }
        if let entries = value.entries { return Dictionary(entries.map { ($0.key, $0.value) }) { first, _ in first } }
        return constants.first(where: \.isLeading).map { [$0.name: value] } ?? [:]
    }

    private mutating func comment(_ constant: Form.Constant, _ indent: String) {
        var text = constant.help.map { $0 + "." } ?? ""
        if constant.isRequired { text += " Must be given." }
        if let kinds = (constant.form.element ?? constant.form).plainKinds, kinds.what != "layer" {
            text += " Known are \(kinds.kinds.map(\.name).joined(separator: ", "))."
        } else if case .words(let words) = constant.form.resolved {
            text += " One of \(words.joined(separator: ", "))."
        }
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent.count + line.count + word.count > 96 {
                lines.append("\(indent)# \(line)")
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        if !line.isEmpty { lines.append("\(indent)# \(line)") }
    }
}

extension FileNode {
    /// The value in one line of YAML.
    var flow: String {
        switch content {
        case .scalar(let text, isPlain: true):
            // Readers of YAML 1.1 take a number without a point for a text: 1e-07.
            Double(text) != nil && text.contains("e") && !text.contains(".") ? text.replacing("e", with: ".0e") : text
        case .scalar(let text, isPlain: false): FileNode.isWord(text) ? text : JSONText.of(text) ?? ""
        case .list(let items): "[\(items.map(\.flow).joined(separator: ", "))]"
        case .mapping(let entries): "{\(entries.map { "\($0.key): \($0.value.flow)" }.joined(separator: ", "))}"
        }
    }

    /// Whether a text needs no quotes.
    private static func isWord(_ text: String) -> Bool {
        guard text.first?.isLetter == true else { return false }
        return text.allSatisfy { $0.isLetter || $0.isNumber || "-_/.".contains($0) }
            && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    }
}
