import ApusBackend
package import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor

/// Several trainings of one model that differ in their seeds alone, step by step and all in one program.
///
/// Small networks are trained faster together than one after the other: a program has a few large steps in place of many small ones.
/// Each training is what it would be alone, up to rounding.
package struct SeedTraining {
    private let step: TrainingStep
    /// The trainings as they began: they know what lies where.
    private let first: [TrainingState]
    /// Variables and slots in their order, each with those of all trainings one behind the other.
    private let buffers: [Buffer]
    private var programs: [Key: SeedStep] = [:]
    /// The steps done.
    package private(set) var stepCount: Int

    private struct Key: Hashable {
        /// The batches of all trainings.
        let type: BatchType
        let updates: Bool
    }

    /// - Parameter states: One for each training, all at the same step.
    /// - Throws: `TrainingError` for states of different models or positions, and where variables are unfrozen on the way.
    package init(_ step: TrainingStep, _ states: [TrainingState]) throws {
        guard let one = states.first else { throw TrainingError("trainings side by side need at least one training") }
        guard
            states.allSatisfy({
                $0.layout == one.layout && ($0.step, $0.epoch, $0.batch) == (one.step, one.epoch, one.batch)
            })
        else {
            throw TrainingError(
                "trainings side by side have one model, one optimizer and one position; begin all of them anew, or train each by itself"
            )
        }
        guard one.layout.plan.phases.count == 1 else {
            throw TrainingError("variables can't be unfrozen in trainings side by side; train each by itself")
        }
        self.step = step
        first = states
        stepCount = one.step
        buffers = one.buffers.indices.map { index in
            let size = one.buffers[index].byteCount
            let all = Buffer(byteCount: size * states.count)
            for (place, state) in states.enumerated() {
                (all.mutableBytes.baseAddress! + place * size).copyMemory(
                    from: state.buffers[index].bytes.baseAddress!, byteCount: size)
            }
            return all
        }
    }

    /// A step of all trainings.
    ///
    /// - Parameters:
    ///   - batch: A batch of each training, one behind the other, all of one size.
    ///   - learningRate: The same for all.
    /// - Returns: Loss and metrics of each training before the update.
    @discardableResult
    package mutating func callAsFunction(_ batch: Batch, learningRate: Double) throws -> [StepResult] {
        try batch.evaluated()
        let key = Key(type: BatchType(batch), updates: step.updates(afterSteps: stepCount))
        let program =
            try programs[key]
            ?? step.seedStep(
                for: BatchType(batch.part(of: first.count)), first[0], trainings: first.count, updates: key.updates)
        programs[key] = program
        let results = try program.run(
            buffers, batch, seeds: first.map(\.seed), step: stepCount, starts: first[0].phaseStarts,
            learningRate: learningRate)
        stepCount += 1
        return results
    }

    /// The states of all trainings now.
    package func states(epoch: Int) -> [TrainingState] {
        first.enumerated().map { place, state in
            let own = state.buffers.indices.map { index in
                let size = state.buffers[index].byteCount
                return Buffer(
                    copying: UnsafeRawBufferPointer(
                        rebasing: buffers[index].bytes[(place * size)..<((place + 1) * size)]))
            }
            return state.replacing(own, step: stepCount, epoch: epoch)
        }
    }
}

extension Batch {
    /// What one of several trainings has of the batch, as far as types go.
    fileprivate func part(of trainings: Int) -> Batch {
        func part(_ tensor: Tensor) -> Tensor { tensor[0..<(tensor.shape[0] / trainings)] }
        return Batch(
            inputs: inputs.mapValues(part), targets: targets.mapValues(part), weights: weights.map(part),
            preprocessing: preprocessing, ignoring: ignoredLabels)
    }
}
