package import ApusConfiguration
import Yams

/// A value as files and people write it, with settings above what the file says.
package struct LayeredFile<Value: Configurable> {
    private let path: String
    private var root: FileNode

    /// - Parameter yaml: A YAML or JSON text; `nil` for nothing but settings.
    /// - Throws: `TrainingError` that names the line where the text is no YAML.
    package init(yaml text: String?, path: String) throws(TrainingError) {
        self.path = path
        root = FileNode(.mapping([]))
        guard let text, let read = try FileNode(yaml: text, file: path), !read.isNull else { return }
        guard read.entries != nil else {
            throw TrainingError(
                "\(read.place.map { "\($0)" } ?? path): expected keys with values but found \(read.found)",
                kind: .malformed)
        }
        root = read
    }

    /// Puts a value in place of what was there; nothing for `nil`.
    ///
    /// - Parameters:
    ///   - keys: Of mappings in each other, which are made where they do not exist.
    ///   - value: A text in YAML.
    package func setting(_ keys: String..., to value: (some CustomStringConvertible)?) throws(TrainingError) -> Self {
        guard let value else { return self }
        let text = "\(keys.joined(separator: " "))=\(value)"
        let place = FileNode.Place.setting(text)
        var node = try FileNode(yaml: value.description, file: text)?.placed(place) ?? .name("", place)
        for depth in keys.indices.reversed() {
            node = root.nearest(Array(keys[..<depth])).with(keys[depth], node, place)
        }
        var copy = self
        copy.root = node
        return copy
    }

    /// The value, with defaults for what is left out.
    ///
    /// - Throws: `TrainingError` that names the line or the setting, and what is wrong there.
    package func value() throws(TrainingError) -> Value {
        do {
            return try YAMLDecoder().decode(Value.self, from: root.node)
        } catch let error as DecodingError {
            throw FileProblem(error, in: root, Value.form).error(in: root, path)
        } catch {
            throw TrainingError("\(path): \(error)", kind: .malformed)
        }
    }
}
