import ApusData
import ApusTensor
import Foundation
import Testing

@Suite struct AugmentationGeometryTests {
    private func map(_ steps: [AugmentationFixtures.Steps.Step]) -> AffineMap {
        steps.reduce(.identity) { map, step in
            switch step.name {
            case "rotation": map.then(.rotation(degrees: step.values[0]))
            case "translation": map.then(.translation(x: step.values[0], y: step.values[1]))
            default: map.then(.zoom(step.values[0]))
            }
        }
    }

    @Test func thereAreFixtures() throws { #expect(try AugmentationFixtures.names("affine-").count == 10) }

    @Test(arguments: try AugmentationFixtures.names("affine-")) func agreesWithPyTorchAndSciPy(name: String) throws {
        let fixtures = try AugmentationFixtures()
        let map = map(try fixtures.steps(name))
        let (image, expected) = (try fixtures["\(name)/image"], try fixtures["\(name)/output"].scalars)
        // Pixels go to 255, and places have 16 binary digits; those of bytes have 11, and the results are rounded.
        #expect(isClose(map(image).scalars, expected, 5e-3))
        let bytes = map(try image.cast(to: .uint8).evaluated())
        #expect(bytes.elementType == .uint8)
        #expect(isClose(bytes.scalars, expected, 0.8))
    }

    @Test(arguments: [1, 2, 3]) func wholeMovesAreExact(channels: Int) {
        let image = Tensor((0..<30 * channels).map { Float($0) + 0.1 }, shape: [5, 6, channels])
        #expect(AffineMap.identity(image).scalars == image.scalars)
        #expect(AffineMap.rotation(degrees: 0).then(.zoom(1))(image).scalars == image.scalars)
        let square = Tensor((0..<25 * channels).map { Float($0) }, shape: [5, 5, channels])
        let turned = AffineMap.rotation(degrees: 90)(square).scalars
        for y in 0..<5 {
            for x in 0..<5 {
                for c in 0..<channels {
                    // Counter-clockwise: the right column becomes the top row.
                    #expect(abs(turned[(y * 5 + x) * channels + c] - Float((x * 5 + 4 - y) * channels + c)) < 1e-4)
                }
            }
        }
    }

    @Test func stepsOfAListAreOneSampling() throws {
        // Two turns of a half pixel each would blur; together they are one of a whole pixel.
        let image = Tensor((0..<64).map { UInt8($0 * 4 % 256) }, shape: [8, 8, 1])
        let together = AffineMap.translation(x: 0.5, y: 0).then(.translation(x: 0.5, y: 0))
        #expect(together(image).scalars == AffineMap.translation(x: 1, y: 0)(image).scalars)
    }

    /// Any map, against interpolation as it is defined.
    @Test(arguments: 0..<60 as Range<UInt64>) func agreesWithTheDefinition(seed: UInt64) {
        var draws = RandomDraws(RandomKey(seed: seed))
        let (height, width, channels) = (1 + draws.below(7), 1 + draws.below(7), 1 + draws.below(4))
        // Whole and half steps lie exactly on pixels and edges.
        let shift = (Double(draws.below(17)) / 2 - 4, Double(draws.below(17)) / 2 - 4)
        let steps: [AffineMap] = [
            .rotation(degrees: seed % 3 == 0 ? 90 : draws.within(180)), .translation(x: shift.0, y: shift.1),
            .zoom(seed % 2 == 0 ? 1 : 0.3 + draws.unit()),
        ]
        let map = steps.prefix(1 + draws.below(3)).reduce(AffineMap.identity) { $0.then($1) }
        let pixels = (0..<height * width * channels).map { _ in Float(draws.below(256)) }
        let result = map(Tensor(pixels, shape: [height, width, channels])).scalars
        func pixel(_ row: Int, _ column: Int, _ channel: Int) -> Double {
            (0..<height).contains(row) && (0..<width).contains(column)
                ? Double(pixels[(row * width + column) * channels + channel]) : 0
        }
        for index in result.indices {
            let (row, column, channel) = (index / channels / width, index / channels % width, index % channels)
            let (middleX, middleY) = (Double(width - 1) / 2, Double(height - 1) / 2)
            let source = map.source(x: Double(column) - middleX, y: Double(row) - middleY)
            let (x, y) = (source.x + middleX, source.y + middleY)
            let (left, top) = (Int(floor(x)), Int(floor(y)))
            var expected = 0.0
            for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let (right, down) = (abs(x - Double(left + dx)), abs(y - Double(top + dy)))
                expected += (1 - right) * (1 - down) * pixel(top + dy, left + dx, channel)
            }
            // Places have 16 binary digits.
            #expect(abs(Double(result[index]) - expected) < 1e-2)
        }
    }

    @Test func farPlacesAreBlack() {
        let image = Tensor.ones([3, 4, 1], type: .uint8)
        for map in [AffineMap.translation(x: 1e9, y: 0), .translation(x: 0, y: -9), .zoom(1e-9)] {
            #expect(map(image).scalars.count { $0 != 0 } == 0)
        }
    }

    // MARK: Distributions

    private func draws(_ draw: (inout RandomDraws) -> Double) -> [Double] {
        (0..<4000 as Range<UInt64>).map { index in
            var draws = RandomDraws(RandomKey(seed: 11).child(index))
            return draw(&draws)
        }
    }

    @Test func uniform() {
        #expect(kolmogorovSmirnov(draws { $0.unit() }) { $0 } < 1.95)
        #expect(kolmogorovSmirnov(draws { $0.within(10) }) { ($0 + 10) / 20 } < 1.95)
        let counts = draws { Double($0.below(7)) }.reduce(into: [Int](repeating: 0, count: 7)) { $0[Int($1)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 571) < 110 })
    }

    /// Enough draws for the rare ways of the ziggurat: the edges of layers, and the tail from 3.44 on.
    @Test func normal() {
        var draws = RandomDraws(RandomKey(seed: 3))
        let values = (0..<1_000_000).map { _ in draws.normal() }
        #expect(kolmogorovSmirnov(values) { erfc(-$0 / 2.0.squareRoot()) / 2 } < 1.95)
        let moments = values.reduce(SIMD4<Double>()) { sum, x in sum + SIMD4(x, x * x, x * x * x, x * x * x * x) }
        // Five standard deviations of the means.
        let (expected, variances): ([Double], [Double]) = ([0, 1, 0, 3], [1, 2, 15, 96])
        for order in 0..<4 {
            let mean = moments[order] / 1_000_000
            #expect(abs(mean - expected[order]) < 5 * (variances[order] / 1_000_000).squareRoot())
        }
        let tails: [(limit: Double, expected: Double)] = [(3, 2699.8), (3.45, 560.6), (3.75, 176.8)]
        for (limit, expected) in tails {
            let count = Double(values.count { abs($0) > limit })
            #expect(abs(count - expected) < 5 * expected.squareRoot())
        }
    }

    /// Beta(1/2, 1/2), Beta(1, 1), Beta(2, 2): 2/π arcsin √x, x, 3x² − 2x³.
    @Test func beta() {
        #expect(kolmogorovSmirnov(draws { $0.beta(0.5) }) { 2 / Double.pi * asin($0.squareRoot()) } < 1.95)
        #expect(kolmogorovSmirnov(draws { $0.beta(1) }) { $0 } < 1.95)
        #expect(kolmogorovSmirnov(draws { $0.beta(2) }) { 3 * $0 * $0 - 2 * $0 * $0 * $0 } < 1.95)
        for alpha in [1e-300, 1e-6, 1e6] { #expect(draws { $0.beta(alpha) }.allSatisfy { (0...1).contains($0) }) }
    }
}
