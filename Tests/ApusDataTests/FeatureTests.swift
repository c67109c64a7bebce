import ApusBackend
import ApusData
import ApusFixtures
import ApusTensor
import Testing

/// Principal components and products of features, against scikit-learn.
@Suite struct FeatureTests {
    private static func cases(_ prefix: String) throws -> [FixtureCase] {
        try FixtureCase.all("linear-algebra").filter { $0.name.hasPrefix(prefix) }
    }

    @Test func thereAreFixtures() throws {
        #expect(try ["pca-", "polynomials-"].map { try Self.cases($0).count } == [4, 4])
    }

    @Test(arguments: try cases("pca-")) func principalComponents(item: FixtureCase) throws {
        let pca = try PCA(
            try item["samples"], count: try item.value("count"), whitens: try item.value("whiten"))
        let codes = pca(try item["others"])
        for (name, found) in [
            ("mean", pca.mean), ("axes", pca.axes), ("variances", pca.variances), ("shares", pca.shares),
            ("codes", codes), ("rebuilt", pca.samples(of: codes)),
        ] { try expectClose(found, try item[name], .layer, "\(item.name) \(name)") }
    }

    @Test(arguments: try cases("polynomials-")) func polynomials(item: FixtureCase) throws {
        let features = PolynomialFeatures(
            degree: try item.value("degree"), interactionsOnly: try item.value("interactionsOnly"),
            hasConstant: try item.value("hasConstant"))
        try expectClose(features(try item["samples"]), try item["features"], .layer, item.name)
    }

    /// All directions keep all of the samples; white codes have the covariance 1.
    @Test func allDirections() throws {
        let samples = Tensor.normal([50, 4], key: RandomKey(seed: 1)) * Tensor([4.0, 1, 2, 0.5]) + 3
        let pca = try PCA(samples)
        #expect(abs(pca.samples(of: pca(samples)) - samples).max().item() < 1e-5)
        #expect(abs(pca.shares.sum().item() - 1) < 1e-6)
        let white = try PCA(samples, whitens: true)(samples)
        let covariance = white.transposed().matmul(white) / 49
        #expect(abs(covariance - Tensor.diagonal(Tensor.ones([4]))).max().item() < 1e-5)
        #expect(abs(try PCA(samples, whitens: true).samples(of: white) - samples).max().item() < 1e-4)
    }

    /// Codes of fewer numbers are those of the first directions.
    @Test(arguments: [false, true]) func fewerDirections(whitens: Bool) throws {
        let samples = Tensor.normal([30, 5], key: RandomKey(seed: 4)) * Tensor([4.0, 1, 2, 0.5, 3]) + 3
        let (five, two) = (try PCA(samples, whitens: whitens), try PCA(samples, count: 2, whitens: whitens))
        let expected = two.samples(of: two(samples))
        #expect(abs(five.samples(of: five(samples)[0..., 0..<2]) - expected).max().item() < 1e-5)
        #expect(abs(samples - expected).max().item() > 0.1)
    }

    /// Nothing varies along some directions: their codes are 0, also white ones.
    @Test func constantFeatures() throws {
        let samples = Tensor([[1.0, 2, 0], [3, 2, 0], [8, 2, 0], [4, 2, 0]])
        let pca = try PCA(samples, whitens: true)
        #expect(pca.axes.scalars[0] == 1 && pca.shares.scalars == [1, 0, 0])
        #expect(pca(samples)[0..., 1...].scalars.allSatisfy { $0 == 0 })
        let same = try PCA(Tensor.ones([3, 2]))
        #expect(same.shares.scalars == [0, 0] && same(Tensor.ones([1, 2])).scalars == [0, 0])
    }

    /// What is found in the training part holds for all parts; scaling comes first, and classes and weights stay.
    @Test func dataset() throws {
        let values = Tensor.normal([12, 3], key: RandomKey(seed: 2)) * 5 + 1
        var data = try Dataset(
            inputs: values, labels: (0..<12).map { $0 % 3 }, classNames: ["a", "b", "c"],
            preprocessing: .standardizing(mean: 1, standardDeviation: 5))
        data = data.shuffled(seed: 3)
        let (training, rest) = try data.split(validation: 0.25, seed: 1)
        let pca = try training.principalComponents(2)
        let scaled = training.preprocessing
        for part in [training, rest] {
            let codes = try part.projected(on: pca)
            #expect(codes.sampleShape == [2] && codes.classNames == ["a", "b", "c"] && codes.count == part.count)
            #expect(codes.preprocessing == .identity)
            for index in 0..<part.count {
                #expect(codes.label(at: index) == part.label(at: index))
                let expected = pca(scaled(part.features(at: index).reshaped(to: [1, 3]))).scalars
                #expect(zip(codes.features(at: index).scalars, expected).allSatisfy { abs($0 - $1) < 1e-6 })
            }
        }
        let products = try rest.polynomialFeatures(PolynomialFeatures(degree: 2, hasConstant: false))
        #expect(products.sampleShape == [9] && products.count == rest.count)
        let row = scaled(rest.features(at: 1)).scalars
        #expect(abs(products.features(at: 1).scalars[4] - row[0] * row[1]) < 1e-6)
    }

    @Test func whatIsImpossible() throws {
        func problem(_ body: () throws -> Void) -> String {
            do {
                try body()
                return "none"
            } catch { return "\(error)" }
        }
        #expect(
            problem { _ = try PCA(Tensor.ones([5])) }
                == "principal components are those of rows of numbers. Expected a tensor [N, features] of at least 2 samples and 1 "
                + "to 20000 features; received float32[5]. Reshape it.")
        #expect(
            problem { _ = try PCA(Tensor.ones([5, 3]), count: 4) }
                == "samples have no such number of principal components. Expected from 1 to 3; received 4. Ask for fewer."
        )
        #expect(
            problem { _ = try PCA(Tensor([[1.0, .nan], [2, 3], [4, 5]])) }
                == "samples have elements that are not finite, so that they have no principal components. Expected finite numbers; "
                + "received NaN or an infinity. Fill or leave out what is missing.")
        let data = try Dataset(inputs: Tensor.normal([4, 3], key: RandomKey(seed: 2)), labels: [0, 1, 0, 1])
        let pca = try PCA(Tensor.normal([4, 2], key: RandomKey(seed: 2)))
        #expect(
            problem { _ = try data.projected(on: pca) }
                == "the principal components are those of other samples. Expected 2 features; received 3. Find them in samples "
                + "like these.")
        #expect(
            PolynomialFeatures(degree: 9)(Tensor.ones([1, 50])).problems.first?.description
                == "polynomialFeatures: 50 features have more than a million products up to degree 9")
        #expect(PolynomialFeatures(degree: 0)(Tensor.ones([2, 3])).scalars == [1, 1])
        #expect(PolynomialFeatures(degree: 0, hasConstant: false)(Tensor.ones([2, 3])).shape == [2, 0])
        #expect(PolynomialFeatures(degree: 3)(Tensor.ones([2, 0])).scalars == [1, 1])
    }
}
