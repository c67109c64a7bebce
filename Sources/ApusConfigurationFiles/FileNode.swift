import ApusConfiguration

/// A value of a file: a tree that remembers where each part was written.
package struct FileNode: Sendable {
    /// Where a value was written.
    package enum Place: Sendable, Hashable, CustomStringConvertible {
        case line(file: String, Int)
        case setting(String)

        package var description: String {
            switch self {
            case .line(let file, let line): "\(file):\(line)"
            case .setting(let text): "the setting \(text.shown)"
            }
        }
    }

    package struct Entry: Sendable {
        package var key: String
        package var place: Place?
        package var value: FileNode

        package init(key: String, place: Place? = nil, value: FileNode) {
            self.key = key
            self.place = place
            self.value = value
        }
    }

    package indirect enum Content: Sendable {
        case scalar(String, isPlain: Bool)
        case list([FileNode])
        case mapping([Entry])
    }

    package var content: Content
    package var place: Place?

    package init(_ content: Content, _ place: Place? = nil) {
        self.content = content
        self.place = place
    }

    package static func name(_ text: String, _ place: Place?) -> FileNode {
        FileNode(.scalar(text, isPlain: true), place)
    }

    // MARK: Looking

    package subscript(key: String) -> FileNode? { entries?.first { $0.key == key }?.value }

    package var entries: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }

    package var scalar: String? { if case .scalar(let text, _) = content { text } else { nil } }

    /// Whether the file says nothing here: `data:` alone.
    package var isNull: Bool {
        if case .scalar(let text, isPlain: true) = content {
            ["", "~", "null", "Null", "NULL"].contains(text)
        } else {
            false
        }
    }

    /// What the value is, for messages.
    package var found: String {
        switch content {
        case .scalar where isNull: "nothing"
        case .scalar(let text, let isPlain):
            isPlain && (Double(text) != nil || text == "true" || text == "false") ? text.shown : text.quoted
        case .list(let items): items.isEmpty ? "an empty list" : "a list of \(items.count)"
        case .mapping(let entries):
            entries.isEmpty ? "no keys" : "the keys \(entries.map(\.key).shown())"
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

    /// The mapping with a name that it does not give itself.
    package func naming(_ name: String) -> FileNode {
        with("name", FileNode(.scalar(name, isPlain: false)), nil)
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
