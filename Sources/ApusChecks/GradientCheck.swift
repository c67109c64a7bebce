public import ApusGraph

/// Gradients by the rules of differentiation beside those by finite differences, in Float64.
///
/// For each parameter and input the relative error ‖n − a‖ / (‖n‖ + ‖a‖), n by central differences, a by the rules. Tensors of many
/// elements are compared along random directions.
///
/// ```swift
/// let net = Sequential { Conv2D(filters: 4, kernelSize: 3, activation: .tanh); Flatten(); Dense(2) }
/// let check = try gradcheck(net, input: [8, 8, 1], loss: .softmaxCrossEntropy)
/// print(check.passed, check.worst)
/// for layer in check.wrongLayers { print("wrong:", layer) }
/// ```
public struct GradientCheck: Sendable, Hashable {
    /// What was found for one parameter, argument or input.
    public struct Entry: Sendable, Hashable {
        /// The variable's path, or `input`.
        public var path: String
        /// The shape of what is differentiated by.
        public var shape: Shape
        /// ‖n − a‖ / (‖n‖ + ‖a‖); 0 where they differ by no more than the rounding of the value that is differentiated.
        public var relativeError: Double
        /// How many elements were compared, or how many directions.
        public var count: Int
        /// Whether random directions were compared, not each element.
        public var isProjected: Bool
    }

    /// One for each parameter, then one for a floating-point input; for a function one for each argument.
    public var entries: [Entry]
    /// The layers whose own gradient is wrong, path and configuration, first the one closest to the input.
    public var wrongLayers: [String]
    /// What counts as wrong: a greater relative error.
    public var tolerance: Double

    /// Whether all gradients are right.
    public var passed: Bool { entries.allSatisfy { $0.relativeError <= tolerance } }
    /// The largest relative error.
    public var worst: Double { entries.map(\.relativeError).max() ?? 0 }
}

extension GradientCheck: CustomStringConvertible {
    /// One line a parameter, and the verdict.
    public var description: String {
        let width = entries.map(\.path.count).max() ?? 0
        let lines = entries.map { entry in
            let mark = entry.relativeError <= tolerance ? "ok   " : "WRONG"
            let extent = entry.isProjected ? "\(entry.count) directions" : "\(entry.count) elements"
            return "\(mark)  \(entry.path)\(String(repeating: " ", count: width - entry.path.count))  "
                + "\(GradientCheck.rounded(entry.relativeError))  \(extent) of \(entry.shape)"
        }
        guard !passed else {
            return (lines + ["all gradients are right: relative error ≤ \(GradientCheck.rounded(worst))"]).joined(
                separator: "\n")
        }
        let place =
            wrongLayers.isEmpty
            ? "no layer by itself: look at what is computed between layers, and at the loss"
            : "the gradient of \(wrongLayers.joined(separator: " and of "))"
        return (lines + ["wrong is \(place)"]).joined(separator: "\n")
    }

    /// Two digits: `3.1e-09`.
    private static func rounded(_ value: Double) -> String {
        guard value.isFinite, value > 0 else { return "\(value)" }
        var (mantissa, exponent) = (value, 0)
        while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        return "\((mantissa * 10).rounded() / 10)e\(exponent)"
    }
}
