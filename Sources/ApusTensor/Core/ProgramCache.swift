import ApusCPU
import ApusGraph
import Synchronization

/// An expression apart from its data: what two expressions with the same program have in common, and the data of this one.
struct Expression {
    /// What identifies the program: operations, how they are connected, and which are returned.
    struct Structure: Hashable {
        struct Entry: Hashable {
            let operation: Operation
            let inputs: [Int]
        }
        var entries: [Entry] = []
        var outputs: [Int] = []
    }

    private(set) var structure = Structure()
    /// The data of the leaves, in order of appearance.
    private(set) var inputs: [Buffer] = []
    /// The name of an input without data: a parameter of a function that is being traced.
    private(set) var unboundInput: String?
    private let outputs: [Node]

    init(outputs: [Node]) {
        self.outputs = outputs
        var numbers: [Node: Int] = [:]
        for node in Node.sorted(outputs) {
            numbers[node] = structure.entries.count
            var operation = node.operation
            if let leaf = Expression.leaf(node) {
                operation = .input("", node.type)
                inputs.append(leaf)
            } else if case .input(let name, _) = operation {
                unboundInput = name
            }
            structure.entries.append(Structure.Entry(operation: operation, inputs: node.inputs.map { numbers[$0]! }))
        }
        structure.outputs = outputs.map { numbers[$0]! }
    }

    /// The graph that computes the expression for any data.
    func graph() -> Graph {
        var inputs: [Node] = []
        var copies: [Node] = []
        for entry in structure.entries {
            let node = Node(entry.operation, entry.inputs.map { copies[$0] })
            if case .input = entry.operation { inputs.append(node) }
            copies.append(node)
        }
        return Graph(
            inputs: inputs,
            outputs: structure.outputs.enumerated().map { Graph.Output(name: "output\($0.offset)", node: copies[$0.element]) })
    }

    /// The data that a node stands for: an evaluated tensor's, or a number's that is likely to differ next time.
    private static func leaf(_ node: Node) -> Buffer? {
        switch node.operation {
        case .input: return node.attachment as? Buffer
        case .constant(let value, let type) where type.shape.rank == 0 && !isStructural(value.double):
            return Buffer(scalar: value, type.elementType)
        default: return nil
        }
    }

    /// Whether a number takes part in rewrites and so belongs to the structure.
    private static func isStructural(_ value: Double) -> Bool {
        value == 0 || abs(value) == 1 || abs(value) == 2 || abs(value) == 0.5
    }
}

/// Compiled programs of evaluated expressions, by structure.
final class ProgramCache: Sendable {
    static let shared = ProgramCache()

    private struct State {
        var programs: [Expression.Structure: (program: Program, lastUse: Int)] = [:]
        var clock = 0
        var compilations = 0
    }

    private let state = Mutex(State())
    /// Beyond this, the programs that were not used for longest are dropped.
    private let capacity = 256

    /// How many programs were compiled so far.
    var compilations: Int { state.withLock { $0.compilations } }

    func program(for expression: Expression) throws -> Program {
        let known = state.withLock { state in
            state.clock += 1
            state.programs[expression.structure]?.lastUse = state.clock
            return state.programs[expression.structure]?.program
        }
        if let known { return known }
        let program = try CPU.compile(expression.graph())
        state.withLock { state in
            state.compilations += 1
            state.programs[expression.structure] = (program, state.clock)
            if state.programs.count > capacity {
                let oldest = state.programs.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(capacity / 4)
                for (structure, _) in oldest { state.programs[structure] = nil }
            }
        }
        return program
    }
}
