import ApusNN
import ApusTensor
import Testing

@Suite struct WeightRuleTests {
    private let weights = Tensor([[1, -2], [3, 0.5]] as [[Float]])

    /// Values and gradients by hand.
    @Test func regularizers() throws {
        func run(_ rule: Regularizer) throws -> (value: Float, gradient: [Float]) {
            let (value, gradients) = valueAndGradient(at: [weights]) { rule($0[0]) }
            return (value.item(), gradients[0].scalars)
        }
        let l1 = try run(.l1(0.5))
        #expect(l1.value == 3.25)
        #expect(l1.gradient == [0.5, -0.5, 0.5, 0.5])
        let l2 = try run(.l2(0.5))
        #expect(l2.value == 7.125)
        #expect(l2.gradient == [1, -2, 3, 0.5])
        let both = try run(.l1l2(l1: 0.5, l2: 0.25))
        #expect(both.value == 3.25 + 3.5625)
        #expect(both.gradient == [1, -1.5, 2, 0.75])
    }

    /// Columns lead to one unit each: norms √10 and √4.25.
    @Test func constraints() {
        func norms(_ tensor: Tensor) -> [Float] { sqrt(square(tensor).sum(axes: [0])).scalars }
        let limited = Constraint.maxNorm(3)(weights)
        #expect(abs(norms(limited)[0] - 3) < 1e-5)
        // Weights inside stay where they are, but for ε.
        #expect(
            zip(limited.scalars, weights.scalars).enumerated().allSatisfy { $0 % 2 == 0 || abs($1.0 - $1.1) < 1e-6 })
        #expect(norms(Constraint.unitNorm(weights)).allSatisfy { abs($0 - 1) < 1e-6 })
        #expect(Constraint.nonNegative(weights).scalars == [1, 0, 3, 0.5])
        // A kernel [height, width, in, out] counts as one vector for each output.
        let kernel = Tensor.ones([3, 3, 4, 2])
        #expect(Constraint.maxNorm(3)(kernel).scalars.allSatisfy { abs($0 - 0.5) < 1e-6 })
        // A vector, such as a bias, is one unit.
        let bias = Tensor([3.0, -4])
        #expect(zip(Constraint.unitNorm(bias).scalars, [0.6, -0.8]).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(zip(Constraint.maxNorm(2.5)(bias).scalars, [1.5, -2]).allSatisfy { abs($0 - $1) < 1e-6 })
        let moved = Constraint.minMaxNorm(minimum: 10, maximum: 20, rate: 0.5)(bias).scalars
        #expect(zip(moved, [4.5, -6]).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(abs(Constraint.unitNorm(Tensor(-3.0)).item() + 1) < 1e-6)
        // Zeros have no direction; they stay zero.
        #expect(Constraint.unitNorm(.zeros([2, 2])).scalars == [0, 0, 0, 0])
    }
}
