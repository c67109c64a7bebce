import ApusData
import ApusGraph
import ApusTensor
import Foundation
import Testing

@Suite struct GeneratorTests {
    private static let all: [DataGenerator] = [
        .circles(count: 101, noise: 0.05), .moons(count: 101, noise: 0.05), .blobs(count: 101, classes: 4, features: 3),
        .spirals(count: 101, noise: 0.02, classes: 3), .xor(count: 101, noise: 0.01),
        .linear(count: 101, noise: 0.1, features: 4), .sine(count: 101, noise: 0.1),
    ]

    private func points(_ data: Dataset) -> [[Float]] { (0..<data.count).map { data.features(at: $0).scalars } }

    @Test(arguments: all) func aFunctionOfTheSeed(generator: DataGenerator) throws {
        let data = try generator.dataset(seed: 3)
        #expect(data.count == 101)
        #expect(try generator.dataset(seed: 3).fingerprint == data.fingerprint)
        #expect(try generator.dataset(seed: 4).fingerprint != data.fingerprint)
        #expect(data.elementType == .float32)
        #expect(data.isClassification || data.targetType == TensorType([1], .float32))
        // The classes differ by one sample at most, except of xor, which are random.
        if case .xor = generator { return }
        #expect((data.classCounts.max() ?? 0) - (data.classCounts.min() ?? 0) <= 1)
    }

    @Test func thereAreFixtures() throws {
        #expect(try ["moons-", "circles-"].map { try AugmentationFixtures.names($0).count } == [2, 2])
    }

    /// Without noise: the same points as scikit-learn's, with the same labels.
    @Test(arguments: try AugmentationFixtures.names("moons-") + AugmentationFixtures.names("circles-"))
    func agreesWithScikitLearn(name: String) throws {
        let parts = name.split(separator: "-")
        let (count, factor) = (Int(parts[1]) ?? 0, parts.count > 2 ? Double(parts[2]) ?? 0 : 0)
        let data =
            parts[0] == "moons"
            ? Dataset.moons(count: count, seed: 1) : .circles(count: count, factor: factor, seed: 1)
        let fixtures = try AugmentationFixtures()
        let (expected, labels) = (try fixtures["\(name)/points"].scalars, try fixtures["\(name)/labels"].scalars)
        #expect(data.count == count && labels.count == count)
        var open = Set(0..<count)
        for (index, point) in points(data).enumerated() {
            let match = open.first {
                abs(expected[2 * $0] - point[0]) < 1e-6 && abs(expected[2 * $0 + 1] - point[1]) < 1e-6
                    && Int(labels[$0]) == data.label(at: index)
            }
            #expect(match != nil)
            if let match { open.remove(match) }
        }
    }

    @Test func blobsLieAroundTheirCentres() throws {
        let still = Dataset.blobs(count: 90, noise: 0, classes: 3, seed: 2)
        let centres = (0..<3).map { label in
            Set((0..<90).filter { still.label(at: $0) == label }.map { points(still)[$0] })
        }
        #expect(centres.allSatisfy { $0.count == 1 })
        let data = Dataset.blobs(count: 9000, noise: 0.5, classes: 3, seed: 2)
        let samples = points(data)
        let distances = samples.indices.flatMap { index -> [Double] in
            let centre = centres[data.label(at: index)].first ?? []
            return zip(samples[index], centre).map { Double($0 - $1) / 0.5 }
        }
        #expect(kolmogorovSmirnov(distances) { erfc(-$0 / 2.0.squareRoot()) / 2 } < 1.95)
    }

    @Test func xorFollowsSigns() throws {
        let data = Dataset.xor(count: 1000, seed: 5)
        for (index, point) in points(data).enumerated() {
            #expect(data.label(at: index) == ((point[0] > 0) == (point[1] > 0) ? 0 : 1))
        }
        #expect(kolmogorovSmirnov(points(data).map { Double($0[0]) }) { ($0 + 1) / 2 } < 1.95)
    }

    @Test func spiralsTurn() throws {
        let data = Dataset.spirals(count: 300, classes: 3, turns: 2, seed: 5)
        for (index, point) in points(data).enumerated() {
            let radius = Double(point[0] * point[0] + point[1] * point[1]).squareRoot()
            let angle = 2 * Double.pi * (2 * radius + Double(data.label(at: index)) / 3)
            #expect(abs(Double(point[0]) - radius * cos(angle)) < 1e-5)
            #expect(abs(Double(point[1]) - radius * sin(angle)) < 1e-5)
        }
    }

    @Test func functions() throws {
        let sine = Dataset.sine(count: 50, seed: 1)
        for index in 0..<50 {
            let x = Double(sine.features(at: index).item())
            #expect(abs(Double(sine.target(at: index).item()) - sin(x)) < 1e-6)
        }
        #expect(abs((points(sine).map { $0[0] }.max() ?? 0) - Float.pi) < 1e-6)
        // Of a linear function, the differences of differences vanish: it is found from three points on a line.
        let line = Dataset.linear(count: 50, seed: 1)
        let pairs = (0..<50).map { (Double(line.features(at: $0).item()), Double(line.target(at: $0).item())) }
        let slope = (pairs[1].1 - pairs[0].1) / (pairs[1].0 - pairs[0].0)
        for pair in pairs { #expect(abs(pair.1 - pairs[0].1 - slope * (pair.0 - pairs[0].0)) < 1e-4) }
    }

    @Test func noiseIsAddedToTheSamePoints() throws {
        let still = Dataset.moons(count: 4000, seed: 3)
        let noisy = Dataset.moons(count: 4000, noise: 0.2, seed: 3)
        let distances = zip(points(still), points(noisy)).flatMap { zip($0, $1).map { Double($1 - $0) / 0.2 } }
        #expect(kolmogorovSmirnov(distances) { erfc(-$0 / 2.0.squareRoot()) / 2 } < 1.95)
    }

    // MARK: Files

    @Test func readFromFiles() throws {
        #expect(try DataGenerator.read(#""moons""#) == .moons())
        #expect(try DataGenerator.read(#"{"moons": {"count": 500, "noise": 0.1}}"#) == .moons(noise: 0.1))
        #expect(try DataGenerator.read(#"{"blobs": 60}"#) == .blobs(count: 60))
        for generator in GeneratorTests.all {
            let text = String(decoding: try JSONEncoder().encode(generator), as: UTF8.self)
            #expect(try DataGenerator.read(text) == generator)
        }
    }

    @Test(arguments: [
        (#""moon""#, "there is no generator moon (did you mean moons?)"),
        (#"{"moons": 0}"#, "moons needs a count in 1…16777216, received 0"),
        (#"{"moons": {"noise": -1}}"#, "moons needs a noise of at least 0, received -1"),
        (#"{"circles": {"factor": 1}}"#, "circles needs a factor of at least 0, less than 1, received 1"),
        (#"{"blobs": {"count": 3, "classes": 5}}"#, "blobs needs classes in 1…3, the count, received 5"),
        (#"{"linear": {"features": 0}}"#, "linear needs features in 1…33554, received 0"),
        (#"{"sine": {"count": 10, "sound": 1}}"#, "there is no key sound (did you mean count?)"),
    ])
    func whatIsWrong(text: String, message: String) { #expect(DataGenerator.failure(text) == message) }

    @Test func impossibleConstants() {
        let error = #expect(throws: DatasetError.self) { try DataGenerator.xor(count: -1).dataset(seed: 1) }
        #expect(error?.description == "xor needs a count in 1…16777216, received -1. Change the argument.")
    }
}
