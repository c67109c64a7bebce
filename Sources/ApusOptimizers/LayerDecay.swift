public import ApusConfiguration

/// Learning rates that fall from the last layer to the first: discriminative rates, layer-wise decay.
///
/// A variable whose layer stands d layers before the last one has the rate η · factorᵈ, η being that of its group or of the optimizer.
/// Layers are those that have weights, in the order in which the model asks for these; frozen ones count as well. Howard & Ruder
/// (2018), ULMFiT, whose η / 2.6 is the factor 0.385; timm's `layer_decay`.
///
/// ```swift
/// let net = Sequential { Dense(8, activation: .relu); Dense(8, activation: .relu); Dense(2) }
/// let optimizer = Optimizer.adamW(learningRate: 0.001).layerDecay(0.5)
/// for (path, rate) in optimizer.learningRates(for: try net.initialized(input: [4], seed: 7)) {
///     print(path, rate)   // 0.dense/kernel 0.00025, …, 2.dense/bias 0.001
/// }
/// ```
public struct LayerDecay: Configurable {
    /// What the rate is multiplied by from one layer to the one before it, > 0 and at most 1.
    public var factor: Double
    /// How many names of a path tell layers apart: with 1 the children of the model are layers, with 2 the children of these,
    /// `features/0` and `features/1`.
    public var levels: Int

    /// Rates that fall from the last layer to the first.
    ///
    /// - Parameters:
    ///   - factor: What the rate is multiplied by from one layer to the one before it.
    ///   - levels: How many names of a path tell layers apart.
    public init(_ factor: Double, levels: Int = 1) {
        self.factor = factor
        self.levels = levels
    }

    public static let schema = Schema(
        LayerDecay(1), .leading("factor", \.factor, help: "The factor, > 0 and at most 1"),
        .optional(
            "levels", \.levels,
            help: "How many names of a path tell layers apart: 1 for the children of the model, 2 for theirs"))
}

/// The layers of a model by the paths of its variables, in the order in which it asks for these.
struct LayerOrder: Sendable {
    /// What the paths of each begin with.
    private(set) var names: [String] = []
    private var places: [String: Int] = [:]

    /// - Parameters:
    ///   - paths: Those of all variables, in order.
    ///   - levels: How many names of a path tell layers apart.
    ///   - counts: Whether a variable makes its layer count. States of layers that do not belong to the one before.
    init(_ paths: [String], levels: Int, counts: (String) -> Bool) {
        func name(_ path: String) -> String {
            path.split(separator: "/").dropLast().prefix(max(1, levels)).joined(separator: "/")
        }
        var known: [String: Int] = [:]
        for path in paths where counts(path) && known[name(path)] == nil {
            known[name(path)] = names.count
            names.append(name(path))
        }
        var last = 0
        for path in paths {
            last = known[name(path)] ?? last
            places[path] = last
        }
    }

    /// How many layers stand behind that of a variable.
    func distance(_ path: String) -> Int { max(0, names.count - 1 - (places[path] ?? names.count)) }
}
