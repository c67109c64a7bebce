public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Several ways for one input, and how their results become one.
///
/// Children are named `branch0`, `branch1`, …; an empty branch is the input itself. In files also by the name of the merge:
/// `concatenate: [[…], […]]`, `add: […]`.
public struct Parallel: Layer, Configurable {
    /// How the results become one.
    public var merge: Merge
    /// The ways.
    public var branches: [Sequential]

    /// Creates the layer; arguments set the properties of their names.
    public init(_ merge: Merge = .concatenate, _ branches: [Sequential]) {
        self.merge = merge
        self.branches = branches
    }

    /// Each layer of the list is a branch; branches of several layers are `Sequential`.
    public init(_ merge: Merge = .concatenate, @SequentialBuilder branches: () -> [any Layer]) {
        self.init(merge, branches().map { ($0 as? Sequential) ?? Sequential([$0]) })
    }

    public static let schema = Schema(
        Parallel(.concatenate, []), .optional("merge", \.merge), .required("branches", \.branches))

    public var description: String {
        "Parallel(.\(merge), [\(branches.map(\.description).joined(separator: ", "))])"
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let results = branches.enumerated().map { $1(x, in: context["branch\($0)"]) }
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
