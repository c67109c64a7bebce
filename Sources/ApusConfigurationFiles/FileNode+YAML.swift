package import ApusConfiguration
import Yams

extension FileNode {
    /// Reads a YAML or JSON text.
    ///
    /// - Returns: `nil` if the text says nothing.
    /// - Throws: `ConfigurationError` that says where the text is wrong.
    package init?(yaml text: String, file: String) throws(ConfigurationError) {
        do {
            guard text.utf8.count <= FileNode.maximumByteCount else {
                throw ConfigurationError(
                    "\(file.shown) is longer than \(FileNode.maximumByteCount >> 20) MB: this is no file of settings",
                    kind: .malformed)
            }
            guard let node = try compose(yaml: text) else { return nil }
            var budget = FileNode.maximumCount
            self = try FileNode(node, file, &budget)
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError(YAMLProblem(error, text, file).description, kind: .malformed)
        }
    }

    /// Files of settings have a few hundred values; lists of columns or samples may be long.
    private static let maximumCount = 50_000
    private static let maximumKeyCount = 1000
    private static let maximumByteCount = 16 << 20

    /// - Parameter budget: How many values may still come: aliases can make small texts large.
    private init(_ node: Node, _ file: String, _ budget: inout Int) throws(ConfigurationError) {
        place = node.mark.map { .line(file: file, $0.line) }
        budget -= 1
        guard budget > 0 else {
            throw ConfigurationError(
                "\(file.shown) has more than \(FileNode.maximumCount) values: this is no file of settings",
                kind: .malformed)
        }
        switch node {
        case .scalar(let scalar):
            content = .scalar(scalar.string, isPlain: scalar.style == .plain || scalar.style == .any)
        case .sequence(let sequence):
            var items: [FileNode] = []
            for item in sequence { items.append(try FileNode(item, file, &budget)) }
            content = .list(items)
        case .mapping(let mapping):
            var (entries, merged): ([Entry], [Entry]) = ([], [])
            guard mapping.count <= FileNode.maximumKeyCount else {
                throw ConfigurationError(
                    "\(place.map { "\($0)" } ?? file.shown): \(mapping.count) keys stand here, more than any settings have",
                    kind: .malformed)
            }
            for (key, value) in mapping {
                guard let name = key.scalar?.string else {
                    throw ConfigurationError(
                        "\(place.map { "\($0)" } ?? file): expected a name as key but found a list or keys",
                        kind: .malformed)
                }
                let value = try FileNode(value, file, &budget)
                if name == "<<" {
                    // The keys of another mapping; the mapping's own keys override them.
                    let others = if case .list(let items) = value.content { items } else { [value] }
                    merged += others.flatMap { $0.entries ?? [] }
                } else {
                    entries.append(Entry(key: name, place: key.mark.map { .line(file: file, $0.line) }, value: value))
                }
            }
            for entry in merged where !entries.contains(where: { $0.key == entry.key }) { entries.append(entry) }
            content = .mapping(entries)
        case .alias: throw ConfigurationError("\(file) has an alias that can't be followed", kind: .malformed)
        }
    }

    /// The value that the tree describes.
    func decoded<Value: Decodable>() throws -> Value { try YAMLDecoder().decode(Value.self, from: node) }

    private var node: Node {
        switch content {
        case .scalar(let text, let isPlain): .scalar(Node.Scalar(text, .implicit, isPlain ? .plain : .doubleQuoted))
        case .list(let items): .sequence(Node.Sequence(items.map(\.node)))
        case .mapping(let entries):
            .mapping(Node.Mapping(entries.map { (.scalar(Node.Scalar($0.key, Tag(.str))), $0.value.node) }))
        }
    }
}

/// Why a text is not YAML, in words.
private struct YAMLProblem: CustomStringConvertible {
    let description: String

    init(_ error: any Error, _ text: String, _ file: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        func problem(_ what: String, _ mark: Mark) -> String {
            // The mark is where reading stopped; a tab is what people do not see.
            for line in [mark.line, mark.line - 1] where lines.indices.contains(line - 1) {
                if lines[line - 1].prefix(while: { $0 == " " || $0 == "\t" }).contains("\t") {
                    return "\(file):\(line): a tab indents the line; YAML wants spaces"
                }
            }
            return "\(file):\(mark.line): this is not YAML: \(what)"
        }
        switch error {
        case YamlError.scanner(_, let what, let mark, _), YamlError.parser(_, let what, let mark, _),
            YamlError.composer(_, let what, let mark, _):
            description = problem(what, mark)
        case YamlError.duplicatedKeysInMapping(let names, let context):
            let name = names.first ?? ""
            let line = YAMLProblem.secondLine(of: name, lines, from: context.mark.line) ?? context.mark.line
            description = "\(file):\(line): the key \(name.shown) is given twice"
        case YamlError.reader(let what, _, _, _): description = "\(file) is not YAML: \(what)"
        default: description = "\(file) is not YAML: \(error)"
        }
    }

    /// The line in which a key is written again.
    private static func secondLine(of key: String, _ lines: [Substring], from first: Int) -> Int? {
        func indent(_ line: Substring) -> Int? {
            let trimmed = line.drop { $0 == " " || $0 == "-" }
            let isKey = [key, "\"\(key)\"", "'\(key)'"].contains { trimmed.hasPrefix("\($0):") }
            return isKey ? line.count - trimmed.count : nil
        }
        guard lines.indices.contains(first - 1), let column = indent(lines[first - 1]) else { return nil }
        return lines.indices.dropFirst(first).first { indent(lines[$0]) == column }.map { $0 + 1 }
    }
}
