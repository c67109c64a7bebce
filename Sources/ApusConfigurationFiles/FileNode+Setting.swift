import ApusConfiguration

extension FileNode {
    /// The tree with another value at a path.
    ///
    /// - Parameters:
    ///   - path: What remains of the path; `before` is what was walked.
    ///   - form: What may be written here.
    /// - Throws: `ConfigurationError` that says what exists where the path ends.
    func setting(_ value: FileNode, at path: ArraySlice<String>, before: [String] = [], _ form: Form)
        throws(ConfigurationError)
        -> FileNode
    {
        guard let name = path.first else { return value }
        let way = SettingWay(name, rest: path.dropFirst(), before: before, value)
        if case .list(let items) = content {
            guard let index = Int(name), items.indices.contains(index) else { throw way.noElement(items.count) }
            var copy = items
            copy[index] = try items[index].setting(
                value, at: way.rest, before: way.path, form.element ?? .anything)
            return FileNode(.list(copy), place)
        }
        if let kinds = form.kinds(of: self, for: name) { return try setting(kinds, way) }
        if let constants = form.constants { return try setting(constants, way) }
        let isOpen = form.alternatives.contains { if case .anything = $0 { true } else { false } }
        guard let content = form.named ?? (isOpen ? .anything : nil) else { throw way.nothingInside(self) }
        if scalar != nil, !isNull, !isOpen { throw way.nothingInside(self) }
        let inner = self[name] ?? FileNode(.mapping([]))
        return with(name, try inner.setting(value, at: way.rest, before: way.path, content), value.place)
    }

    /// An argument by its name; a value in place of the arguments is the leading one.
    private func setting(_ constants: [Form.Constant], _ way: SettingWay) throws(ConfigurationError) -> FileNode {
        guard let constant = constants.first(where: { $0.name == way.name }) else {
            throw way.unknown("key", constants.map(\.name))
        }
        var mapping = self
        if entries == nil {
            mapping = FileNode(.mapping([]), place)
            if !isNull {
                guard let leading = constants.first(where: \.isLeading) else { throw way.nothingInside(self) }
                mapping = mapping.with(leading.name, self, place)
            }
        }
        // What the file leaves out begins with its default.
        let inner = mapping[way.name] ?? FileNode(defaultOf: constant)
        return mapping.with(
            way.name, try inner.setting(way.value, at: way.rest, before: way.path, constant.form), way.value.place)
    }

    /// An argument of a kind, or one beside it; another kind takes the place of what was there.
    private func setting(_ kinds: Form.Kinds, _ way: SettingWay) throws(ConfigurationError) -> FileNode {
        let beside = kinds.beside.map(\.name)
        let current = scalar.flatMap { isNull ? nil : $0 } ?? entries?.first { !beside.contains($0.key) }?.key
        var mapping = self
        if entries == nil {
            mapping = FileNode(.mapping([]), place)
            if let current, !isNull { mapping = mapping.with(current, FileNode(.mapping([]), place), place) }
        }
        if let constant = kinds.beside.first(where: { $0.name == way.name }) {
            let inner = mapping[way.name] ?? FileNode(defaultOf: constant)
            return mapping.with(
                way.name, try inner.setting(way.value, at: way.rest, before: way.path, constant.form), way.value.place)
        }
        let known = current.flatMap { kinds.kind($0) }
        guard let kind = kinds.kind(way.name) else {
            if let known, known.content?.constants?.contains(where: { $0.name == way.name }) == true {
                throw way.elsewhere(known.name)
            }
            throw way.unknown(kinds.what, kinds.kinds.map(\.name) + beside)
        }
        let isSame = known?.name == kind.name
        let key = isSame ? current ?? kind.name : kind.name
        if let current, !isSame { mapping = mapping.removing(current) }
        let inner = mapping[key] ?? FileNode(.mapping([]))
        guard let content = kind.content ?? (way.rest.isEmpty ? .anything : nil) else {
            throw way.noArguments(kind.name)
        }
        return mapping.with(
            key, try inner.setting(way.value, at: way.rest, before: way.path, content), way.value.place)
    }

    /// The default of an argument, or an empty mapping.
    private init(defaultOf constant: Form.Constant) {
        let node = constant.defaultJSON.flatMap { try? FileNode(yaml: $0, file: constant.name) }
        self = node?.isNull == false ? node!.placed(nil) : FileNode(.mapping([]))
    }

    // MARK: Merging

    /// The tree with the values of another one, which go first.
    func merging(_ other: FileNode, _ form: Form) -> FileNode {
        let name = other.entries?.first?.key ?? other.scalar ?? ""
        if let kinds = form.kinds(of: self, for: name), other.entries != nil || other.scalar != nil {
            let beside = kinds.beside.map(\.name)
            func kind(_ node: FileNode) -> String? {
                let name = node.scalar ?? node.entries?.first { !beside.contains($0.key) }?.key
                return name.flatMap { kinds.kind($0)?.name ?? $0 }
            }
            // Another kind has other arguments.
            guard let entries = other.entries, self.entries != nil, kind(self) == kind(other) || kind(other) == nil
            else {
                return other
            }
            return entries.reduce(self) { merged, entry in
                let name =
                    merged.entries?.first {
                        $0.key == entry.key
                            || kinds.kind($0.key)?.name == kinds.kind(entry.key)?.name && !beside.contains($0.key)
                    }?.key ?? entry.key
                let inner =
                    kinds.beside.first { $0.name == entry.key }?.form ?? kinds.kind(entry.key)?.content ?? .anything
                return merged.with(name, merged[name]?.merging(entry.value, inner) ?? entry.value, entry.place)
            }
        }
        guard let entries = other.entries, self.entries != nil else { return other }
        return entries.reduce(self) { merged, entry in
            let inner = form.constants?.first { $0.name == entry.key }?.form ?? form.named ?? .anything
            return merged.with(entry.key, merged[entry.key]?.merging(entry.value, inner) ?? entry.value, entry.place)
        }
    }
}

/// One step on the path of a setting, and what is said when it leads nowhere.
private struct SettingWay {
    let name: String
    let rest: ArraySlice<String>
    let before: [String]
    let value: FileNode

    init(_ name: String, rest: ArraySlice<String>, before: [String], _ value: FileNode) {
        self.name = name
        self.rest = rest
        self.before = before
        self.value = value
    }

    var path: [String] { before + [name] }

    private var here: String { before.isEmpty ? "the file" : before.joined(separator: ".") }

    private func error(_ text: String) -> ConfigurationError {
        ConfigurationError("\((path + rest).joined(separator: ".").shown) can't be set: \(text)")
    }

    func unknown(_ what: String, _ known: [String]) -> ConfigurationError {
        let end = before.isEmpty ? "" : " at \(here)"
        guard !known.isEmpty else { return error("\(here) takes no arguments") }
        return error("there is no \(what) \(name.shown) (\(Names.hint(name, known)))\(end)")
    }

    func elsewhere(_ kind: String) -> ConfigurationError {
        error(
            "\(name) is an argument of \(kind) (did you mean \((before + [kind, name] + rest).joined(separator: "."))?)"
        )
    }

    func noArguments(_ kind: String) -> ConfigurationError { error("\(kind) takes no arguments") }

    func noElement(_ count: Int) -> ConfigurationError {
        guard count > 0 else { return error("\(here) is an empty list; set the whole list") }
        return error("\(here) is a list; expected a place from 0 to \(count - 1) but received \(name.shown)")
    }

    func nothingInside(_ node: FileNode) -> ConfigurationError {
        if node.entries?.isEmpty == true { return error("\(here) is not given; set it as a whole") }
        return error("\(here) is \(node.found) and has nothing inside")
    }
}
