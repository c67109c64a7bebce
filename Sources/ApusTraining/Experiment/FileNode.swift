import ApusConfiguration
import Foundation
import Yams

/// A value of a file: a tree that remembers where each part was written.
struct FileNode: Sendable {
    /// Where a value was written.
    enum Place: Sendable, Hashable, CustomStringConvertible {
        case line(file: String, Int)
        case setting(String)

        var description: String {
            switch self {
            case .line(let file, let line): "\(file):\(line)"
            case .setting(let text): "the setting \(text)"
            }
        }
    }

    struct Entry: Sendable {
        var key: String
        var place: Place?
        var value: FileNode
    }

    indirect enum Content: Sendable {
        case scalar(String, isPlain: Bool)
        case list([FileNode])
        case mapping([Entry])
    }

    var content: Content
    var place: Place?

    init(_ content: Content, _ place: Place? = nil) {
        self.content = content
        self.place = place
    }

    static func name(_ text: String, _ place: Place?) -> FileNode { FileNode(.scalar(text, isPlain: true), place) }

    // MARK: Looking

    subscript(key: String) -> FileNode? { entries?.first { $0.key == key }?.value }

    var entries: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }

    var scalar: String? { if case .scalar(let text, _) = content { text } else { nil } }

    /// Whether the file says nothing here: `data:` alone.
    var isNull: Bool {
        if case .scalar(let text, isPlain: true) = content {
            ["", "~", "null", "Null", "NULL"].contains(text)
        } else {
            false
        }
    }

    /// What the value is, for messages.
    var found: String {
        switch content {
        case .scalar where isNull: "nothing"
        case .scalar(let text, let isPlain):
            isPlain && (Double(text) != nil || text == "true" || text == "false") ? text : "\"\(text)\""
        case .list(let items): items.isEmpty ? "an empty list" : "a list of \(items.count)"
        case .mapping(let entries):
            entries.isEmpty ? "no keys" : "the keys \(entries.map(\.key).joined(separator: ", "))"
        }
    }

    /// The value at a path, or the last one on the way to it.
    func nearest(_ path: [String]) -> FileNode {
        guard let first = path.first else { return self }
        switch content {
        case .mapping: return self[first]?.nearest(Array(path.dropFirst())) ?? self
        case .list(let items):
            guard let index = Int(first), items.indices.contains(index) else { return self }
            return items[index].nearest(Array(path.dropFirst()))
        case .scalar: return self
        }
    }

    // MARK: Changing

    /// The mapping with one entry more, or another value in its place.
    func with(_ key: String, _ value: FileNode, _ place: Place?) -> FileNode {
        var entries = self.entries ?? []
        let entry = Entry(key: key, place: place, value: value)
        if let index = entries.firstIndex(where: { $0.key == key }) {
            entries[index] = entry
        } else {
            entries.append(entry)
        }
        return FileNode(.mapping(entries), self.place ?? place)
    }

    func removing(_ key: String) -> FileNode {
        FileNode(.mapping((entries ?? []).filter { $0.key != key }), place)
    }

    /// The same tree, as if everything were written at one place.
    func placed(_ place: Place?) -> FileNode {
        switch content {
        case .scalar: FileNode(content, place)
        case .list(let items): FileNode(.list(items.map { $0.placed(place) }), place)
        case .mapping(let entries):
            FileNode(
                .mapping(entries.map { Entry(key: $0.key, place: place, value: $0.value.placed(place)) }), place)
        }
    }
}

// MARK: YAML

extension FileNode {
    /// Reads a YAML or JSON text.
    ///
    /// - Returns: `nil` if the text says nothing.
    /// - Throws: `TrainingError` that says where the text is wrong.
    init?(yaml text: String, file: String) throws(TrainingError) {
        do {
            guard let node = try compose(yaml: text) else { return nil }
            var budget = 1_000_000
            self = try FileNode(node, file, &budget)
        } catch let error as TrainingError {
            throw error
        } catch {
            throw TrainingError(YAMLProblem(error, text, file).description, kind: .malformed)
        }
    }

    /// - Parameter budget: How many values may still come: aliases can make small texts great.
    private init(_ node: Node, _ file: String, _ budget: inout Int) throws(TrainingError) {
        place = node.mark.map { .line(file: file, $0.line) }
        budget -= 1
        guard budget > 0 else { throw TrainingError("\(file) has more than a million values", kind: .malformed) }
        switch node {
        case .scalar(let scalar):
            content = .scalar(scalar.string, isPlain: scalar.style == .plain || scalar.style == .any)
        case .sequence(let sequence):
            var items: [FileNode] = []
            for item in sequence { items.append(try FileNode(item, file, &budget)) }
            content = .list(items)
        case .mapping(let mapping):
            var (entries, merged): ([Entry], [Entry]) = ([], [])
            for (key, value) in mapping {
                guard let name = key.scalar?.string else {
                    throw TrainingError(
                        "\(place.map { "\($0)" } ?? file): expected a name as key but found a list or keys",
                        kind: .malformed)
                }
                let value = try FileNode(value, file, &budget)
                if name == "<<" {
                    // The keys of another mapping, where there are none of one's own.
                    let others = if case .list(let items) = value.content { items } else { [value] }
                    merged += others.flatMap { $0.entries ?? [] }
                } else {
                    entries.append(Entry(key: name, place: key.mark.map { .line(file: file, $0.line) }, value: value))
                }
            }
            for entry in merged where !entries.contains(where: { $0.key == entry.key }) { entries.append(entry) }
            content = .mapping(entries)
        case .alias: throw TrainingError("\(file) has an alias that can't be followed", kind: .malformed)
        }
    }

    /// The tree for the decoder.
    var node: Node {
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
            description = "\(file):\(line): the key \(name) is given twice"
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
