import ApusGraph

/// Named tensors in an order: what a model with several inputs or outputs takes and yields.
///
/// ```swift
/// let inputs: Values = ["left": Tensor.zeros([8, 4]), "right": Tensor.ones([8, 4])]
/// let difference = inputs["left"] - inputs["right"]
/// print(inputs.names)   // ["left", "right"]
/// ```
///
/// A model of one tensor takes and yields one without a name, `only`.
public struct Values: Sendable {
    // There are few: to look through them is as fast as a dictionary, and to go over them takes no memory.
    private var entries: [(name: String, tensor: Tensor)] = []
    /// What stands for every value, where a model could not be called.
    private var failure: Tensor?

    /// No tensors.
    public init() {}

    /// A single tensor without a name.
    public init(_ only: Tensor) {
        self.init([("", only)])
    }

    /// What a model yields that can't be called: any of its outputs is a tensor that carries the error.
    package init(failing failure: Tensor) {
        self.failure = failure
    }

    /// Tensors with their names; of two with one name, the values carry a problem.
    public init(_ entries: some Sequence<(name: String, tensor: Tensor)>) {
        for (name, tensor) in entries {
            self[name] =
                !contains(name)
                ? tensor : Values.invalid("two values are called \(name.quotedName); give each a name of its own")
        }
    }

    /// The tensor with a name; where there is none, a tensor that carries the error. A new name comes last.
    public subscript(name: String) -> Tensor {
        get { entry(name).map { entries[$0].tensor } ?? failure ?? missing(name) }
        set {
            if let index = entry(name) {
                entries[index].tensor = newValue
            } else {
                entries.append((name, newValue))
            }
        }
    }

    /// The tensor of a model of one tensor: the one without a name, or whatever there is if it is one.
    ///
    /// Where there are several, a tensor that carries the error.
    public var only: Tensor {
        if entries.count == 1 { return entries[0].tensor }
        return failure ?? Values.invalid("expected one tensor but there are \(listed)")
    }

    /// The one tensor, or the first of several; where there are none, one that carries the error.
    package var first: Tensor { entries.first?.tensor ?? only }

    /// The names in their order; that of a single tensor without a name is empty.
    public var names: [String] { entries.map(\.name) }
    /// The number of tensors.
    public var count: Int { entries.count }
    /// Whether there are no tensors.
    public var isEmpty: Bool { entries.isEmpty }
    /// Whether there is a tensor with a name.
    public func contains(_ name: String) -> Bool { entry(name) != nil }

    /// Values of the same names, each tensor transformed.
    public func mapValues(_ transform: (Tensor) throws -> Tensor) rethrows -> Values {
        var copy = self
        for index in entries.indices { copy.entries[index].tensor = try transform(entries[index].tensor) }
        return copy
    }

    private func entry(_ name: String) -> Int? { entries.firstIndex { $0.name == name } }

    private static func invalid(_ message: String) -> Tensor { Tensor(Node(problem: message, operation: "values")) }

    private func missing(_ name: String) -> Tensor {
        Values.invalid("there is no value \(name.quotedName); there are \(listed)")
    }

    private var listed: String {
        isEmpty ? "none" : names.asNames
    }
}

extension String {
    /// The name of a value in messages.
    fileprivate var quotedName: String { isEmpty ? "one without a name" : "\"\(self)\"" }
}

extension [String] {
    /// Names of values in messages: `"left", "right"`.
    package var asNames: String { map(\.quotedName).joined(separator: ", ") }
}

extension Values: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, Tensor)...) {
        self.init(elements.map { (name: $0.0, tensor: $0.1) })
    }
}

extension Values: Sequence {
    /// The names with their tensors, in order.
    public func makeIterator() -> IndexingIterator<[(name: String, tensor: Tensor)]> {
        entries.makeIterator()
    }
}

extension Values: TensorTree {
    public var structure: [String] { names }
    public var leaves: [Tensor] { entries.map(\.tensor) + (failure.map { [$0] } ?? []) }

    public init(structure: [String], leaves: inout ArraySlice<Tensor>) {
        self.init()
        for name in structure { self[name] = leaves.removeFirst() }
    }
}

extension Values: CustomStringConvertible {
    public var description: String {
        "Values("
            + map { $0.name.isEmpty ? "\($0.tensor.node.type)" : "\($0.name): \($0.tensor.node.type)" }
            .joined(separator: ", ") + ")"
    }
}
