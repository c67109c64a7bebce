import ApusGraph
import ApusNN
import ApusOptimizers
import ApusTensor

/// The optimizer inside the program of a step: its inputs, and what becomes of variables and slots.
struct StepUpdate {
    /// What the optimizer keeps for each variable.
    let slots: [StepRole: Tensor]
    private let optimizer: Optimizer
    private let layout: TrainingState.Layout
    private let places: StepNumbers
    private let numbers: [Tensor]

    /// Adds slots and numbers as inputs.
    ///
    /// - Parameter places: Which numbers there are.
    init(
        _ optimizer: Optimizer, _ layout: TrainingState.Layout, _ places: StepNumbers,
        in builder: inout ProgramBuilder<StepRole>
    ) {
        self.optimizer = optimizer
        self.layout = layout
        self.places = places
        var slots: [StepRole: Tensor] = [:]
        for (index, role) in layout.roles.enumerated().dropFirst(layout.variables.count) {
            slots[role] = builder.input(role, layout.type(index))
        }
        self.slots = slots
        numbers = (0..<places.count).map { builder.input(.number($0), TensorType([], .float32)) }
    }

    /// The new values of trained variables and their slots.
    ///
    /// - Parameters:
    ///   - gradients: One for each trained variable.
    ///   - updates: Whether the variables change, or gradients are only gathered.
    func changes(
        of variables: [String: Tensor], _ gradients: [Tensor], _ constraints: [String: Constraint], updates: Bool
    ) -> [StepRole: Tensor] {
        let trained = layout.trainedPaths.map {
            OptimizerPipeline.Variable(path: $0, value: variables[$0]!, constraint: constraints[$0])
        }
        let roles = layout.trainedPaths.map { path in
            optimizer.allSlots.map { StepRole.slot(path, $0.name) }
        }
        let old = roles.map { $0.map { slots[$0]! } }
        let pipeline = OptimizerPipeline(optimizer, places, numbers: numbers)
        let changed =
            updates
            ? pipeline.updated(trained, gradients: gradients, slots: old)
            : pipeline.gathered(trained, gradients: gradients, slots: old)
        var changes: [StepRole: Tensor] = [:]
        for (index, change) in changed.enumerated() {
            changes[.variable(trained[index].path)] = change.variable
            for (role, value) in zip(roles[index], change.slots) { changes[role] = value }
        }
        return changes
    }
}
