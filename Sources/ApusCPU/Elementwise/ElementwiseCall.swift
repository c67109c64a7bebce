import ApusGraph
import CKernels

/// An elementwise program with the tensors that it runs over: one group, or several of different sizes.
struct ElementwiseCall {
    let program: ElementwiseProgram
    /// The number of elements of each group.
    private(set) var counts: [Int]
    /// The tensors of each group, in the order of the program's operands.
    private(set) var values: [[ValueID]]

    init(_ program: ElementwiseProgram, count: Int, _ values: [ValueID]) {
        self.program = program
        counts = [count]
        self.values = [values]
    }

    /// The call with the groups of another call of the same program before its own.
    func joined(after other: ElementwiseCall) -> ElementwiseCall {
        var result = self
        result.counts = other.counts + counts
        result.values = other.values + values
        return result
    }

    /// What the kernel reads and writes.
    var operands: [Operand] {
        values.flatMap { group in zip(program.operands, group).map { $0.isOutput ? .write($1) : .read($1) } }
    }
}

extension PlanStep {
    /// A call of an elementwise program; `nil` if no kernel computes it.
    init?(_ name: String, _ call: ElementwiseCall, cost: Cost) {
        guard let parameters = call.program.compiled(counts: call.counts) else { return nil }
        self.init(
            name: name, kernel: apus_elementwise, operands: call.operands, parameters: parameters, cost: cost,
            elementwise: call)
    }
}
