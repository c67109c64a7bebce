/// The classes or the numbers that a model predicts for one sample.
///
/// ```swift
/// let model = try TrainedModel(contentsOf: "lenet5.safetensors")
/// for prediction in try model.predict(Tensor.zeros([2, 28, 28, 1])) {
///     for choice in prediction.top(3) { print(choice.name, choice.probability) }
/// }
/// ```
public struct Prediction: Sendable, Hashable, Codable {
    /// Where the sample comes from: `shoe.png`, `test.npy#3`.
    public var input: String
    /// The most probable classes, the best first; empty where numbers are predicted.
    public var classes: [Choice]
    /// The predicted numbers; empty where classes are.
    public var numbers: [Double]

    /// A class that the sample may be of.
    public struct Choice: Sendable, Hashable, Codable {
        /// The name of the class; its label if it has none.
        public var name: String
        /// The place of the class among all classes, from 0.
        public var label: Int
        /// The probability of the class, from 0 to 1.
        public var probability: Double
    }

    /// The most probable classes, the best first; none where numbers are predicted.
    public func top(_ count: Int) -> [Choice] { Array(classes.prefix(count)) }
}
