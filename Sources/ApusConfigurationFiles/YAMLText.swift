import ApusConfiguration
import Foundation
import Yams

/// Values as YAML.
package enum YAMLText {
    /// A value as a YAML file that reads as the same value.
    package static func of(_ value: some Encodable) throws -> String {
        // Yams writes 15 digits of a number, which may be another number; JSON writes the fewest digits that are the same.
        let text = try YAMLEncoder().encode(value)
        let exact = try FileJSON.text(value)
        guard let layout = try compose(yaml: text), let numbers = try compose(yaml: exact) else { return text }
        return try serialize(node: layout.takingNumbers(of: numbers))
    }
}

extension Node {
    /// The same text, with every number as another text of the same data writes it.
    fileprivate func takingNumbers(of other: Node) -> Node {
        switch (self, other) {
        case (.mapping(let entries), .mapping(let others)):
            var copy = entries
            for (key, value) in entries { copy[key] = others[key.string ?? ""].map(value.takingNumbers) ?? value }
            return .mapping(copy)
        case (.sequence(let items), .sequence(let others)):
            var copy = items
            for index in items.indices where others.indices.contains(index) {
                copy[index] = items[index].takingNumbers(of: others[index])
            }
            return .sequence(copy)
        // YAML has words of its own for what is not finite.
        case (.scalar, .scalar) where tag == Tag(.float) && other.tag != Tag(.str): return other
        default: return self
        }
    }
}
