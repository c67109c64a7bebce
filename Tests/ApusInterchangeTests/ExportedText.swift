import ApusGraph
import ApusInterchange
import ApusNN
import ApusTensor

extension ExportedGraph {
    /// What is taken and yielded, every node with its arguments, and the numbers of the weights, a line each.
    var lines: [String] {
        inputs.map { "in \($0.text)" } + nodes.map(\.text) + outputs.map { "out \($0.text)" }
            + initializers.map(\.text)
    }

    /// The operators in the order of the nodes.
    var operators: [String] { nodes.map(\.type) }

    /// How often an operator is used.
    func count(_ type: String) -> Int { nodes.count { $0.type == type } }

    /// The initializer of a name.
    subscript(initializer name: String) -> Tensor? { initializers.first { $0.name == name }?.tensor }
}

extension ExportedGraph.Port {
    var text: String {
        let extents = extents.map { extent in
            switch extent {
            case .fixed(let count): "\(count)"
            case .open(let name): name
            }
        }
        return "\(name) \(elementType)[\(extents.joined(separator: ", "))]"
    }
}

extension ExportedGraph.Node {
    var text: String {
        let arguments = attributes.sorted { $0.key < $1.key }.map { name, value in
            let text =
                switch value {
                case .integer(let number): "\(number)"
                case .integers(let numbers): "\(numbers)"
                case .number(let number): "\(Float(number))"
                case .text(let text): text
                case .texts(let texts): "\(texts)"
                }
            return "\(name): \(text)"
        }
        return "\(outputs.joined(separator: ", ")) = \(type)(\(inputs.joined(separator: ", ")))"
            + (arguments.isEmpty ? "" : " {\(arguments.joined(separator: ", "))}")
    }
}

extension ExportedGraph.Initializer {
    /// Name, type and a sum of the numbers by their places. What is folded is rounded by the processor, and has no sum.
    var text: String {
        let type = "\(name) \(tensor.elementType)\(tensor.shape)"
        guard !name.contains("constant") else { return type }
        let sum = tensor.scalars(as: Double.self).enumerated().reduce(0) {
            $0 + Double($1.offset % 97 + 1) * $1.element
        }
        return "\(type) \(sum)"
    }
}

extension ExportCase {
    /// Weights whose sums are exact: eighths.
    func exactVariables() throws -> Variables {
        var variables = try model.initialized(inputs: inputs, seed: 3)
        for (number, path) in variables.paths.enumerated() {
            let shape = variables[path]!.shape
            let isVariance = path.lowercased().hasSuffix("variance")
            let values = (0..<shape.count).map { Float(($0 * 7 + number) % 11 - (isVariance ? -1 : 5)) / 8 }
            try variables.setValue(path, Tensor(values, shape: shape))
        }
        return variables
    }
}
