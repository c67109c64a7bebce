public import ApusGraph

/// What a compiled program does and takes: steps, operations, memory.
///
/// ```swift
/// let net = Sequential { Dense(16, activation: .relu); Dense(2) }
/// let data = Dataset.moons(count: 64, seed: 1)
/// let state = try TrainingState(net, optimizer: .adam(), input: [2], seed: 7)
/// let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: .adam())
/// for batch in data.batches(of: 32, epoch: 0, seed: 7) {
///     let report = try step.report(for: state, batch)
///     print(report.steps.count, "kernels", report.peakByteCount, "bytes")
/// }
/// ```
public struct ProgramReport: Sendable, Hashable {
    /// One call of a kernel.
    public struct Step: Sendable, Hashable {
        /// The kernel, and what is fused into it.
        public var name: String
        /// Operations and bytes.
        public var cost: Cost
        /// The unit of the compilation that it belongs to; copies of outputs belong to none.
        package var unit: Int?

        package init(name: String, cost: Cost, unit: Int? = nil) {
            self.name = name
            self.cost = cost
            self.unit = unit
        }
    }

    /// Where it runs.
    public var device: Device
    /// The calls of kernels, in order.
    public var steps: [Step]
    /// The bytes of the arena: everything between inputs and outputs.
    public var arenaByteCount: Int
    /// The bytes of constants that were computed when the program was built.
    public var constantByteCount: Int
    /// What the stages of the compilation made of the graph.
    package var compilation: CompilationReport
    /// The bytes of inputs, and of outputs that replace none.
    public var interfaceByteCount: Int

    package init(
        device: Device, signature: ProgramSignature, steps: [Step], arenaByteCount: Int, constantByteCount: Int,
        compilation: CompilationReport = CompilationReport()
    ) {
        self.compilation = compilation
        self.device = device
        self.steps = steps
        self.arenaByteCount = arenaByteCount
        self.constantByteCount = constantByteCount
        interfaceByteCount =
            signature.inputs.reduce(0) { $0 + $1.byteCount }
            + signature.outputs.reduce(0) { $0 + ($1.replaces == nil ? $1.type.byteCount : 0) }
    }

    /// Operations by definition and bytes moved, of all steps.
    public var cost: Cost { steps.reduce(.zero) { $0 + $1.cost } }

    /// The most memory in use during a run: arena, constants, inputs and outputs.
    public var peakByteCount: Int { arenaByteCount + constantByteCount + interfaceByteCount }
}
