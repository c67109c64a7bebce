/// A change of the whole plan that keeps what the program computes.
struct PlanPass: Sendable {
    /// The name in reports.
    let name: String
    let run: @Sendable (inout Plan) -> Void
}

extension PlanPass {
    /// Brings every output where the caller wants it.
    static let placeOutputs = PlanPass(name: "place outputs") { $0.placeOutputs() }

    /// Joins elementwise steps that run one program over different tensors.
    static let mergeElementwise = PlanPass(name: "merge elementwise steps") { $0.mergeElementwiseSteps() }

    /// Gives every value its place in the arena.
    static let planMemory = PlanPass(name: "plan memory") { MemoryPlanner.assignOffsets(in: &$0) }
}
