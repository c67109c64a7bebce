public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Several ways for one input, and how their results become one.
///
/// Children are named `branch0`, `branch1`, …; a branch of a single named layer bears that layer's name, and an empty branch is
/// the input itself. In files also by the name of the merge: `concatenate: [[…], […]]`, `add: […]`.
///
/// ```swift
/// let inception = Parallel {
///     Conv2D(filters: 8, kernelSize: 1, activation: .relu)
///     Sequential {
///         Conv2D(filters: 4, kernelSize: 1, activation: .relu)
///         Conv2D(filters: 8, kernelSize: 3, padding: .same, activation: .relu)
///     }
/// }   // [28, 28, 1] → [28, 28, 16]
/// ```
public struct Parallel: Layer, Configurable {
    /// How the results become one.
    public var merge: Merge
    /// The ways.
    public var branches: [Sequential]

    /// Branches that all receive the input, and the way in which their results become one.
    ///
    /// - Parameters:
    ///   - merge: How the results become one: side by side along the last axis, or summed or multiplied element by element.
    ///   - branches: The layers of each branch; an empty one is the input itself.
    public init(_ merge: Merge = .concatenate, _ branches: [Sequential]) {
        self.merge = merge
        self.branches = branches
    }

    /// A branch for each layer of the list; branches of several layers are `Sequential`.
    ///
    /// - Parameters:
    ///   - merge: How the results become one: side by side along the last axis, or summed or multiplied element by element.
    ///   - branches: The layers, one below the other.
    public init(_ merge: Merge = .concatenate, @SequentialBuilder branches: () -> [any Layer]) {
        self.init(merge, branches().map { ($0 as? Sequential) ?? Sequential([$0]) })
    }

    public static let schema = Schema(
        Parallel(.concatenate, []), .optional("merge", \.merge), .required("branches", \.branches))

    public var description: String {
        "Parallel(.\(merge), [\(branches.map(\.description).joined(separator: ", "))])"
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let results = branches.enumerated().map { $1(x, in: context.part("branch\($0)", $1)) }
        return merge.merged(results, of: "branches", kind)
    }
}

extension Parallel: Container {
    var label: String { "Parallel(.\(merge), \(branches.count) branches)" }
}

extension Tensor {
    /// A tensor that carries the problems of two.
    static func failing(_ a: Tensor, _ b: Tensor) -> Tensor {
        if b.problems.isEmpty { return a }
        return a.problems.isEmpty ? b : Tensor(Node(.concatenate(axis: 0), [a.node, b.node]))
    }
}
