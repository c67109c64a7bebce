import ApusConfiguration
import ApusFixtures
import ApusGraph
import ApusNN
import ApusTensor
import Foundation
import ApusTestKit
import Testing

/// Regularizers, constraints and initializers as files describe them against Keras and PyTorch.
@Suite struct RuleFixtureTests {
    static func cases(_ prefix: String) throws -> [FixtureCase] {
        let cases = try FixtureCase.all("rules-weights").filter { $0.name.hasPrefix(prefix) }
        guard !cases.isEmpty else { throw FixtureError("rules-weights", "there is no \(prefix)") }
        return cases
    }

    @Test(arguments: try cases("regularizer")) func regularizers(_ item: FixtureCase) throws {
        let rule = try item.value("regularizer", as: Regularizer.self)
        let (value, gradients) = valueAndGradient(at: [try item["input"]]) { rule($0[0]) }
        try expectClose(value, item["value"], .layer, "value")
        try expectClose(gradients[0], item["gradient/input"], .layer, "gradient")
    }

    @Test(arguments: try cases("constraint")) func constraints(_ item: FixtureCase) throws {
        let rule = try item.value("constraint", as: Constraint.self)
        try expectClose(rule(item["input"]), item["output"], .layer, "output")
    }

    @Test(arguments: try cases("initializer")) func initializers(_ item: FixtureCase) throws {
        let initializer = try item.value("initializer", as: Initializer.self)
        let shape = Shape(try item.value("shape", as: [Int].self))
        let key = RandomKey(seed: 5).child(item.name)
        guard item.contains("standardDeviation") else {
            return try expectClose(initializer.tensor(shape, key: key), item["values"], .elementwise, "values")
        }
        #expect(try Initializer.fans(shape).input == item.value("fanIn", as: Double.self))
        #expect(try Initializer.fans(shape).output == item.value("fanOut", as: Double.self))
        // Enough draws for the distribution to show.
        let rounds = (20_000 + shape.count - 1) / shape.count
        let values = (0..<rounds).flatMap {
            initializer.tensor(shape, key: key.child(UInt64($0))).scalars(as: Double.self)
        }
        let deviation = try item["standardDeviation"].item(as: Double.self)
        let mean = try item["mean"].item(as: Double.self)
        let average = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(values.count)
        #expect(abs(average - mean) <= 5 * deviation / Double(values.count).squareRoot())
        #expect(abs(variance / (deviation * deviation) - 1) <= 5 * (2 / Double(values.count)).squareRoot())
        if item.contains("limit") {
            let limit = try item["limit"].item(as: Double.self)
            #expect(values.allSatisfy { abs($0 - mean) <= limit * (1 + 1e-6) })
        }
        let distribution = try Distribution(item, mean: mean, deviation: deviation)
        #expect(distribution.distance(values) <= 2.2 / Double(values.count).squareRoot())
    }

    /// A cumulative distribution.
    private struct Distribution {
        let share: (Double) -> Double

        init(_ item: FixtureCase, mean: Double, deviation: Double) throws {
            func normal(_ z: Double) -> Double { (1 + erf(z / 2.0.squareRoot())) / 2 }
            switch try item.value("distribution", as: String.self) {
            case "uniform":
                let limit = deviation * 3.0.squareRoot()
                share = { min(max(($0 - mean + limit) / (2 * limit), 0), 1) }
            case "normal": share = { normal(($0 - mean) / deviation) }
            default:
                let spread = try item["underlyingStandardDeviation"].item(as: Double.self)
                let (low, high) = (normal(-2), normal(2))
                share = { min(max((normal(($0 - mean) / spread) - low) / (high - low), 0), 1) }
            }
        }

        /// Kolmogorov's and Smirnov's: the largest difference to the distribution of the values.
        func distance(_ values: [Double]) -> Double {
            values.sorted().enumerated().reduce(0) { greatest, item in
                let expected = share(item.element)
                let below = Double(item.offset) / Double(values.count)
                return max(greatest, abs(expected - below), abs(expected - below - 1 / Double(values.count)))
            }
        }
    }

    /// Wide, tall and kernels: rows or columns of length `gain`, at right angles.
    @Test(arguments: [Shape([6, 4]), [4, 6], [5, 5], [3, 3, 2, 7], [1, 40]]) func orthogonal(_ shape: Shape) {
        let weights = Initializer.orthogonal(gain: 2).tensor(shape, key: RandomKey(seed: 4))
        let matrix = weights.reshaped(to: [shape.count / shape[-1], shape[-1]])
        let isWide = matrix.shape[0] < matrix.shape[1]
        let product = isWide ? matrix.matmul(matrix.transposed()) : matrix.transposed().matmul(matrix)
        let count = min(matrix.shape[0], matrix.shape[1])
        let error = (product - Tensor.identity(count) * 4).scalars.map(abs).max()!
        #expect(error < 4e-6)
        #expect(weights.scalars != Initializer.orthogonal(gain: 2).tensor(shape, key: RandomKey(seed: 5)).scalars)
    }

    @Test func everyRuleHasAFixture() throws {
        func covered<Rule: ConfigurableCases>(_ type: Rule.Type, _ key: String) throws -> Set<String> {
            Set(
                try RuleFixtureTests.cases(key).map { "\(try $0.value(key, as: type))".prefix { $0 != "(" } }.map(
                    String.init))
        }
        #expect(try covered(Regularizer.self, "regularizer") == Set(Regularizer.names))
        #expect(try covered(Constraint.self, "constraint") == Set(Constraint.names))
        // Values are given; orthogonal matrices are tested by what they are.
        #expect(
            try covered(Initializer.self, "initializer").union(["values", "orthogonal"]) == Set(Initializer.names))
    }

    @Test func whatDoesNotFit() {
        func problem(_ initializer: Initializer, _ shape: Shape) -> String {
            message { try initializer.tensor(shape, key: RandomKey(seed: 1)).evaluated() }
        }
        #expect(
            problem(.orthogonal(), [4]) == "orthogonal: only matrices and kernels can be orthogonal, received shape [4]"
        )
        #expect(problem(.identity(), [4]) == "identity: only matrices and kernels have an identity, received shape [4]")
        #expect(problem(.values([1, 2]), [3]) == "values: expected 3 values for shape [3], received 2")
        #expect(
            message { try Regularizer.orthogonal()(Tensor.ones([2, 2, 2])).evaluated() }
                == "orthogonal: only matrices can be orthogonal, received shape [2, 2, 2]; use it on dense kernels")
    }
}
