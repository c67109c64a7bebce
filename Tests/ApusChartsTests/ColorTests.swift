import ApusCharts
import Testing

@Suite struct ColorTests {
    @Test func seriesStandOutFromTheGround() {
        for paint in Paint.categories {
            #expect(paint.light.contrast(to: Paint.background.light) >= 3, "\(paint.light.hexadecimal)")
            #expect(paint.dark.contrast(to: Paint.background.dark) >= 3, "\(paint.dark.hexadecimal)")
        }
        for paint in [Paint.ink, .mutedInk] {
            #expect(paint.light.contrast(to: Paint.background.light) >= 4.5)
            #expect(paint.dark.contrast(to: Paint.background.dark) >= 4.5)
        }
    }

    /// The first six are apart for readers without red or green cones too, all ten for the others.
    @Test(arguments: Sight.allCases)
    func seriesDifferFromEachOther(sight: Sight) {
        for appearance in [\Paint.light, \Paint.dark] {
            let count = sight == .normal ? 10 : 6
            let colors = Paint.categories.prefix(count).map { Oklab(sight.sees($0[keyPath: appearance])) }
            for (index, color) in colors.enumerated() {
                for (later, other) in colors.enumerated().dropFirst(index + 1) {
                    #expect(color.distance(to: other) > 0.08, "\(index) and \(later)")
                }
            }
        }
    }

    @Test func sequentialMapsGrowEvenly() {
        let map = ColorMap.sequential
        let paints = (0...63).map { map.paint(at: Double($0) / 63) }
        for (appearance, sign) in [(\Paint.light, -1.0), (\Paint.dark, 1.0)] {
            let colors = paints.map { Oklab($0[keyPath: appearance]) }
            let steps = zip(colors, colors.dropFirst()).map { $0.distance(to: $1) }
            let mean = steps.reduce(0, +) / Double(steps.count)
            // Rounding to 8 bits accounts for the rest.
            #expect(steps.allSatisfy { abs($0 - mean) < 0.5 * mean }, "\(steps)")
            #expect(zip(colors, colors.dropFirst()).allSatisfy { ($1.lightness - $0.lightness) * sign > -0.003 })
        }
    }

    @Test func colorsRoundTrip() {
        for hexadecimal in stride(from: UInt32(0), through: 0xFFFFFF, by: 0x01357) {
            #expect(Oklab(Color(hexadecimal)).color == Color(hexadecimal))
        }
        #expect(Color(0x0072B2).hexadecimal == "#0072b2")
        #expect(Color(0x000001).hexadecimal == "#000001")
    }

    @Test func categoriesComeAgain() {
        #expect(Paint.category(0) == Paint.category(10))
        #expect(Paint.category(-3) == Paint.category(3))
        #expect(Paint.category(.min) == Paint.category(8))
    }
}

/// How a color looks to a reader (Machado, Oliveira and Fernandes 2009, severity 1).
enum Sight: CaseIterable {
    case normal, protanopia, deuteranopia

    private var matrix: [[Double]] {
        switch self {
        case .normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
        case .protanopia:
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
        case .deuteranopia:
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
        }
    }

    func sees(_ color: Color) -> Color {
        let linear = [color.red, color.green, color.blue].map(Oklab.linear)
        let seen = matrix.map { Oklab.encoded($0[0] * linear[0] + $0[1] * linear[1] + $0[2] * linear[2]) }
        return Color(UInt32(seen[0]) << 16 | UInt32(seen[1]) << 8 | UInt32(seen[2]))
    }
}
