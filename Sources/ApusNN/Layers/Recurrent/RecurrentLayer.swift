public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// What recurrent layers have in common: the size of their state, which way they go, what they yield, and what holds for their kernels.
///
/// ```swift
/// let layer = LSTM(64, returnsSequences: true, recurrentRegularizer: .l2(1e-5))
/// let options: RecurrentOptions = layer.options
/// print(options.units, options.returnsSequences)   // 64 true
/// ```
public struct RecurrentOptions: Sendable, Hashable {
    /// The size of the state.
    public var units: Int
    /// Whether the state after every step is the result; else that after the last step.
    public var returnsSequences: Bool
    /// Whether the last step of a sequence comes first.
    public var isReversed: Bool
    /// Whether there are offsets.
    public var useBias: Bool
    /// The start values of the kernel of the inputs.
    public var kernelInitializer: Initializer
    /// The start values of the kernel of the state.
    public var recurrentInitializer: Initializer
    /// The start values of the offsets.
    public var biasInitializer: Initializer
    /// A penalty on the kernel of the inputs.
    public var kernelRegularizer: Regularizer?
    /// A penalty on the kernel of the state.
    public var recurrentRegularizer: Regularizer?
}

/// A layer with a state that goes from step to step of a sequence.
///
/// ```swift
/// func bothWays(_ layer: some RecurrentLayer) -> Bidirectional { Bidirectional(layer: layer) }
/// let net = Sequential { bothWays(GRU(16)); Dense(2) }
/// ```
public protocol RecurrentLayer: Layer, Configurable {
    /// The size of the state, which way it goes, and what holds for the kernels.
    var options: RecurrentOptions { get set }

    /// The layer over a sequence [N, T, C].
    ///
    /// - Parameters:
    ///   - x: The sequence.
    ///   - mask: Which steps count, bool [N, T]; at others the state stays. See `Tensor.sequenceMask`.
    ///   - context: Where the layer is.
    /// - Returns: [N, T, units] or, of the last step, [N, units].
    func callAsFunction(_ x: Tensor, mask: Tensor?, in context: Context) -> Tensor
}

extension RecurrentLayer {
    /// The size of the state.
    public var units: Int {
        get { options.units }
        set { options.units = newValue }
    }

    /// Whether the state after every step is the result; else that after the last step.
    public var returnsSequences: Bool {
        get { options.returnsSequences }
        set { options.returnsSequences = newValue }
    }

    /// Whether the last step of a sequence comes first; results stay in the order of the steps.
    public var isReversed: Bool {
        get { options.isReversed }
        set { options.isReversed = newValue }
    }

    /// Whether there are offsets.
    public var useBias: Bool {
        get { options.useBias }
        set { options.useBias = newValue }
    }

    /// The start values of the kernel of the inputs.
    public var kernelInitializer: Initializer {
        get { options.kernelInitializer }
        set { options.kernelInitializer = newValue }
    }

    /// The start values of the kernel of the state.
    public var recurrentInitializer: Initializer {
        get { options.recurrentInitializer }
        set { options.recurrentInitializer = newValue }
    }

    /// The start values of the offsets.
    public var biasInitializer: Initializer {
        get { options.biasInitializer }
        set { options.biasInitializer = newValue }
    }

    /// A penalty on the kernel of the inputs.
    public var kernelRegularizer: Regularizer? {
        get { options.kernelRegularizer }
        set { options.kernelRegularizer = newValue }
    }

    /// A penalty on the kernel of the state.
    public var recurrentRegularizer: Regularizer? {
        get { options.recurrentRegularizer }
        set { options.recurrentRegularizer = newValue }
    }

    /// The options in files.
    static var recurrentFields: [Schema<Self>.Field] {
        [
            .optional("returnsSequences", \.returnsSequences), .optional("isReversed", \.isReversed),
            .optional("useBias", \.useBias), .optional("kernelInitializer", \.kernelInitializer),
            .optional("recurrentInitializer", \.recurrentInitializer), .optional("biasInitializer", \.biasInitializer),
            .optional("kernelRegularizer", \.kernelRegularizer),
            .optional("recurrentRegularizer", \.recurrentRegularizer),
        ]
    }

    public func callAsFunction(_ x: Tensor, mask: Tensor?, in context: Context) -> Tensor {
        var inputs = Values(x)
        if let mask { inputs["mask"] = mask }
        return context.call(self, inputs).only
    }

    public func output(for x: Tensor, in context: Context) -> Tensor { outputs(for: Values(x), in: context).only }

    /// The layer over a sequence without a name, or `x`, of which the steps in `mask` count, or those of `Context.mask(for:)`.
    public func outputs(for inputs: Values, in context: Context) -> Values {
        let x = inputs.contains("x") ? inputs["x"] : inputs.contains("") ? inputs[""] : inputs.only
        let mask = inputs.contains("mask") ? inputs["mask"] : context.mask(for: x)
        var check = Check(kind, x)
        check.expectPositive("units", units)
        check.expectSequences()
        if let mask {
            check.expectInput(
                mask.elementType == .bool && x.rank == 3 && mask.shape == [x.shape[0], x.shape[1]],
                "expected a mask bool[N, T] for a sequence [N, T, C] = \(x.shape) but received "
                    + "\(mask.elementType)\(mask.shape)")
        }
        // The layers here are gated; one of a program has no steps that are known here.
        check.expect(self is any GatedLayer, "a recurrent layer of one's own needs an outputs(for:in:) of its own")
        guard check.passed, let layer = self as? any GatedLayer else {
            return Values(Tensor.failing(check.failure, x))
        }
        return Values(layer.states(x, mask, in: context))
    }
}

/// How a recurrent layer goes from one state to the next.
protocol GatedLayer: RecurrentLayer {
    /// The number of gates: the kernels have so many columns for each unit.
    static var gateCount: Int { get }
    /// The number of values in the state, the first of which is the output.
    static var stateCount: Int { get }
    /// The start value of the offsets [gates · units].
    func bias(in context: Context) -> Tensor?
    /// What the step needs besides the kernel of the state.
    func constants(in context: Context) -> [Tensor]
    /// The next state: gates are x · W + b, [N, gates · units].
    func step(_ state: [Tensor], _ gates: Tensor, _ kernel: Tensor, _ constants: [Tensor]) -> [Tensor]
}

extension GatedLayer {
    static var stateCount: Int { 1 }
    func constants(in context: Context) -> [Tensor] { [] }

    func bias(in context: Context) -> Tensor? {
        useBias
            ? context.parameter("bias", shape: [Self.gateCount *| units], initializer: biasInitializer) : nil
    }

    /// The state after every step, or after the last.
    fileprivate func states(_ x: Tensor, _ mask: Tensor?, in context: Context) -> Tensor {
        let width = Self.gateCount *| units
        let kernel = context.parameter(
            "kernel", shape: [x.shape[2], width], initializer: kernelInitializer, regularizer: kernelRegularizer)
        let recurrent = context.parameter(
            "recurrentKernel", shape: [units, width], initializer: recurrentInitializer,
            regularizer: recurrentRegularizer)
        // One product for all steps.
        var gates = x.transposed([1, 0, 2]).matmul(kernel)
        if let bias = bias(in: context) { gates = gates + bias.cast(to: gates.elementType) }
        let type = recurrent.elementType
        gates = gates.cast(to: type)
        let constants = constants(in: context)
        if context.readsTokens { return next(gates, recurrent, constants, in: context) }
        let start = (0..<Self.stateCount).map { _ in Tensor.zeros([x.shape[0], units], type: type) }
        var inputs = [gates]
        if let mask { inputs.append(mask.transposed([1, 0]).expandingShape(at: 2)) }
        let (last, all) = scan(over: inputs, from: start, reversed: isReversed) { state, step in
            var next = self.step(state, step[0], recurrent, constants)
            if step.count > 1 { next = zip(next, state).map { Tensor.where(step[1], $0, $1) } }
            return (next, next[0])
        }
        return returnsSequences ? all.transposed([1, 0, 2]) : last[0]
    }

    /// The state after one token, from what is remembered of those before; gates are [1, N, gates · units].
    private func next(
        _ gates: Tensor, _ kernel: Tensor, _ constants: [Tensor], in context: Context
    ) -> Tensor {
        let names = (0..<Self.stateCount).map { "state\($0)" }
        let before = names.map { context.remembered($0, [gates.shape[1], units], kernel.elementType) }
        let after = step(before, gates.squeezingShape(at: 0), kernel, constants)
        for (name, value) in zip(names, after) { context.remember(name, value) }
        return returnsSequences ? after[0].expandingShape(at: 1) : after[0]
    }
}

extension Tensor {
    /// One of the gates that lie side by side in [N, gates · units].
    func gate(_ index: Int, _ units: Int) -> Tensor { self[0..., (index *| units)..<((index + 1) *| units)] }
}
