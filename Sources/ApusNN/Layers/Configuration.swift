import ApusGraph
import ApusTensor

/// Writes a layer as its initializer is called, leaving out what is at its default.
struct Configuration {
    private let name: String
    private var arguments: [String]

    init(_ name: String, _ arguments: String...) {
        self.name = name
        self.arguments = arguments
    }

    func adding<Value: Equatable>(_ label: String, _ value: Value, unless standard: Value) -> Configuration {
        guard value != standard else { return self }
        var copy = self
        copy.arguments.append("\(label): \(Configuration.text(value))")
        return copy
    }

    var text: String { "\(name)(\(arguments.joined(separator: ", ")))" }

    private static func text(_ value: Any) -> String {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional { return mirror.children.first.map { text($0.value) } ?? "nil" }
        if mirror.displayStyle == .enum { return ".\(value)" }
        return "\(value)"
    }
}

extension Tensor {
    /// A tensor that carries an error, unless what came before is already broken: then that error.
    static func invalid(_ message: String, _ operation: String, after x: Tensor) -> Tensor {
        x.problems.isEmpty ? Tensor(Node(problem: message, operation: operation)) : x
    }
}
