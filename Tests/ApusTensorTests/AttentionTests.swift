import ApusFixtures
import ApusGraph
import ApusTensor
import Testing

/// Attention by scaled dot products against PyTorch's `scaled_dot_product_attention`.
@Suite struct AttentionTests {
    static var cases: [FixtureCase] { get throws { try FixtureCase.all("attention").filter { $0.name != "cross" } } }

    @Test(arguments: try cases) func followsPyTorch(_ item: FixtureCase) throws {
        var mask: Tensor?
        if item.contains("mask") {
            let numbers = try item["mask"]
            mask = numbers.elementType == .int32 ? numbers.cast(to: .bool) : numbers
        }
        let isCausal = (try? item.value("isCausal", as: Bool.self)) ?? false
        let scale = try? item.value("scale", as: Double.self)
        let names = ["queries", "keys", "values"]
        let operands = try names.map { Tensor(try item[$0].node) }
        let y = dotProductAttention(
            operands[0], operands[1], operands[2], mask: mask, isCausal: isCausal, scale: scale)
        let gradients = gradient(of: (y * (try item["r"])).sum(), withRespectTo: operands)
        try expectClose(y, item["output"], .layer, "output")
        for (name, gradient) in zip(names, gradients) {
            try expectClose(gradient, item["gradient/\(name)"], .layer, "gradient/\(name)")
        }
    }

    /// A query that may see nothing finds nothing, and no gradient is NaN.
    @Test func nothingToSee() {
        let x = Tensor.normal([1, 3, 1, 2], key: RandomKey(seed: 1))
        let mask = Tensor([[true, false, false], [false, false, false], [true, true, true]])
        let y = dotProductAttention(x, x, x, mask: mask)
        #expect(y[0, 1].scalars == [0, 0])
        #expect(y[0, 0].scalars == x[0, 0].scalars)
        let slopes = slope(of: x) { dotProductAttention($0, $0, $0, mask: mask) }
        #expect(slopes.scalars.allSatisfy { $0.isFinite })
        // Without positions to see, and without any.
        let none = Tensor.zeros([1, 0, 1, 2])
        #expect(dotProductAttention(x, none, none).scalars == Array(repeating: 0, count: 6))
        #expect(dotProductAttention(none, x, x).shape == [1, 0, 1, 2])
    }

    /// Numbers that are added are learned, one for all samples and heads; −∞ hides, also everything.
    @Test func learnedShifts() throws {
        let x = Tensor.normal([2, 3, 2, 2], key: RandomKey(seed: 1))
        let shift = Tensor([[0.5, -1, -.infinity], [-.infinity, -.infinity, -.infinity], [0, 2, 1]] as [[Float]])
        func loss(_ shift: Tensor) -> Tensor { square(dotProductAttention(x, x, x, mask: shift)).sum() }
        #expect(dotProductAttention(x, x, x, mask: shift)[0, 1].scalars == [0, 0, 0, 0])
        let slopes = slope(of: shift, loss)
        #expect(slopes.shape == [3, 3])
        for (row, column) in [(0, 0), (0, 1), (2, 0), (2, 1), (2, 2)] {
            let step = Tensor((0..<9).map { $0 == row * 3 + column ? 1e-2 : 0 } as [Float], shape: [3, 3])
            let difference = (loss(shift + step) - loss(shift - step)).item() / 2e-2
            #expect(abs(slopes[row, column].item() - difference) < 1e-2, "\(row) \(column)")
        }
        #expect([slopes[0, 2], slopes[1, 0], slopes[1, 1]].map { $0.item() } == [0, 0, 0])
    }

    @Test func otherTypes() throws {
        let x = Tensor.normal([2, 4, 2, 4], key: RandomKey(seed: 1))
        let exact = dotProductAttention(x, x, x, isCausal: true).scalars
        let wide = dotProductAttention(x.cast(to: .float64), x, x, isCausal: true)
        let narrow = dotProductAttention(
            x.cast(to: .bfloat16), x.cast(to: .bfloat16), x.cast(to: .bfloat16), isCausal: true)
        #expect(wide.elementType == .float64 && narrow.elementType == .bfloat16)
        #expect(zip(wide.scalars, exact).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(zip(narrow.scalars, exact).allSatisfy { abs($0 - $1) < 0.03 })
    }

    @Test func problems() {
        let x = Tensor.zeros([2, 5, 4, 3])
        func problem(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ mask: Tensor? = nil) -> String {
            dotProductAttention(q, k, v, mask: mask).problem
        }
        #expect(
            problem(x, Tensor.zeros([2, 5, 3]), x)
                == "attention: expected floating-point tensors [N, positions, heads, size] but received queries "
                + "float32[2, 5, 4, 3], keys float32[2, 5, 3] and values float32[2, 5, 4, 3]")
        #expect(
            problem(x, Tensor.zeros([2, 5, 4, 2]), x)
                == "attention: expected queries and keys of as many samples (axis 0) and one size (axis 3) but received "
                + "queries [2, 5, 4, 3], keys [2, 5, 4, 2] and values [2, 5, 4, 3]")
        #expect(
            problem(x, x, Tensor.zeros([2, 6, 4, 3]))
                == "attention: expected keys and values of as many samples, positions and heads but received "
                + "queries [2, 5, 4, 3], keys [2, 5, 4, 3] and values [2, 6, 4, 3]")
        let three = Tensor.zeros([2, 5, 3, 3])
        #expect(
            problem(x, three, three)
                == "attention: expected a number of heads of keys and values (axis 2) that divides the 4 of queries but "
                + "received queries [2, 5, 4, 3], keys [2, 5, 3, 3] and values [2, 5, 3, 3]")
        #expect(
            problem(x, x, x, Tensor.zeros([3, 5]))
                == "attention: expected a mask of bool or floating-point type that broadcasts to [N, heads, T, S] = "
                + "[2, 4, 5, 5] but received float32[3, 5]")
    }
}
