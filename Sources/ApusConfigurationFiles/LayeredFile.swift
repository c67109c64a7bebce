package import ApusConfiguration

/// A value as files and people write it, before defaults fill what is left out: layers of it can be put above each other.
package struct LayeredFile<Value: Decodable & FileRepresentable>: Sendable {
    /// What errors call the text.
    package let path: String
    package let root: FileNode

    package init(_ root: FileNode, path: String) {
        self.root = root
        self.path = path
    }

    /// - Parameter yaml: A YAML or JSON text; `nil` for nothing but settings.
    /// - Throws: `ConfigurationError` that names the line where the text is no YAML.
    package init(yaml text: String?, path: String) throws(ConfigurationError) {
        self.init(FileNode(.mapping([])), path: path)
        guard let text, let read = try FileNode(yaml: text, file: path), !read.isNull else { return }
        guard read.entries != nil else {
            throw ConfigurationError(
                "\(read.place.map { "\($0)" } ?? path): expected keys with values but found \(read.found)",
                kind: .malformed)
        }
        self.init(read, path: path)
    }

    // MARK: Layers

    /// This file with the values of another one above it: mappings are joined key by key, other values replaced, and so is what
    /// is of another kind.
    package func merging(_ other: LayeredFile) -> LayeredFile {
        LayeredFile(root.merging(other.root, Value.form), path: path)
    }

    /// This file with another value at a path such as `optimizer.adam.learningRate` or `model.2.dense.units`.
    ///
    /// Numbers are places in lists. A kind that is written by its name alone becomes one with arguments, and another kind takes
    /// its place.
    ///
    /// - Parameter value: A text in YAML: `0.01`, `[accuracy, f1]`.
    /// - Throws: `ConfigurationError` that says what exists where the path leads nowhere.
    package func setting(_ path: String, to value: String) throws(ConfigurationError) -> LayeredFile {
        let names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !path.isEmpty, !names.contains("") else {
            throw ConfigurationError("expected a path such as optimizer.adam.learningRate but received \(path.quoted)")
        }
        let node: FileNode
        do {
            node = try FileNode(setting: value, text: "\(path)=\(value)")
        } catch {
            throw ConfigurationError("\(path.shown) can't be set: \(value.shown) is not YAML")
        }
        return LayeredFile(try root.setting(node, at: names[...], Value.form), path: self.path)
    }

    /// This file with another value at the key of mappings in each other, which are made where they do not exist.
    ///
    /// - Parameter value: A text in YAML; nothing changes for `nil`.
    package func replacing(
        _ keys: String..., with value: (some CustomStringConvertible)?
    ) throws(ConfigurationError) -> LayeredFile {
        guard let value else { return self }
        let node = try FileNode(setting: value.description, text: "\(keys.joined(separator: " "))=\(value)")
        return LayeredFile(root.replacing(keys[...], with: node), path: path)
    }

    // MARK: Reading

    /// The value, with defaults for what is left out.
    ///
    /// - Throws: `ConfigurationError` that names the line or the setting, and what is wrong there.
    package func value() throws(ConfigurationError) -> Value {
        do {
            return try root.decoded()
        } catch {
            throw self.error(FileProblem(error, in: root, Value.form))
        }
    }

    /// Everything that is wrong, one line each in the order of the file; empty if nothing is.
    ///
    /// - Parameters:
    ///   - standIn: A text for required keys that are missing, so that the rest can be read.
    ///   - check: What is wrong with a value that could be read.
    package func problems(standIn: String, _ check: (Value) -> [FileProblem]) -> [String] {
        var (rest, problems): (FileNode?, [FileProblem]) = (root, [])
        // What is wrong is taken out until the rest can be read.
        while let tree = rest, problems.count < 100 {
            do {
                problems += check(try tree.decoded())
                break
            } catch {
                let problem = FileProblem(error, in: tree, Value.form)
                problems.append(problem)
                rest = tree.leavingOut(problem.path, problem.name, standIn: standIn)
            }
        }
        func line(_ problem: FileProblem) -> Int {
            if case .line(_, let line) = problem.place(in: root) { line } else { .max }
        }
        return problems.enumerated().sorted { (line($0.element), $0.offset) < (line($1.element), $1.offset) }.map {
            self.error($0.element).description
        }
    }

    /// The error of a problem, with its place in this file.
    package func error(_ problem: FileProblem) -> ConfigurationError { problem.error(in: root, path) }
}

extension FileNode {
    /// The value of a setting: a text in YAML, nothing if it is empty.
    fileprivate init(setting value: String, text: String) throws(ConfigurationError) {
        let place = Place.setting(text)
        self = try FileNode(yaml: value, file: text)?.placed(place) ?? .name("", place)
    }

    /// The tree with another value at the key of mappings in each other.
    fileprivate func replacing(_ keys: ArraySlice<String>, with value: FileNode) -> FileNode {
        guard let key = keys.first else { return value }
        let inner = self[key] ?? FileNode(.mapping([]))
        return with(key, inner.replacing(keys.dropFirst(), with: value), value.place)
    }

    /// The tree without what a problem is about, so that others are found; `nil` if nothing can be left out.
    fileprivate func leavingOut(_ path: [String], _ name: String?, standIn: String) -> FileNode? {
        if let name, let entries = nearest(path).entries, entries.contains(where: { $0.key == name }) {
            // Of a kind that does not exist nothing is left.
            return removing(entries.count == 1 && !path.isEmpty ? path : path + [name])
        }
        if path.isEmpty, let name, self[name] == nil { return with(name, .name(standIn, nil), nil) }
        return path.isEmpty ? nil : removing(path)
    }

    private func removing(_ path: [String]) -> FileNode? {
        guard let first = path.first, let inner = self[first] else { return nil }
        if path.count > 1, let rest = inner.removing(Array(path.dropFirst())) { return with(first, rest, place) }
        return removing(first)
    }
}
