import ApusBackend
import ApusFixtures
import ApusGraph
import ApusTensor
import Testing

/// Factorizations and systems of equations, against PyTorch and by what defines them.
@Suite struct LinearAlgebraTests {
    private static let functions: [String: @Sendable ([Tensor]) -> [Tensor]] = [
        "cholesky": { [$0[0].cholesky()] }, "solve": { [$0[0].solve($0[1])] },
        "lower": { [$0[0].solveTriangular($0[1])] }, "upper": { [$0[0].solveTriangular($0[1], isUpper: true)] },
        "inverse": { [$0[0].inverse()] }, "determinant": { [$0[0].determinant()] },
        "logDeterminant": { [$0[0].logDeterminant().sign, $0[0].logDeterminant().logarithm] },
        "qr": { [$0[0].qr().q, $0[0].qr().r] }, "eigh": { [$0[0].eigh().values, $0[0].eigh().vectors] },
        "svd": { [$0[0].svd().u, $0[0].svd().s, $0[0].svd().vt] }, "leastSquares": { [$0[0].leastSquares($0[1])] },
    ]

    private static func cases() throws -> [FixtureCase] {
        try FixtureCase.all("linear-algebra").filter {
            !$0.name.hasPrefix("pca-") && !$0.name.hasPrefix("polynomials-")
        }
    }

    @Test func thereAreFixtures() throws {
        let names = try Set(Self.cases().map { try $0.value("function", as: String.self) })
        #expect(try Self.cases().count == 21 && names == Set(Self.functions.keys))
    }

    /// What PyTorch computes, and the gradients, in both precisions and on both devices.
    @Test(arguments: try cases()) func agreesWithPyTorch(item: FixtureCase) throws {
        let function = try #require(Self.functions[try item.value("function", as: String.self)])
        for (device, type) in [(Device.cpu, ElementType.float32), (.cpu, .float64), (.reference, .float64)] {
            try device {
                let operands = try ["a", "b"].filter(item.contains).map { try item[$0].cast(to: type) }
                let weights = try item.names("r").map { try item["r/\($0)"].cast(to: type) }
                let results = function(operands)
                #expect(results.count == weights.count)
                for (index, result) in results.enumerated() {
                    #expect(result.elementType == type)
                    try expectClose(
                        result.cast(to: .float32), try item["output/\(index)"], .layer, "\(item.name) \(index)")
                }
                let gradients = gradient(at: operands) { operands in
                    zip(function(operands), weights).map { ($0 * $1).sum() }.reduce(Tensor(0.0, type: type), +)
                }
                for (name, gradient) in zip(["a", "b"], gradients) {
                    try expectClose(
                        gradient.cast(to: .float32), try item["gradient/\(name)"], type == .float32 ? .network : .layer,
                        "\(item.name) gradient of \(name)")
                }
            }
        }
    }

    // MARK: What defines them

    private func drawn(_ shape: Shape, _ seed: UInt64) -> Tensor {
        Tensor.normal(shape, key: RandomKey(seed: seed)).cast(to: .float64)
    }

    private func distance(_ a: Tensor, _ b: Tensor) -> Double { abs(a - b).max().item(as: Double.self) }

    @Test(arguments: [[5, 5], [40, 40], [3, 70, 30], [2, 3, 20, 45], [130, 1]] as [Shape])
    func factorsAreThoseOfTheMatrix(shape: Shape) {
        let x = drawn(shape, 3)
        let k = Swift.min(shape[-1], shape[-2])
        let identity = Tensor.diagonal(Tensor.ones([k], type: .float64))
        func transposed(_ x: Tensor) -> Tensor { einsum("...ij->...ji", x) }

        let (q, r) = x.qr()
        #expect(distance(q.matmul(r), x) < 1e-12 && distance(transposed(q).matmul(q), identity) < 1e-12)
        #expect(distance(triu(r), r) == 0 && r.diagonal().min().item() > 0)

        let (u, s, vt) = x.svd()
        #expect(distance((u * s.expandingShape(at: -2)).matmul(vt), x) < 1e-12)
        #expect(distance(transposed(u).matmul(u), identity) < 1e-12)
        #expect(distance(vt.matmul(transposed(vt)), identity) < 1e-12)
        #expect(distance(s, s.sorted(descending: true)) == 0)

        let products = transposed(x).matmul(x)
        let (values, vectors) = products.eigh()
        #expect(distance((vectors * values.expandingShape(at: -2)).matmul(transposed(vectors)), products) < 1e-11)
        #expect(distance(values, values.sorted()) == 0)
        let n = shape[-1]
        let definite = products + Tensor.diagonal(Tensor.ones([n], type: .float64))
        let lower = definite.cholesky()
        #expect(distance(lower.matmul(transposed(lower)), definite) < 1e-11 && distance(tril(lower), lower) == 0)
        #expect(
            distance(definite.inverse().matmul(definite), Tensor.diagonal(Tensor.ones([n], type: .float64))) < 1e-11)
        let (sign, logarithm) = definite.logDeterminant()
        #expect(sign.min().item() == 1 && distance(logarithm, log(lower.diagonal()).sum(axes: [-1]) * 2) < 1e-10)
    }

    /// What should be symmetric counts as (a + aᵀ) / 2, and so do gradients.
    @Test func symmetricParts() throws {
        let a = Tensor([[4.0, 3], [1, 5]])
        try expectElements([2, 0, 1, 2], within: 1e-6, at: [a]) { $0[0].cholesky() }
        try expectElements([1, 3], within: 1e-6, at: [Tensor([[2.0, 2], [0, 2]])]) { $0[0].eigh().values }
        let slopes = slope(of: a) { $0.cholesky() }.scalars
        #expect(slopes[1] == slopes[2] && slopes[1] != 0)
    }

    @Test func shapes() throws {
        #expect(Tensor.ones([3, 0, 0]).determinant().scalars == [1, 1, 1])
        #expect(
            Tensor.ones([0, 0]).inverse().shape == [0, 0] && Tensor.ones([2, 0, 0]).eigh().values.shape == [2, 0])
        #expect(Tensor.ones([0, 4]).svd().vt.shape == [0, 4] && Tensor.ones([4, 0]).qr().q.shape == [4, 0])
        #expect(try Tensor.ones([4, 0]).svd().s.evaluated().shape == [0])
        try expectElements([-0.5], at: [Tensor([[-2.0]])]) { $0[0].inverse() }
        try expectElements([-2, 1, 1], at: [Tensor([[-2.0]])]) {
            let (q, r) = $0[0].qr()
            return Tensor.concatenated(
                [$0[0].determinant(), -q.flattened(), r.flattened() / 2].map { $0.reshaped(to: [1]) })
        }
        // One matrix for several right-hand sides, and the other way round.
        let a = Tensor([[2.0, 0], [0, 4]])
        #expect(a.solve(Tensor.ones([3, 2, 1])).scalars == [0.5, 0.25, 0.5, 0.25, 0.5, 0.25])
        #expect(
            Tensor.concatenated([a.expandingShape(at: 0), a.expandingShape(at: 0) * 2]).solve(Tensor([2.0, 4])).scalars
                == [1, 1, 0.5, 0.5])
        let half = a.cast(to: .bfloat16)
        #expect(half.cholesky().elementType == .bfloat16 && half.solve(Tensor([2.0, 4])).elementType == .float32)
    }

    // MARK: What there is no answer for

    /// A matrix without one gives NaN, and those beside it what they give alone.
    @Test func noAnswerIsNaN() throws {
        let good: [Float] = [2, 1, 1, 3]
        func pair(_ bad: [Float]) -> [Tensor] { [Tensor(good + bad, shape: [2, 2, 2])] }
        let nan = Float.nan
        let indefinite: [Float] = [1, 2, 2, 1]
        try expectElements(
            [1.4142135, 0, 0.70710677, 1.5811388, nan, nan, nan, nan], within: 1e-6, at: pair(indefinite)
        ) {
            $0[0].cholesky()
        }
        for singular in [[1, 2, 2, 4], [0, 0, 0, 0], [1, nan, 1, 1], [.infinity, 0, 0, 1]] as [[Float]] {
            try expectElements([0.6, -0.2, -0.2, 0.4, nan, nan, nan, nan], within: 1e-6, at: pair(singular)) {
                $0[0].inverse()
            }
        }
        try expectElements([0.5, nan], at: [Tensor([2, 9, 7, 1, 0, 9, 7, 1], shape: [2, 2, 2])]) {
            $0[0].solveTriangular(Tensor([1.0, 1]))[0..., 0]
        }
        try expectElements([5, 0, 1, 0, 1.609438, -.infinity], within: 1e-6, at: pair([1, 2, 2, 4])) {
            let (sign, logarithm) = $0[0].logDeterminant()
            return Tensor.concatenated([$0[0].determinant(), sign, logarithm])
        }
        // LAPACK would find an infinite determinant.
        try expectElements([5, nan], within: 1e-6, at: pair([.infinity, 0, 0, 1])) { $0[0].determinant() }
        let notFinite = pair([1, nan, nan, 1])
        try expectElements([0, 1, 0, 1, 0, 1], at: notFinite) {
            func isBroken(_ x: Tensor) -> Tensor { (isFinite(x).cast(to: .float32) .== 0).all(axes: [-1]) }
            let parts = [$0[0].svd().s, $0[0].eigh().values, $0[0].qr().r[0..., 0]]
            return Tensor.concatenated(parts.map { isBroken($0).cast(to: .float32) })
        }
        // The triangle that does not count is not looked at.
        try expectElements([1, 0.5], at: [Tensor([[1, nan], [1, 2]] as [[Float]])]) {
            $0[0].solveTriangular(Tensor([1.0, 2]))
        }
    }

    /// Gradients are NaN where the value is, and finite where values are equal.
    @Test func gradientsWithoutAnAnswer() throws {
        #expect(slope(of: Tensor([[1.0, 2], [2, 4]])) { $0.determinant() }.scalars.allSatisfy { $0.isNaN })
        #expect(slope(of: Tensor([[1.0, 2], [2, 1]])) { $0.cholesky() }.scalars.allSatisfy { $0.isNaN })
        let identity = Tensor([[1.0, 0], [0, 1]])
        // The sum of all values, whose gradient is 1 also where they are equal.
        #expect(slope(of: identity) { $0.eigh().values }.scalars == [1, 0, 0, 1])
        #expect(slope(of: identity) { $0.svd().s }.scalars == [1, 0, 0, 1])
        // The projection on the first two directions of a plane does not depend on which they are.
        let found = slope(of: Tensor([[2.0, 0, 0], [0, 2, 0], [0, 0, 1]])) {
            let first = $0.svd().vt[0..<2]
            return first.transposed().matmul(first) * Tensor([[0.0, 0, 1], [0, 0, 0], [0, 0, 0]])
        }
        let expected: [Float] = [0, 0, 2 / 3, 0, 0, 0, 1 / 3, 0, 0]
        #expect(zip(found.scalars, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(found.scalars)")
        #expect(slope(of: Tensor.zeros([3, 2])) { $0.svd().s }.scalars.allSatisfy { $0.isFinite })
    }

    /// LAPACK's scaling counts on denormal numbers, which count as 0 elsewhere in a program.
    @Test func denormalNumbers() throws {
        // Their reciprocals are finite: some libraries multiply by them.
        let tiny = Tensor([[0x1p-1023, 0], [0, 0x3p-1024]], type: .float64)
        let found = tiny.solve(Tensor([0x1p-1023, 0x3p-1023], type: .float64)).scalars(as: Double.self)
        #expect(zip(found, [1, 2]).allSatisfy { abs($0 - $1) < 1e-12 }, "\(found)")
    }

    // MARK: What is refused

    @Test func whatDoesNotFit() {
        let x = Tensor.ones([2, 3])
        #expect(x.inverse().problem == "solve: expected square matrices but received shape [2, 3]")
        #expect(x.cholesky().problem == "cholesky: expected square matrices but received shape [2, 3]")
        #expect(x.eigh().vectors.problem == "eigh: expected square matrices but received shape [2, 3]")
        #expect(x.determinant().problem == "determinant: expected square matrices but received shape [2, 3]")
        #expect(Tensor.ones([3]).svd().s.problem == "svd: expected matrices but received shape [3]")
        #expect(
            Tensor([[1, 2], [3, 4]], type: .int32).qr().r.problem
                == "qr: expected a floating-point tensor but received int32[2, 2]; convert it with cast(to: .float32)")
        #expect(
            Tensor.ones([2, 2]).solve(Tensor.ones([3, 1])).problem
                == "solve: expected right-hand sides with the leading axes and 2 rows of the matrix [2, 2] but received "
                + "shape [3, 1]")
        #expect(
            Tensor.ones([2, 2]).solveTriangular(Tensor(1.0)).problem
                == "solveTriangular: expected right-hand sides with the leading axes and 2 rows of the matrix [2, 2] but "
                + "received shape []")
        #expect(
            x.leastSquares(Tensor.ones([2])).problem
                == "leastSquares: expected matrices of at least as many rows as columns but received shape [2, 3]")
        #expect(
            Tensor.zeros([30_000, 1]).svd().s.problem
                == "svd: expected matrices of at most 20000 rows and columns but received shape [30000, 1]")
    }
}
