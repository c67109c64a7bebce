import ApusGraph
import ApusTensor

/// Collects everything that is wrong with a layer's configuration and its input.
///
/// A broken input hides nothing that does not depend on it: the layer's own problems join those that came before.
struct Check {
    private let operation: String
    private let input: Tensor
    private var problems: [Node] = []

    init(_ operation: String, _ input: Tensor) {
        self.operation = operation
        self.input = input
    }

    /// Adds a problem of the configuration unless the condition holds.
    mutating func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
        if !condition { problems.append(Node(problem: message(), operation: operation)) }
    }

    /// Adds a problem of the input, if there is one to look at and the configuration is sound, unless the condition holds.
    mutating func expectInput(_ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String) {
        if passed { expect(condition(), message()) }
    }

    mutating func expectPositive(_ name: String, _ value: Int) {
        expect(value > 0, "\(name) must be positive, received \(value)")
    }

    mutating func expectPositive(_ name: String, _ size: Size2D) {
        expect(size.height > 0 && size.width > 0, "\(name) must be positive, received \(size)")
    }

    mutating func expectNotNegative(_ name: String, _ values: [Int]) {
        expect(values.allSatisfy { $0 >= 0 }, "\(name) can't be negative, received \(values)")
    }

    mutating func expectRate(_ rate: Double) {
        expect((0..<1).contains(rate), "the rate must be in 0..<1, received \(rate)")
    }

    mutating func expectEpsilon(_ epsilon: Double) {
        expect(epsilon > 0 && epsilon.isFinite, "epsilon must be a number > 0, received \(epsilon)")
    }

    mutating func expectImages() {
        let input = input
        expectInput(input.rank == 4, "expected images [N, H, W, C] but received shape \(input.shape)")
    }

    mutating func expectSequences() {
        let input = input
        expectInput(input.rank == 3, "expected sequences [N, L, C] but received shape \(input.shape)")
    }

    /// A batch of anything with channels last.
    mutating func expectChannels() {
        let input = input
        expectInput(input.rank >= 2, "expected a batch [N, ..., channels] but received shape \(input.shape)")
    }

    /// Whether the layer may continue.
    var passed: Bool { problems.isEmpty && input.problems.isEmpty }

    /// A tensor that carries the input's problems and the layer's.
    var failure: Tensor { Check.failure(input, problems) }

    static func failure(_ input: Tensor, _ problems: [Node]) -> Tensor {
        problems.isEmpty ? input : Tensor(Node(.concatenate(axis: 0), [input.node] + problems))
    }

    /// A tensor that carries the problems of all inputs, and others.
    static func failure(_ inputs: Values, _ problems: [Node] = []) -> Tensor {
        let nodes = inputs.leaves.map(\.node).filter { !$0.isValid } + problems
        return Tensor(
            Node(problems: nodes.flatMap(\.problems).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }))
    }
}
