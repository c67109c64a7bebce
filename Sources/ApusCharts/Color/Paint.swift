/// One color in two appearances.
///
/// ```swift
/// let series = LineChart.Series(
///     "validation", y: [0.9, 0.7], paint: Paint(light: 0xb00020, dark: 0xff6070))
/// let second = Paint.category(1)
/// ```
public struct Paint: Sendable, Hashable {
    package var light: Color
    package var dark: Color

    /// A color for light pictures and one for dark ones, as 0xRRGGBB.
    public init(light: UInt32, dark: UInt32) {
        self.light = Color(light)
        self.dark = Color(dark)
    }

    init(light: Color, dark: Color) {
        self.light = light
        self.dark = dark
    }

    /// The color of the n-th series or class: the first six are told apart by color-blind readers too, since they differ in
    /// lightness as well as in hue; all ten have a contrast of at least 3 to the ground. After ten the colors come again.
    public static func category(_ index: Int) -> Paint {
        categories[Int(index.magnitude % UInt(categories.count))]
    }

    package static let categories: [Paint] = [
        Paint(light: 0x0058C0, dark: 0x55A8FF), Paint(light: 0xC94A00, dark: 0xF4622C),
        Paint(light: 0x00796F, dark: 0x0C9F88), Paint(light: 0xA880C0, dark: 0xE2BDFF),
        Paint(light: 0xC98500, dark: 0xEBBE6A), Paint(light: 0x6C86FF, dark: 0xCFF7F0),
        Paint(light: 0x6B5600, dark: 0xCFEF5A), Paint(light: 0x4A5160, dark: 0xA894A8),
        Paint(light: 0x8A1048, dark: 0xC8407A), Paint(light: 0x6A1CA8, dark: 0xB468FF),
    ]

    package static let background = Paint(light: 0xFFFFFF, dark: 0x10151C)
    /// Titles and values.
    package static let ink = Paint(light: 0x1F2328, dark: 0xE6EDF3)
    /// Axis labels and remarks.
    package static let mutedInk = Paint(light: 0x59636E, dark: 0x9AA4AF)
    static let axis = Paint(light: 0xAFB8C1, dark: 0x4A535E)
    static let gridLine = Paint(light: 0xE7EAEE, dark: 0x232A33)
    /// Cells and images without content.
    static let void = Paint(light: 0xF1F3F5, dark: 0x1A212A)

    /// Text on a colored cell: in each appearance the one of light and dark ink that reads better.
    func inkAbove() -> Paint {
        let (dark, white) = (Color(0x0B1016), Color(0xFFFFFF))
        let darkOnLight = light.contrast(to: dark) >= light.contrast(to: white)
        let darkOnDark = self.dark.contrast(to: dark) >= self.dark.contrast(to: white)
        // Four light colors, one for each pair, so that the dark appearance can be told from the light one.
        switch (darkOnLight, darkOnDark) {
        case (true, true): return Paint(light: 0x0B1017, dark: 0x0B1016)
        case (true, false): return Paint(light: 0x0B1016, dark: 0xFFFFFF)
        case (false, true): return Paint(light: 0xFFFFFD, dark: 0x0B1016)
        case (false, false): return Paint(light: 0xFFFFFE, dark: 0xFFFFFF)
        }
    }
}
