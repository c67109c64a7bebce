import ApusConfiguration
public import ApusTensor

/// A loss that is a function.
struct LossFunction: LossRule {
    let name: String
    let function: @Sendable (Tensor, Tensor) -> Tensor

    static let schema = Schema(LossFunction(name: "function") { output, _ in output })

    func values(_ output: Tensor, _ target: Tensor) -> Tensor { function(output, target) }

    func problem(_ output: Tensor, _ target: Tensor) -> String? {
        let values = function(output, target)
        guard values.problems.isEmpty else { return values.problems.map(\.message).joined(separator: "; ") }
        if values.rank == 0 {
            return
                "a loss gives one value or more a sample, [\(output.shape[0]), ...], which the framework reduces, but this one gives a "
                + "scalar; leave out its mean() or sum()"
        }
        return values.shape[0] == output.shape[0]
            ? nil : "expected values for each sample, [\(output.shape[0]), ...], but received \(values.shape)"
    }

    static func == (a: LossFunction, b: LossFunction) -> Bool { a.name == b.name }
    func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Loss {
    /// A loss of one's own: a function of output and target that gives values [N, ...], which the framework weighs and reduces.
    ///
    /// ```swift
    /// let weighted = Loss("weighted") { output, target in abs(output - target) * Tensor([1, 2, 4]) }
    /// ```
    ///
    /// Losses of one name are taken for equal. It can't be written to files; a type that conforms to `LossRule` can.
    public init(_ name: String, _ values: @escaping @Sendable (_ output: Tensor, _ target: Tensor) -> Tensor) {
        self.init(LossFunction(name: name, function: values))
    }
}
