package import ApusGraph

/// What computes graphs on one kind of device.
package protocol Backend: Sendable {
    /// The device whose programs it makes.
    var device: Device { get }

    /// What the last bits of results may depend on besides the program: `threads`, libraries, instruction sets; by name.
    var conditions: [String: String] { get }

    /// Compiles a graph.
    ///
    /// - Throws: `GraphError` with every problem of the graph; `BackendError` for what the device lacks.
    func compile(_ graph: Graph, options: CompileOptions) throws -> any Executable
}

extension Backend {
    package var conditions: [String: String] { [:] }
}

/// A graph that was compiled for one device: run it with inputs, get outputs.
package protocol Executable: AnyObject, Sendable {
    /// The types of what goes in and comes out.
    var signature: ProgramSignature { get }

    /// What running it takes.
    var report: ProgramReport { get }

    /// Computes the outputs into given buffers.
    ///
    /// When it returns, the outputs may be handed to other programs of the device; reading them from the host waits until they are
    /// computed. Several threads may run one program; the runs follow each other. A caller that keeps its two arrays allocates
    /// nothing.
    ///
    /// - Parameters:
    ///   - inputs: One buffer an input, of the input's size.
    ///   - outputs: One buffer an output, of its size; where it replaces an input, the input's buffer, which is overwritten: it must
    ///     have no other owner.
    /// - Throws: `ProgramError` if an index or label is out of range; buffers that outputs replace are then as before.
    func run(_ inputs: [Buffer], into outputs: [Buffer]) throws(ProgramError)

    /// Whether runs measure the time of each step.
    var isTiming: Bool { get set }

    /// The nanoseconds that each step of the report took, over all runs while `isTiming` was set.
    var stepNanoseconds: [Int] { get }
}

extension Executable {
    /// Computes the outputs, in new memory where they replace no input.
    package func run(_ inputs: [Buffer]) throws(ProgramError) -> [Buffer] {
        let outputs = signature.outputs.map { output in
            output.replaces.map { inputs[$0] } ?? Buffer(byteCount: output.type.byteCount, device: report.device)
        }
        try run(inputs, into: outputs)
        return outputs
    }
}

/// The types of a program's inputs and outputs, in the graph's order.
package struct ProgramSignature: Sendable, Hashable {
    /// What comes out.
    package struct Output: Sendable, Hashable {
        /// Its type.
        package var type: TensorType
        /// The input whose memory it takes over, if any.
        package var replaces: Int?
    }

    /// What goes in.
    package var inputs: [TensorType]
    /// What comes out.
    package var outputs: [Output]

    /// The signature of a graph.
    package init(_ graph: Graph) {
        inputs = graph.inputs.map(\.type)
        outputs = graph.outputs.map { Output(type: $0.node.type, replaces: $0.replaces) }
    }
}

/// A device failed, whatever the program: it has no memory left, or it does not exist on this machine.
public struct BackendError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened, and what can be done.
    public var description: String

    /// An error that says what happened, and what can be done.
    public init(_ description: String) { self.description = description }
}
