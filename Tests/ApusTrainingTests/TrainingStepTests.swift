import ApusBackend
import ApusCPU
import ApusData
import ApusGraph
import ApusModels
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import CAllocations
import ApusTestKit
import ApusTrainingKit
import Testing

@Suite struct TrainingStepTests {
    private let optimizer = Optimizer.adam(learningRate: 0.01)

    private func fresh(_ model: Sequential = .lively, seed: UInt64 = 7) throws -> (TrainingStep, TrainingState) {
        (
            try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy]),
            try TrainingState(model, optimizer: optimizer, input: [2], seed: seed)
        )
    }

    // MARK: Loops of one's own

    /// The state is made by the step, and the step follows its schedule: as a trainer does.
    @Test func aLoopFollowsTheSchedule() throws {
        let data = try blobs(64).whole
        let schedule = Schedule.cosine(warmupSteps: 2)
        let step = try TrainingStep(
            Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer, schedule: schedule, totalSteps: 6)
        var (state, other) = (try step.initialState(input: [2], seed: 7), try step.initialState(input: [2], seed: 7))
        for index in 0..<6 {
            try step(&state, data)
            try step(&other, data, learningRate: 0.01 * schedule.factor(step: index, total: 6))
        }
        #expect(state.variables.leaves.map(\.scalars) == other.variables.leaves.map(\.scalars))
        var (_, constant) = try fresh()
        #expect(constant.variables.leaves.map(\.scalars) != state.variables.leaves.map(\.scalars))
        for _ in 0..<6 { try step(&constant, data, learningRate: 0.01) }
        #expect(constant.variables.leaves.map(\.scalars) != state.variables.leaves.map(\.scalars))
    }

    /// What depends on the length of a training must know it; what does not needs none.
    @Test func schedulesThatNeedTheEndSaySo() throws {
        let data = try blobs(8).whole
        for schedule in [Schedule.cosine(), .polynomial(), .oneCycle(), .step(warmupSteps: 10, warmupShare: 0.1)] {
            let step = try TrainingStep(
                Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer, schedule: schedule)
            var state = try step.initialState(input: [2])
            #expect(
                message { try step(&state, data) }.hasSuffix(
                    "depends on the steps of the whole training; give TrainingStep totalSteps, or train in a TrainingSession, which counts them"
                ))
            #expect(state.step == 0)
        }
        for schedule in [Schedule.constant, .exponential(steps: 1, factor: 0.5), .step(every: 1, warmupSteps: 1)] {
            let step = try TrainingStep(
                Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer, schedule: schedule)
            var state = try step.initialState(input: [2])
            try step(&state, data)
            #expect(state.step == 1)
        }
        #expect(
            message {
                try TrainingStep(
                    Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer, schedule: .step(every: 0))
            } == "the schedule's size is 0 but must be positive")
    }

    // MARK: Allocations

    /// Counts what this thread asks the allocator for; the engine's threads run C, which asks for nothing.
    @Test(
        .enabled(if: apus_test_allocation_count() >= 0, "the allocator is a sanitizer's"),
        .enabled(if: !_isDebugAssertConfiguration(), "Swift that is not optimized allocates by itself"))
    func aSteadyStepAllocatesNothing() throws {
        let (step, initial) = try fresh()
        var state = initial
        let batch = try blobs(64).whole
        for _ in 0..<3 { try step(&state, batch) }
        let before = apus_test_allocation_count()
        var sum = 0.0
        for _ in 0..<100 { sum += try step(&state, batch).loss }
        let count = apus_test_allocation_count() - before
        // The counter counts.
        UnsafeMutableRawPointer.allocate(byteCount: 1000, alignment: 64).deallocate()
        let counted = apus_test_allocation_count() - before
        #expect(count == 0, "\(count) allocations in 100 steps")
        #expect(counted == count + 1)
        #expect(sum.isFinite && state.step == 103)
    }

    // MARK: Values

    @Test func aCopyIsAFork() throws {
        let (step, start) = try fresh()
        let before = start.numbers
        var (a, b) = (start, start)
        let batches = Array(try blobs(64).batches(of: 16, epoch: 0, seed: 1))
        for batch in batches { try step(&a, batch) }
        #expect(start.numbers == before)
        #expect(b.numbers == before)
        for batch in batches { try step(&b, batch) }
        #expect(a.numbers == b.numbers)
        #expect(start.numbers == before)
        #expect(start.step == 0 && a.step == 4)
        // From the fork on, each goes its way.
        var c = a
        try step(&c, batches[0])
        try step(&a, batches[1])
        #expect(a.numbers != c.numbers)
    }

    @Test func aLoneStateIsUpdatedInPlace() throws {
        var (step, state) = try fresh()
        let batch = try blobs(16).whole
        try step(&state, batch)
        let addresses = state.buffers.map(\.bytes.baseAddress)
        for _ in 0..<3 { try step(&state, batch) }
        #expect(state.buffers.map(\.bytes.baseAddress) == addresses)
        let copy = state
        try step(&state, batch)
        #expect(state.buffers.map(\.bytes.baseAddress) != addresses)
        #expect(copy.buffers.map(\.bytes.baseAddress) == addresses)
        step = try fresh().0
    }

    @Test func variablesAreSnapshots() throws {
        var (step, state) = try fresh()
        let variables = state.variables
        let before = variables["0.dense/kernel"]!.scalars
        try step(&state, try blobs(16).whole)
        #expect(variables["0.dense/kernel"]!.scalars == before)
        #expect(state.variables["0.dense/kernel"]!.scalars != before)
        state.variables = variables
        #expect(state.variables["0.dense/kernel"]!.scalars == before)
        step = try fresh().0
    }

    // MARK: Reproducibility

    /// Dropout, normalization and shuffling included.
    private func train(seed: UInt64, threads: Int? = nil, model: Sequential = .lively) throws -> [[Float]] {
        try Device.withThreads(threads ?? 0) {
            let (step, start) = try fresh(model, seed: seed)
            var state = start
            let data = try blobs(100)
            for epoch in 0..<3 {
                for batch in data.batches(of: 32, epoch: epoch, seed: seed) { try step(&state, batch) }
            }
            return state.numbers
        }
    }

    @Test func sameSeedSameBits() throws {
        let first = try train(seed: 7)
        #expect(try train(seed: 7) == first)
        #expect(try train(seed: 8) != first)
    }

    @Test func threadsDoNotChangeBits() throws {
        let one = try train(seed: 7, threads: 1)
        #expect(try train(seed: 7, threads: 2) == one)
        #expect(try train(seed: 7, threads: 3) == one)
    }

    @Test func threadsDoNotChangeBitsOfLeNet() throws {
        let inputs = Tensor.uniform([40, 28, 28, 1], key: RandomKey(seed: 5))
        try evaluate(inputs)
        let batch = Batch(inputs: inputs, targets: Tensor((0..<40).map { Int32($0 % 10) }))
        func train(threads: Int) throws -> [[Float]] {
            try Device.withThreads(threads) {
                let step = try TrainingStep(Sequential.lenet5(), loss: .softmaxCrossEntropy, optimizer: optimizer)
                var state = try TrainingState(Sequential.lenet5(), optimizer: optimizer, input: [28, 28, 1], seed: 7)
                for _ in 0..<3 { try step(&state, batch) }
                return state.numbers
            }
        }
        #expect(try train(threads: 1) == train(threads: 2))
    }

    /// Several trainings at once, on one compiled step, do not disturb each other.
    @Test func trainingsAtOnce() async throws {
        let (step, start) = try fresh()
        let batches = Array(try blobs(128).batches(of: 32, epoch: 0, seed: 1))
        let train: @Sendable () throws -> [[Float]] = {
            var state = start
            for _ in 0..<10 { for batch in batches { try step(&state, batch) } }
            return state.numbers
        }
        let alone = try train()
        try await withThrowingTaskGroup(of: [[Float]].self) { group in
            for _ in 0..<4 { group.addTask { try train() } }
            for try await numbers in group { #expect(numbers == alone) }
        }
    }

    // MARK: Layers that differ while they learn

    /// Running values move in place, while the step needs the batch's own.
    @Test func runningValuesMove() throws {
        let model = Sequential([BatchNorm(momentum: 0.75), Dense(4)])
        var (step, state) = try fresh(model)
        let batch = try blobs(32).whole
        let mean = batch.inputs.only.mean(axes: [0]).scalars
        let variance = batch.inputs.only.variance(axes: [0]).scalars
        var (expectedMean, expectedVariance) = ([Float(0), 0], [Float(1), 1])
        for _ in 0..<3 {
            try step(&state, batch)
            for channel in 0..<2 {
                expectedMean[channel] = 0.75 * expectedMean[channel] + 0.25 * mean[channel]
                expectedVariance[channel] = 0.75 * expectedVariance[channel] + 0.25 * variance[channel]
            }
            let variables = state.variables
            for channel in 0..<2 {
                #expect(abs(variables["0.batchNorm/runningMean"]!.scalars[channel] - expectedMean[channel]) < 1e-6)
                #expect(
                    abs(variables["0.batchNorm/runningVariance"]!.scalars[channel] - expectedVariance[channel]) < 1e-5)
            }
        }
        #expect(state.slots.map(\.path).allSatisfy { !$0.contains("running") })
        step = try fresh().0
    }

    /// Without learning, only dropout makes two steps differ.
    @Test(arguments: [0, 0.5]) func everyStepDropsAnew(rate: Double) throws {
        let rule = Optimizer.sgd(learningRate: 0)
        let model = Sequential([Dense(32), Dropout(rate), Dense(4)])
        let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: rule)
        var state = try TrainingState(model, optimizer: rule, input: [2], seed: 3)
        let batch = try blobs(16).whole
        var again = state
        let losses = try (0..<5).map { _ in try step(&state, batch).loss }
        #expect(Set(losses).count == (rate == 0 ? 1 : 5))
        #expect(try (0..<5).map { _ in try step(&again, batch).loss } == losses)
    }

    // MARK: Rules on weights

    private func train(_ layer: Dense, steps: Int = 20, check: (TrainingState) -> Void = { _ in }) throws
        -> TrainingState
    {
        let model = Sequential([layer, Dense(4)])
        var (step, state) = try fresh(model)
        let batch = try blobs(32).whole
        for _ in 0..<steps {
            try step(&state, batch)
            check(state)
        }
        step = try fresh().0
        return state
    }

    @Test func maxNormHoldsAfterEveryStep() throws {
        let free = try train(Dense(8, activation: .relu))
        func norms(_ state: TrainingState) -> [Float] {
            sqrt(square(state.variables["0.dense/kernel"]!).sum(axes: [0])).scalars
        }
        #expect(norms(free).contains { $0 > 0.6 })
        _ = try train(Dense(8, activation: .relu, kernelConstraint: .maxNorm(0.5))) { state in
            #expect(norms(state).allSatisfy { $0 <= 0.5 * (1 + 1e-6) })
        }
        _ = try train(Dense(8, activation: .relu, kernelConstraint: .nonNegative)) { state in
            #expect(state.variables["0.dense/kernel"]!.scalars.allSatisfy { $0 >= 0 })
        }
    }

    @Test func noPenaltyEqualsNone() throws {
        let none = try train(Dense(8)).numbers
        #expect(try train(Dense(8, kernelRegularizer: .l2(0))).numbers == none)
        #expect(try train(Dense(8, kernelRegularizer: .l1(0))).numbers == none)
        #expect(try train(Dense(8, kernelRegularizer: .l2(0.01))).numbers != none)
    }

    /// The gradient with the penalty less the one without it is 2 λ w; the loss grows by λ Σ w².
    @Test func l2GradientIsExact() throws {
        let rule = Optimizer.sgd(learningRate: 1, momentum: 0.5)
        func run(_ regularizer: Regularizer?) throws -> (loss: Double, start: [Float], gradient: [Float]) {
            let model = Dense(4, kernelRegularizer: regularizer)
            let step = try TrainingStep(model, loss: .softmaxCrossEntropy, optimizer: rule)
            var state = try TrainingState(model, optimizer: rule, input: [2], seed: 3)
            let start = state.variables["kernel"]!.scalars
            let loss = try step(&state, try blobs(32).whole).loss
            return (loss, start, state.slots.first { $0.path == "kernel/momentum" }!.value.scalars.map { -$0 })
        }
        let (plain, penalized) = (try run(nil), try run(.l2(0.25)))
        for index in plain.start.indices {
            #expect(abs(penalized.gradient[index] - plain.gradient[index] - 0.5 * plain.start[index]) < 1e-6)
        }
        let penalty = 0.25 * plain.start.reduce(0) { $0 + Double($1 * $1) }
        #expect(abs(penalized.loss - plain.loss - penalty) < 1e-6)
    }

    /// A rule that is added to the model holds for weights from before.
    @Test func rulesBelongToTheModel() throws {
        var state = try TrainingState(Dense(4), optimizer: optimizer, input: [2], seed: 3)
        let step = try TrainingStep(
            Dense(4, kernelConstraint: .maxNorm(0.1)), loss: .softmaxCrossEntropy, optimizer: optimizer)
        try step(&state, try blobs(16).whole)
        #expect(sqrt(square(state.variables["kernel"]!).sum(axes: [0])).scalars.allSatisfy { $0 <= 0.100001 })
    }

    /// Penalties on kernels, biases and outputs join the loss; those on outputs are divided by the size of the batch.
    @Test func penaltiesOfEverySort() throws {
        func loss(_ layer: Dense) throws -> Double {
            let optimizer = Optimizer.sgd(learningRate: 0.01)
            var state = try TrainingState(layer, optimizer: optimizer, input: [2], seed: 3)
            let step = try TrainingStep(layer, loss: .meanSquaredError, optimizer: optimizer)
            return try step(&state, Batch(inputs: Tensor([[1.0, 2], [3, 4]]), targets: .zeros([2, 1]))).loss
        }
        let plain = Dense(1, kernelInitializer: .constant(0.5), biasInitializer: .constant(1))
        // Outputs 2.5 and 4.5.
        let bare = try loss(plain)
        #expect(abs(bare - (6.25 + 20.25) / 2) < 1e-5)
        var penalized = plain
        penalized.kernelRegularizer = .l1(0.1)
        penalized.biasRegularizer = .l2(0.2)
        penalized.activityRegularizer = .l1(0.3)
        #expect(abs(try loss(penalized) - bare - (0.1 + 0.2 + 0.3 * 7 / 2)) < 1e-5)
    }

    // MARK: Mistakes

    @Test func stateOfAnotherOptimizer() throws {
        let (step, _) = try fresh(.small)
        var state = try TrainingState(Sequential.small, optimizer: .sgd(), input: [2], seed: 1)
        #expect(
            message { try step(&state, try blobs(16).whole) } == """
                the state was made for SGD() but the step uses Adam(learningRate: 0.01), which keeps other values for each variable; \
                give both the same optimizer
                """)
    }

    @Test func stateOfAnotherModel() throws {
        let (step, _) = try fresh(Sequential([Dense(9), Dense(4)]))
        var state = try TrainingState(Sequential([Dense(16)]), optimizer: optimizer, input: [2], seed: 1)
        #expect(
            message { try step(&state, try blobs(16).whole) } == """
                2 problems:
                - 0.dense (Dense(9)): parameter: the variable 0.dense/kernel has the shape [2, 16] but the model expects [2, 9]; the weights belong to another model or input size
                - 0.dense (Dense(9)): parameter: the variable 0.dense/bias has the shape [16] but the model expects [9]; the weights belong to another model or input size
                """)
    }

    @Test func variablesAreReplacedWhole() throws {
        var state = try TrainingState(Sequential.small, optimizer: optimizer, input: [2], seed: 1)
        let other = try Sequential.small.initialized(input: [2], seed: 2)
        try state.load(other)
        #expect(state.variables.paths.map { state.variables[$0]!.scalars } == other.paths.map { other[$0]!.scalars })
        #expect(
            message {
                try state.load(try Sequential([Dense(16), Flatten(), Dense(4)]).initialized(input: [3], seed: 2))
            } == """
                the weights do not belong to this model: 0.dense/kernel has shape [3, 16], the model expects [2, 16]; \
                1.dense/kernel is missing; 1.dense/bias is missing; \
                2.dense/kernel is not a variable of the model; 2.dense/bias is not a variable of the model
                """)
        #expect(state.variables["0.dense/kernel"]!.scalars == other["0.dense/kernel"]!.scalars)
    }

    @Test func statesOfOneModelShareAProgram() throws {
        let (step, a) = try fresh(.small, seed: 1)
        let b = try fresh(.small, seed: 2).1
        let batch = try blobs(16).whole
        #expect(try step.program(for: a, batch) === step.program(for: b, batch))
    }

    @Test func aWrongLabelLeavesTheWeights() throws {
        for model in [Sequential.small, .lively] {
            var (step, state) = try fresh(model)
            let before = state.numbers
            let batch = Batch(inputs: .ones([3, 2]), targets: Tensor([0, 4, 1] as [Int32]))
            #expect(message { try step(&state, batch) }.contains("an index or label is out of range"))
            #expect(state.numbers == before)
            #expect(state.step == 0)
            step = try fresh().0
        }
    }

    @Test func aBatchThatDoesNotFit() throws {
        var (step, state) = try fresh(.small)
        #expect(
            message { try step(&state, Batch(inputs: .ones([0, 2]), targets: .zeros([0], type: .int32))) }
                == "there is nothing to train on: the batch is empty")
        #expect(
            message { try step(&state, Batch(inputs: .ones([3, 5]), targets: .zeros([3], type: .int32))) }
                .contains(
                    "0.dense (Dense(16, activation: .relu)): parameter: the variable 0.dense/kernel has the shape [2, 16]"
                ))
        #expect(
            message { try step(&state, Batch(inputs: .ones([3, 2]), targets: .zeros([3]))) }
                .contains(
                    "softmaxCrossEntropy: expected integer labels but received float32[3]; convert it with cast(to: .int32)"
                ))
        step = try fresh().0
    }
}
