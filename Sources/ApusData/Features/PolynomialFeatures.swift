import ApusGraph
public import ApusTensor

/// All products of features up to a degree: of (a, b) and degree 2 these are 1, a, b, a², ab, b² (scikit-learn's
/// `PolynomialFeatures`, in its order).
///
/// A linear model of them is a polynomial of the features. Of F features there are (F + d choose d) products up to degree d. Gradients
/// flow through them, so a layer of one's own may begin with them.
///
/// ```swift
/// let products = PolynomialFeatures(degree: 2)
/// print(products(Tensor([[2.0, 3]])).scalars)   // [1.0, 2.0, 3.0, 4.0, 6.0, 9.0]
/// ```
public struct PolynomialFeatures: Sendable, Hashable {
    /// The most factors of a product.
    public var degree: Int
    /// Whether no feature is a factor twice.
    public var interactionsOnly: Bool
    /// Whether 1 is the first feature.
    public var hasConstant: Bool

    /// Creates a value; arguments set the properties of their names.
    public init(degree: Int = 2, interactionsOnly: Bool = false, hasConstant: Bool = true) {
        self.degree = degree
        self.interactionsOnly = interactionsOnly
        self.hasConstant = hasConstant
    }

    /// The products of features, [..., F] → [..., products]; more than a million are an error that the tensor carries.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        guard x.problems.isEmpty else { return x }
        guard x.rank >= 1, degree >= 0 else {
            return problem("expected samples [..., features] and a degree ≥ 0 but received \(x.shape) and \(degree)")
        }
        let features = x.shape[-1]
        guard let terms = terms(features) else {
            return problem("\(features) features have more than a million products up to degree \(degree)")
        }
        var parts: [Tensor] = []
        if hasConstant {
            parts.append(Tensor.ones(Shape(x.shape.dimensions.dropLast() + [1]), type: x.elementType))
        }
        var last = x
        for (index, level) in terms.enumerated() {
            if index > 0 {
                last =
                    last.gathered(places(level.map(\.former)), axis: -1)
                    * x.gathered(places(level.map(\.factor)), axis: -1)
            }
            parts.append(last)
        }
        // What has no terms at all.
        guard !parts.isEmpty else { return x[TensorSlice.ellipsis, 0..<0] }
        return Tensor.concatenated(parts, axis: -1)
    }

    private func places(_ numbers: [Int]) -> Tensor { Tensor(numbers, shape: [numbers.count], type: .int32) }

    /// By degree, from 1: each product as one of the degree before and the feature that it is multiplied by.
    private func terms(_ features: Int) -> [[(former: Int, factor: Int)]]? {
        guard degree > 0 else { return [] }
        // The smallest feature of each product, to which only larger or equal ones are added, stands first in it.
        var levels = [(0..<features).map { (former: $0, factor: $0) }]
        // The last factor of each product of the level.
        var lasts = Array(0..<features)
        var total = features
        for _ in 1..<degree {
            var level: [(former: Int, factor: Int)] = []
            var next: [Int] = []
            for (place, last) in lasts.enumerated() {
                let first = interactionsOnly ? last + 1 : last
                guard first < features else { continue }
                total += features - first
                guard total <= 1_000_000 else { return nil }
                for factor in first..<features {
                    level.append((place, factor))
                    next.append(factor)
                }
            }
            guard !level.isEmpty else { break }
            levels.append(level)
            lasts = next
        }
        return levels
    }

    private func problem(_ message: String) -> Tensor {
        Tensor(Node(problem: message, operation: "polynomialFeatures"))
    }
}

extension Dataset {
    /// The same samples with products of their features, [products], in place of them.
    ///
    /// They are computed at once, of the scaled samples, and not scaled again.
    ///
    /// - Throws: `DatasetError` for samples of several inputs; `GraphError` for more than a million products; the error of a sample that
    ///   can't be read.
    public func polynomialFeatures(_ features: PolynomialFeatures = PolynomialFeatures()) throws -> Dataset {
        try replacingFeatures { features($0) }
    }
}
