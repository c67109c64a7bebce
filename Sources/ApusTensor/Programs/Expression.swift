import ApusBackend
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
        var entries: [Structure.Entry] = []
        var inputs: [Buffer] = []
        func add(_ operation: Operation, _ operands: [Int] = []) -> Int {
            entries.append(Structure.Entry(operation: operation, inputs: operands))
            return entries.count - 1
        }
        func addLeaf(_ buffer: Buffer, _ type: TensorType) -> Int {
            inputs.append(buffer)
            return add(.input("", type))
        }
        // What has been computed before is data, like a leaf.
        func isKnown(_ node: Node) -> Bool {
            guard let value = node.knownValue, let buffer = value.attachment as? Buffer else { return false }
            numbers[node] = addLeaf(buffer, node.type)
            return true
        }
        for node in Node.sorted(outputs, leavingOut: isKnown) {
            switch node.operation {
            case .input(let name, _):
                if let buffer = node.attachment as? Buffer {
                    numbers[node] = addLeaf(buffer, node.type)
                } else {
                    unboundInput = name
                    numbers[node] = add(node.operation)
                }
            case .constant(let value, let type) where !Expression.isStructural(value.double):
                let scalar = addLeaf(Buffer(scalar: value, type.elementType), TensorType([], type.elementType))
                numbers[node] = type.shape.rank == 0 ? scalar : add(.broadcast(type.shape), [scalar])
            default: numbers[node] = add(node.operation, node.inputs.map { numbers[$0]! })
            }
        }
        structure.entries = entries
        structure.outputs = outputs.map { numbers[$0]! }
        self.inputs = inputs
    }

    /// The program that computes the expression for any data.
    func compiled(on device: Device) throws -> BoundProgram<Int> {
        var builder = ProgramBuilder<Int>()
        var copies: [Node] = []
        for (index, entry) in structure.entries.enumerated() {
            if case .input(_, let type) = entry.operation {
                copies.append(builder.input(index, type).node)
            } else {
                copies.append(Node(entry.operation, entry.inputs.map { copies[$0] }))
            }
        }
        for (index, output) in structure.outputs.enumerated() { builder.output(index, Tensor(copies[output])) }
        return try builder.compiled(on: device)
    }

    /// Whether a number takes part in rewrites and so belongs to the structure; others are data, as they are likely to differ next
    /// time.
    private static func isStructural(_ value: Double) -> Bool {
        value == 0 || abs(value) == 1 || abs(value) == 2 || abs(value) == 0.5
    }
}

/// Compiled programs of evaluated expressions.
enum EvaluatedPrograms {
    private struct Key: Hashable {
        let structure: Expression.Structure
        let device: Device
    }

    private static let programs = Programs<Key, BoundProgram<Int>>()

    static func program(for expression: Expression) throws -> BoundProgram<Int> {
        let key = Key(structure: expression.structure, device: try Device.common(to: expression.inputs))
        return try programs(key) {
            defer { CompilationCounter.current?.increment() }
            return try expression.compiled(on: key.device)
        }
    }
}

/// Counts the programs that the current task compiles to evaluate expressions: what tests of laziness look at.
package final class CompilationCounter: Sendable {
    @TaskLocal package static var current: CompilationCounter?

    private let state = Mutex(0)

    package init() {}

    package var count: Int { state.withLock { $0 } }

    fileprivate func increment() { state.withLock { $0 += 1 } }
}
