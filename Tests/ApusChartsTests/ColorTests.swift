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

    /// Categories are apart, for readers who do not see red (protanopia) or green (deuteranopia) too.
    @Test func seriesDifferFromEachOther() {
        for appearance in [\Paint.light, \Paint.dark] {
            let colors = Paint.categories.prefix(8).map { Oklab($0[keyPath: appearance]) }
            for (index, color) in colors.enumerated() {
                for other in colors[(index + 1)...] { #expect(color.distance(to: other) > 0.06) }
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
