package import ApusBackend
public import ApusGraph
import Synchronization

/// An immutable n-dimensional array value.
///
/// Tensors are evaluated lazily: operators build a graph, and reading a value (`scalars`, `item()`, printing) or
/// `evaluate` runs it, together with every other expression on the way that is still in use. So whole expressions reach the
/// backend at once, and an expression that is built again with the same structure reuses its compiled program.
///
/// Operands that do not fit make a tensor that carries the error: compiling or evaluating it throws, reading it stops the program
/// with the same message.
///
/// ```swift
/// let x = Tensor([[1.0, 2, 3], [4, 5, 6]])
/// let y = (x - x.mean(axes: [0])) * 2
/// print(y.shape, y.sum().item())      // [2, 3] 0.0
/// print(y.scalars)                    // [-3.0, -3.0, -3.0, 3.0, 3.0, 3.0]
/// ```
public struct Tensor: Sendable {
    let handle: Handle

    /// The node that stands for the tensor in graphs.
    package var node: Node { handle.node }

    /// A tensor that is the value of a node.
    package init(_ node: Node) {
        handle = Handle(node)
    }

    /// A tensor with elements in memory.
    package init(_ buffer: Buffer, _ type: TensorType) {
        handle = Handle(Node(.input("tensor", type), attachment: buffer))
    }

    /// The extent along each axis.
    public var shape: Shape { node.shape }
    /// The type of the elements.
    public var elementType: ElementType { node.elementType }
    /// The number of axes.
    public var rank: Int { shape.rank }
    /// The number of elements.
    public var count: Int { shape.count }

    /// What is wrong with the expression; empty for a sound one.
    public var problems: [GraphProblem] { node.problems }

    /// The memory of the tensor's elements, if it has been evaluated.
    package var buffer: Buffer? { handle.buffer }
}

/// Identity of a tensor: its node, which becomes a leaf when it is evaluated.
final class Handle: Sendable {
    private let state: Mutex<Node>
    /// What pending expressions know the tensor by; `nil` for data.
    let reference: HandleReference?

    init(_ node: Node) {
        state = Mutex(node)
        reference = node.attachment as? HandleReference
        reference?.set(self)
    }

    var node: Node { state.withLock { $0 } }

    var buffer: Buffer? {
        let node = node
        return (node.knownValue ?? node).attachment as? Buffer
    }

    /// Replaces the expression by its value.
    ///
    /// Expressions that were built from this one before find the value too. While a function is being differentiated the
    /// expression stays: gradients flow through it.
    func become(_ buffer: Buffer) {
        state.withLock { node in
            guard !(node.attachment is Buffer) else { return }
            let value = Node(.input("tensor", node.type), attachment: buffer)
            // Rewrites look at constants: expressions with them stay as they are.
            if !node.isConstant { reference?.become(value) }
            if reference == nil || node.isConstant || !Differentiation.isUnderWay { node = value }
        }
    }
}

/// Lets a pending node find the tensor that stands for it, as long as somebody holds that tensor, and its value once it is known.
final class HandleReference: Sendable {
    private struct Reference: Sendable {
        weak var handle: Handle?
        var value: Node?
    }

    private let reference = Mutex(Reference())

    func set(_ handle: Handle) { reference.withLock { $0.handle = handle } }
    func become(_ value: Node) { reference.withLock { $0.value = value } }
    var handle: Handle? { reference.withLock { $0.handle } }
    var value: Node? { reference.withLock { $0.value } }
}

extension Node {
    fileprivate var isConstant: Bool {
        if case .constant = operation { return true }
        return false
    }

    /// A leaf with the node's value, if the tensor that stands for it has been evaluated.
    var knownValue: Node? { (attachment as? HandleReference)?.value }
}

/// Whether the current task is inside a function that is being differentiated.
enum Differentiation {
    @TaskLocal static var isUnderWay = false
}

extension Tensor {
    /// A tensor that applies an operation; remembers that it stands for the new node.
    package init(_ operation: Operation, _ inputs: [Node]) {
        self.init(Node(operation, inputs, attachment: HandleReference()))
    }

    /// A number in every element, as a tensor that expressions know.
    init(constant value: Scalar, _ type: TensorType) {
        self.init(
            Node(.constant(value.rounded(to: type.elementType), type), attachment: HandleReference()))
    }

    /// A tensor for a node that was built without one: from now on the node's value is kept where the tensor is.
    package init(tracking node: Node) {
        switch node.operation {
        case .input, .constant: self.init(node)
        default:
            if node.attachment == nil, node.isValid { self.init(node.operation, node.inputs) } else { self.init(node) }
        }
    }
}
