import ApusFixtures
import ApusGraph
import ApusNN
import ApusTensor
import Testing

@Suite struct InitializerTests {
    static func named(_ name: String) -> Initializer? {
        switch name {
        case "glorotUniform": .glorotUniform
        case "glorotNormal": .glorotNormal
        case "heUniform": .heUniform
        case "heNormal": .heNormal
        case "lecunUniform": .lecunUniform
        case "lecunNormal": .lecunNormal
        default: nil
        }
    }

    /// Real draws have the fixture's limit and moments, within what their number allows.
    @Test(arguments: try FixtureCase.all("initializers")) func draws(_ item: FixtureCase) throws {
        let configuration = try item.configuration
        let shape = Shape(configuration.shape!)
        let initializer = try #require(InitializerTests.named(configuration.initializer!))
        let fans = Initializer.fans(shape)
        #expect(fans.input == configuration.fanIn)
        #expect(fans.output == configuration.fanOut)

        let limit = Double(try item["limit"].item())
        let deviation = Double(try item["standardDeviation"].item())
        let values = initializer.tensor(shape, key: RandomKey(seed: 3).child(item.name)).scalars.map(Double.init)
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        #expect(values.map(abs).max()! <= limit * (1 + 1e-6))
        // The largest of n draws comes close to the limit (150 draws at least), the normal kinds less so.
        #expect(values.map(abs).max()! >= limit * (item.contains("underlyingStandardDeviation") ? 0.85 : 0.95))
        // Five standard errors: of a mean σ/√n, of a variance at most σ²·√(2/n).
        #expect(abs(mean) <= 5 * deviation / count.squareRoot())
        #expect(abs(variance / (deviation * deviation) - 1) <= 5 * (2 / count).squareRoot())
    }

    @Test func plainKinds() {
        let key = RandomKey(seed: 1)
        #expect(Initializer.zeros.tensor([2, 2], key: key).scalars == [0, 0, 0, 0])
        #expect(Initializer.ones.tensor([3], key: key).scalars == [1, 1, 1])
        #expect(Initializer.constant(0.25).tensor([2], key: key).scalars == [0.25, 0.25])
        // The middle of an even window is the place behind it.
        let window = Initializer.identity(gain: 2).tensor([2, 3, 1, 2], key: key).scalars
        #expect(window == [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0])
        let uniform = Initializer.uniform(low: 2, high: 3).tensor([2000], key: key).scalars
        #expect(uniform.allSatisfy { (2..<3).contains($0) })
        #expect(abs(uniform.reduce(0, +) / 2000 - 2.5) < 0.04)
        let cut = Initializer.truncatedNormal(standardDeviation: 0.5).tensor([2000], key: key).scalars
        #expect(cut.allSatisfy { abs($0) <= 1 })
        let normal = Initializer.normal(standardDeviation: 0.5).tensor([2000], key: key).scalars
        #expect(normal.contains { abs($0) > 1 })
        #expect(abs((normal.reduce(0) { $0 + $1 * $1 } / 2000).squareRoot() - 0.5) < 0.04)
    }

    private let model = Sequential {
        Dense(8, activation: .relu)
        Dense(8, activation: .relu)
        Dense(3)
    }

    @Test func variablesDrawFromStreamsOfTheirOwn() throws {
        let variables = try model.initialized(input: [8], seed: 7)
        #expect(
            variables.paths == [
                "0.dense/kernel", "0.dense/bias", "1.dense/kernel", "1.dense/bias", "2.dense/kernel", "2.dense/bias",
            ])
        // Of equal shape, yet different numbers.
        #expect(variables["0.dense/kernel"]!.scalars != variables["1.dense/kernel"]!.scalars)
        let again = try model.initialized(input: [8], seed: 7)
        #expect(variables.paths.allSatisfy { variables[$0]!.scalars == again[$0]!.scalars })
        let other = try model.initialized(input: [8], seed: 8)
        #expect(variables["0.dense/kernel"]!.scalars != other["0.dense/kernel"]!.scalars)
    }

    @Test func editingOneLayerLeavesTheOthersStartValues() throws {
        var edited = model
        edited.layers[1] = Dense(8, activation: .tanh, kernelInitializer: .heNormal)
        let (before, after) = (try model.initialized(input: [8], seed: 7), try edited.initialized(input: [8], seed: 7))
        for path in before.paths where path != "1.dense/kernel" {
            #expect(before[path]!.scalars == after[path]!.scalars)
        }
        #expect(before["1.dense/kernel"]!.scalars != after["1.dense/kernel"]!.scalars)
    }
}
