public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Several ways for one input, and how their results become one.
///
/// Children are named `branch0`, `branch1`, …; an empty branch is the input itself. In files also `concatenate: [[…], […]]`,
/// `add: […]` and `multiply: […]`.
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
    /// How the results of the branches become one.
    public enum Merge: String, Sendable, Hashable, Codable, CaseIterable {
        /// Along the last axis.
        case concatenate
        /// The sum, element by element; the shapes are equal.
        case add
        /// The product, element by element; the shapes are equal.
        case multiply
    }

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
        let results = branches.enumerated().map { $1(x, in: context["branch\($0)"]) }
        var check = Check(kind, results.first ?? x)
        check.expect(!results.isEmpty, "there are no branches")
        let shapes = results.filter { $0.problems.isEmpty }.map(\.shape)
        check.expect(
            shapes.allSatisfy { isCompatible($0, shapes[0]) },
            "the branches yield the shapes \(shapes.map(\.description).joined(separator: ", ")); "
                + (merge == .concatenate ? "all axes but the last must be equal" : "they must be equal"))
        guard check.passed, results.allSatisfy({ $0.problems.isEmpty }) else {
            return results.reduce(check.failure, Tensor.failing)
        }
        switch merge {
        case .concatenate: return Tensor.concatenated(results, axis: -1)
        case .add: return results.dropFirst().reduce(results[0], +)
        case .multiply: return results.dropFirst().reduce(results[0], *)
        }
    }

    private func isCompatible(_ a: Shape, _ b: Shape) -> Bool {
        merge == .concatenate ? a.rank > 0 && a.dimensions.dropLast() == b.dimensions.dropLast() : a == b
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
