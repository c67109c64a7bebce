import ApusGraph
import ApusTensor
import Testing

@Suite struct NormTests {
    // MARK: Norms

    @Test func norms() throws {
        let x = Tensor([[3.0, -4], [0, 0]])
        try expectElements([5], at: [x]) { $0[0].norm() }
        try expectElements([5, 0], at: [x]) { $0[0].norm(axes: [-1]) }
        try expectElements([7, 0], at: [x]) { $0[0].norm(order: 1, axes: [1]) }
        try expectElements([4, 0], at: [x]) { $0[0].norm(order: .infinity, axes: [1]) }
        #expect(x.norm(axes: [0], keepingAxes: true).shape == [1, 2])
        #expect(x.norm(order: 1, axes: [0], keepingAxes: true).scalars == [3, 4])
        #expect(x.norm(order: .infinity, keepingAxes: true).shape == [1, 1])
        #expect(Tensor(-2.5).norm().item() == 2.5)
        #expect(Tensor.zeros([0, 2]).norm(axes: [0]).scalars == [0, 0])
        #expect(Tensor([3.0, .nan]).norm().item().isNaN && Tensor([3.0, -.infinity]).norm().item() == .infinity)
        for type in [ElementType.bfloat16, .float64] {
            let length = Tensor([3.0, 4], type: type).norm()
            #expect(length.elementType == type && length.item() == 5)
        }
    }

    /// √ has no slope at 0; the length of no vector is 0 / 0 there.
    @Test func gradientsOfNorms() throws {
        let x = Tensor([[3.0, -4], [0, 0]])
        try expectElements([0.6, -0.8, 0, 0], within: 1e-6, at: [x]) { slope(of: $0[0]) { $0.norm(axes: [1]) } }
        try expectElements([1, -1, 0, 0], at: [x]) { slope(of: $0[0]) { $0.norm(order: 1, axes: [1]) } }
        #expect(slope(of: x) { $0.norm(order: .infinity, axes: [1]) }.scalars == [0, -1, 0, 0])
        // And its own: (I − v vᵀ) / |x| for v = x / |x|, times ones.
        let second = slope(of: x) { slope(of: $0) { $0.norm(axes: [1]) } }
        #expect(zip(second.scalars, [0.224, 0.168, 0, 0]).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    /// What `standardDeviation` says of itself; `norm` is what to take where that matters.
    @Test func standardDeviationsHaveNoSlopeAtZero() {
        let slopes = slope(of: Tensor([2.0, 2])) { $0.standardDeviation() }.scalars
        #expect(slopes.count == 2 && slopes.allSatisfy { $0.isNaN })
    }

    // MARK: Log-sum-exp

    @Test func logarithmsOfSums() throws {
        let x = Tensor([[0.0, 0, 0, 0], [1000, 1000, -1000, -.infinity], [-2000, -2000, -2000, -2000]])
        // log 4, 1000 + log 2, −2000 + log 4
        let expected: [Float] = [1.386_294_4, 1000.693_1, -1998.613_7]
        try expectElements(expected, within: 1e-4, at: [x]) { $0[0].logSumExp(axes: [-1]) }
        #expect(x.logSumExp(axes: [0], keepingAxes: true).shape == [1, 4])
        #expect(x.logSumExp(keepingAxes: true).shape == [1, 1])
        #expect(abs(x.logSumExp().item() - expected[1]) < 1e-4)
        #expect(Tensor(3.5).logSumExp().item() == 3.5)
        for type in [ElementType.bfloat16, .float64] {
            #expect(Tensor([512.0, -512], type: type).logSumExp().elementType == type)
            #expect(Tensor([512.0, -512], type: type).logSumExp().item() == 512)
        }
    }

    @Test func logarithmsOfSumsOfTheInfinite() throws {
        let x = Tensor([
            [-Double.infinity, -.infinity], [.infinity, 0], [.infinity, -.infinity], [.infinity, .infinity], [.nan, 0],
        ])
        let expected = [-Float.infinity, .infinity, .infinity, .infinity, .nan]
        try expectElements(expected, at: [x]) { $0[0].logSumExp(axes: [1]) }
        try expectElements([-.infinity, -.infinity], at: [Tensor.zeros([0, 2])]) { $0[0].logSumExp(axes: [0]) }
        #expect(Tensor.zeros([0, 2]).logSumExp(axes: [1]).shape == [0])
    }

    /// softmax(x), and 0 where no element counts.
    @Test func gradientsOfLogarithmsOfSums() throws {
        let x = Tensor([[1000.0, 1000, -1000], [-.infinity, -.infinity, -.infinity], [-.infinity, 5, 5]])
        try expectElements([0.5, 0.5, 0, 0, 0, 0, 0, 0.5, 0.5], at: [x]) {
            slope(of: $0[0]) { $0.logSumExp(axes: [1]) }
        }
        let y = Tensor([0.3, -1.2, 2])
        let (found, expected) = (slope(of: y) { $0.logSumExp() }.scalars, softmax(y).scalars)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    // MARK: Products of vectors

    @Test func productsOfVectors() throws {
        let (a, b) = (Tensor([1.0, 2, 3]), Tensor([4.0, -5, 6]))
        try expectElements([12], at: [a, b]) { $0[0].dot($0[1]) }
        try expectElements([10, 20, 20, 40, 30, 60], at: [a, Tensor([10.0, 20])]) { $0[0].outer($0[1]) }
        #expect(a.outer(Tensor([10.0, 20])).shape == [3, 2])
        let integers = Tensor([9_007_199_254_740_993, 2])
        #expect(integers.dot(Tensor([1, 3])).item(as: Int.self) == 9_007_199_254_740_999)
        #expect(Tensor.zeros([0]).dot(Tensor.zeros([0])).item() == 0 && Tensor.zeros([0]).outer(a).shape == [0, 3])
        #expect(slope(of: a) { $0.dot(b) }.scalars == [4, -5, 6])
        #expect(slope(of: a) { $0.outer(Tensor([10.0, 20])) }.scalars == [30, 30, 30])
    }

    // MARK: Problems

    @Test func problems() {
        let (vector, matrix) = (Tensor([1.0, 2]), Tensor([[1.0, 2], [3, 4]]))
        let integers = "expected a floating-point tensor but received int64[2]; convert it with cast(to: .float32)"
        #expect(Tensor([1, 2]).norm().problem == "norm: \(integers)")
        #expect(Tensor([1, 2]).logSumExp().problem == "logSumExp: \(integers)")
        #expect(vector.norm(order: 3).problem == "norm: expected the order 1, 2 or infinity but received 3.0")
        #expect(vector.norm(order: .nan).problem == "norm: expected the order 1, 2 or infinity but received nan")
        #expect(vector.norm(axes: [1]).problem == "sum: axis 1 is outside the shape [2], which has 1 axes")
        #expect(vector.logSumExp(axes: [-2]).problem == "maximum: axis -1 is outside the shape [2], which has 1 axes")
        #expect(
            vector.dot(Tensor([1.0])).problem
                == "dot: expected two vectors of one length but received shapes [2] and [1]")
        #expect(
            matrix.dot(matrix).problem
                == "dot: expected two vectors of one length but received shapes [2, 2] and [2, 2]")
        #expect(matrix.outer(vector).problem == "outer: expected two vectors but received shapes [2, 2] and [2]")
        #expect(Tensor([true]).dot(Tensor([true])).problem.hasPrefix("multiply: expected numbers"))
    }
}
