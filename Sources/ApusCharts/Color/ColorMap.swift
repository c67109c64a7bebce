/// Colors for numbers: a path through color space on which equal steps look equal.
///
/// The path is given by a few anchor colors, interpolated in Oklab and walked at constant speed there.
///
/// ```swift
/// let attention = HeatMap("Attention", values: [[0.1, 0.9], [0.6, 0.4]], colorMap: .viridis)
/// let own = ColorMap(light: [0xffffff, 0x003366], dark: [0x101010, 0x66aaff])
/// ```
public struct ColorMap: Sendable, Hashable {
    /// From the ground of the picture to its most striking color: amounts, shares, densities.
    public static let sequential = ColorMap(
        light: [0xF6F8FA, 0xCDEBDD, 0x7FCDBB, 0x2FA3C2, 0x225EA8, 0x0B1F66],
        dark: [0x171E27, 0x1D3A6E, 0x1F6FAF, 0x2FA9BE, 0x8ADBA8, 0xF4F7B0])

    /// From blue through the ground of the picture to red: numbers with a sign.
    public static let diverging = ColorMap(
        light: [0x0B4A9E, 0x5FA3DC, 0xF6F8FA, 0xF08A62, 0xA3151F],
        dark: [0x8CCBFF, 0x2E78C2, 0x171E27, 0xC4532F, 0xFFB59A])

    /// The same colors, dark blue to yellow, in both appearances (after viridis by Smith and van der Walt).
    public static let viridis = ColorMap(
        light: [0x440154, 0x414487, 0x2A788E, 0x22A884, 0x7AD151, 0xFDE725],
        dark: [0x440154, 0x414487, 0x2A788E, 0x22A884, 0x7AD151, 0xFDE725])

    /// The number of different colors of cells: more cannot be told apart, fewer show steps.
    static let levels = 64

    private let light: [Color]
    private let dark: [Color]

    /// A map through anchor colors (0xRRGGBB), for light and for dark pictures.
    public init(light: [UInt32], dark: [UInt32]) {
        self.light = ColorMap.walk(light.map { Oklab(Color($0)) })
        self.dark = ColorMap.walk(dark.map { Oklab(Color($0)) })
    }

    /// The color at a place between 0 and 1.
    package func paint(at place: Double) -> Paint {
        let level = ColorMap.level(place)
        return Paint(light: light[level], dark: dark[level])
    }

    /// All colors, from 0 to 1.
    var palette: [Paint] { zip(light, dark).map { Paint(light: $0, dark: $1) } }

    static func level(_ place: Double) -> Int {
        guard place.isFinite else { return 0 }
        return Int((min(max(place, 0), 1) * Double(levels - 1)).rounded())
    }

    /// Colors at equal distances along the path.
    private static func walk(_ anchors: [Oklab]) -> [Color] {
        guard let first = anchors.first, let last = anchors.last else {
            return [Color](repeating: Color(0x808080), count: levels)
        }
        let lengths = zip(anchors, anchors.dropFirst()).map { $0.distance(to: $1) }
        let total = lengths.reduce(0, +)
        return (0..<levels).map { level in
            var distance = total * Double(level) / Double(levels - 1)
            for (index, length) in lengths.enumerated() {
                if distance <= length {
                    return anchors[index].mixed(with: anchors[index + 1], length > 0 ? distance / length : 0).color
                }
                distance -= length
            }
            return level == 0 ? first.color : last.color
        }
    }
}
