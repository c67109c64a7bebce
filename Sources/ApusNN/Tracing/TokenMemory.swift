import ApusGraph
package import ApusTensor

/// How a trace reads sequences token by token: [N, 1, …] at a time, with what layers remember of the tokens before.
package struct TokenMemory {
    /// How many tokens came before, int32 [1].
    package let position: Tensor
    /// The greatest number of tokens that attention looks at.
    package let window: Int
    /// What is remembered, by path; for others placeholders are made.
    package let values: [String: Tensor]

    package init(position: Tensor, window: Int, values: [String: Tensor] = [:]) {
        self.position = position
        self.window = window
        self.values = values
    }
}

/// What a layer remembers from one token to the next; 0 before the first.
package struct RememberedValue {
    /// The layer's path and a name of its own.
    package let path: String
    /// What it remembers of the tokens before.
    package let before: Tensor
    /// What it remembers with this one.
    package fileprivate(set) var after: Tensor
}

extension Context {
    /// Whether the sequence is read token by token.
    var readsTokens: Bool { trace.memory != nil }

    /// How many tokens came before, int32 [1], and how many are looked at; `nil` where whole sequences are read.
    ///
    /// Models of layers that ask can't read more tokens than they were trained on.
    var tokenPlace: (position: Tensor, window: Int)? {
        guard let memory = trace.memory else { return nil }
        trace.contents.hasPositions = true
        return (memory.position, memory.window)
    }

    /// What the layer remembers of the tokens before; zeros before the first one.
    func remembered(_ name: String, _ shape: Shape, _ type: ElementType) -> Tensor {
        let path = joined(name)
        let type = TensorType(shape, type)
        let before = trace.memory?.values[path] ?? Tensor(Node(.input(path, type)))
        guard before.node.type == type, !trace.contents.remembered.contains(where: { $0.path == path }) else {
            return trace.misuse("two layers remember \(path)", "remembered")
        }
        trace.contents.remembered.append(RememberedValue(path: path, before: before, after: before))
        return before
    }

    /// Remembers a value for the next token, in place of the one that was asked for.
    func remember(_ name: String, _ value: Tensor) {
        let path = joined(name)
        guard let index = trace.contents.remembered.firstIndex(where: { $0.path == path }) else { return }
        trace.contents.remembered[index].after = value
    }
}

extension TracedModel {
    /// What layers remember from token to token, in order.
    package var remembered: [RememberedValue] { trace.contents.remembered }

    /// Whether a layer asked how many tokens came before.
    package var hasPositions: Bool { trace.contents.hasPositions }
}
