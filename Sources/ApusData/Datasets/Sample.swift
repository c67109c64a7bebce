import ApusGraph
public import ApusTensor

/// One sample with its targets, as stored: before normalization, and without an axis for the batch.
///
/// ```swift
/// let sample = Sample(input: Tensor([5.1, 3.5, 1.4, 0.2]), label: 0)
/// let pair = Sample(
///     inputs: ["left": Tensor([1.0]), "right": Tensor([2.0])], targets: ["distance": Tensor([1.0])])
/// print(sample.label, pair.inputs.names)  // 0 ["left", "right"]
/// ```
public struct Sample: Sendable {
    /// What a model takes, by name; `input` of plain data.
    public var inputs: Values
    /// What it is to yield, by name; `target` of plain data. Whole numbers are labels of classes.
    public var targets: Values

    /// A sample of several inputs or targets.
    public init(inputs: Values, targets: Values) {
        self.inputs = inputs
        self.targets = targets
    }

    /// A sample with the label of its class.
    public init(input: Tensor, label: Int) {
        self.init(inputs: Values(input), targets: Values(Tensor(label)))
    }

    /// A sample with numbers to predict, or with a label for each of its positions.
    public init(input: Tensor, target: Tensor) {
        self.init(inputs: Values(input), targets: Values(target))
    }

    /// The one input; a tensor that carries the error where there are several.
    public var input: Tensor { inputs.only }
    /// The one target; a tensor that carries the error where there are several.
    public var target: Tensor { targets.only }
    /// The label of the sample's class, where the one target is one.
    public var label: Int {
        demand(
            target.elementType.isInteger && target.rank == 0,
            "label needs one label a sample, but the target is \(target.elementType)\(target.shape); use target")
        return target.item(as: Int.self)
    }
}
