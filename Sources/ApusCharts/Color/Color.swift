import Foundation

/// An sRGB color.
package struct Color: Sendable, Hashable {
    package var red: UInt8
    package var green: UInt8
    package var blue: UInt8

    package init(_ hexadecimal: UInt32) {
        red = UInt8(truncatingIfNeeded: hexadecimal >> 16)
        green = UInt8(truncatingIfNeeded: hexadecimal >> 8)
        blue = UInt8(truncatingIfNeeded: hexadecimal)
    }

    /// `#0072b2`
    package var hexadecimal: String {
        let value = String(UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue), radix: 16)
        return "#" + String(repeating: "0", count: 6 - value.count) + value
    }

    /// Relative luminance, 0 for black to 1 for white (WCAG 2.2).
    package var luminance: Double {
        0.2126 * Oklab.linear(red) + 0.7152 * Oklab.linear(green) + 0.0722 * Oklab.linear(blue)
    }

    /// The contrast of two colors, 1 to 21 (WCAG 2.2).
    package func contrast(to other: Color) -> Double {
        let (a, b) = (luminance, other.luminance)
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }
}

/// A color in coordinates whose distances are those that people see (Ottosson 2020).
package struct Oklab: Sendable {
    package var lightness: Double
    package var a: Double
    package var b: Double

    package init(_ color: Color) {
        let (r, g, b) = (Oklab.linear(color.red), Oklab.linear(color.green), Oklab.linear(color.blue))
        let l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
        let m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
        let s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
        lightness = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s
        a = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s
        self.b = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s
    }

    init(lightness: Double, a: Double, b: Double) {
        self.lightness = lightness
        self.a = a
        self.b = b
    }

    package var color: Color {
        func cube(_ x: Double) -> Double { x * x * x }
        let l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b)
        let m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b)
        let s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b)
        var color = Color(0)
        color.red = Oklab.encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s)
        color.green = Oklab.encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s)
        color.blue = Oklab.encoded(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)
        return color
    }

    package func distance(to other: Oklab) -> Double {
        let (dl, da, db) = (lightness - other.lightness, a - other.a, b - other.b)
        return (dl * dl + da * da + db * db).squareRoot()
    }

    func mixed(with other: Oklab, _ part: Double) -> Oklab {
        Oklab(
            lightness: lightness + (other.lightness - lightness) * part, a: a + (other.a - a) * part,
            b: b + (other.b - b) * part)
    }

    package static func linear(_ component: UInt8) -> Double {
        let c = Double(component) / 255
        return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4)
    }

    package static func encoded(_ linear: Double) -> UInt8 {
        let c = min(max(linear, 0), 1)
        let encoded = c <= 0.0031308 ? c * 12.92 : 1.055 * pow(c, 1 / 2.4) - 0.055
        return UInt8((encoded * 255).rounded())
    }
}
