import Foundation

/// Numbers as people read them: `0.25`, `12.5k`, `2e−4`, with a true minus sign.
package enum NumberFormat {
    /// A number with at most `digits` significant digits, without trailing zeros; `nan`, `inf` and `-inf` as in files.
    package static func short(_ value: Double, digits: Int = 3) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        let magnitude = abs(value)
        guard magnitude >= 1e-300 else { return "0" }
        var exponent = Int(log10(magnitude).rounded(.down)) - digits + 1
        var mantissa = scaled(magnitude, by: -exponent).rounded()
        if mantissa >= Mathematics.powerOfTen(digits) {
            mantissa /= 10
            exponent += 1
        }
        var integer = Int(min(mantissa, 1e15))
        while integer != 0, integer % 10 == 0 {
            integer /= 10
            exponent += 1
        }
        return decimal(value < 0 ? -integer : integer, exponent: exponent)
    }

    /// Numbers in one table: the same unit and decimals for all, at most three digits for the largest. Large numbers and
    /// those of very different size speak for themselves.
    package static func aligned(_ values: [Double]) -> [String] {
        let sizes = values.lazy.filter(\.isFinite).map(abs)
        let largest = sizes.max() ?? 0
        guard largest >= 1e-290, largest < 1e4, sizes.allSatisfy({ $0 == 0 || $0 >= largest * 0.01 }) else {
            return values.map { short($0) }
        }
        var exponent = Int(log10(largest).rounded(.down)) - 2
        var integers = values.map { $0.isFinite ? Int(scaled($0, by: -exponent).rounded()) : 0 }
        while integers.allSatisfy({ $0.isMultiple(of: 10) }), integers.contains(where: { $0 != 0 }) {
            integers = integers.map { $0 / 10 }
            exponent += 1
        }
        return zip(values, axis(integers, exponent: exponent)).map { $0.isFinite ? $1 : short($0) }
    }

    /// A fraction in percent: `93.4 %`, `100 %`.
    package static func percent(_ share: Double) -> String {
        guard share.isFinite else { return short(share) }
        let tenths = (min(max(share, -1e6), 1e6) * 1000).rounded()
        // Not quite everything is not everything.
        if tenths == 1000, share < 1 { return "99.9 %" }
        return short(tenths / 10, digits: 4) + " %"
    }

    /// A count with all its digits: `10 000` (with narrow spaces).
    package static func grouped(_ count: Double) -> String {
        abs(count) < 1e15 ? grouped(Int(count.rounded()), exponent: 0) : short(count)
    }

    private static func grouped(_ integer: Int, exponent: Int) -> String {
        var digits = fixed(integer < 0 ? -integer : integer, exponent: exponent)
        var place = digits.count - 3
        while place > 0, digits.count > 4 || place > 1 {
            digits.insert("\u{202F}", at: digits.index(digits.startIndex, offsetBy: place))
            place -= 3
        }
        return (integer < 0 ? "−" : "") + digits
    }

    /// The number `integer` · 10^`exponent`, by itself.
    package static func decimal(_ integer: Int, exponent: Int) -> String {
        guard integer != 0 else { return "0" }
        let leading = String(integer.magnitude).count - 1 + exponent
        switch leading {
        case ...(-4): return scientific(integer, exponent: exponent)
        case 4..<15:
            let thousands = leading / 3
            return fixed(integer, exponent: exponent - 3 * thousands) + prefixes[thousands]
        case 15...: return scientific(integer, exponent: exponent)
        default: return fixed(integer, exponent: exponent)
        }
    }

    /// Numbers `integer` · 10^`exponent` on one axis: the same unit and the same decimals for all.
    package static func axis(_ integers: [Int], exponent: Int) -> [String] {
        let largest = integers.map(\.magnitude).max() ?? 0
        let leading = String(largest).count - 1 + exponent
        switch leading {
        case 4..<15:
            let thousands = leading / 3
            // Where neighbors differ in late digits only, all digits are shown.
            if exponent - 3 * thousands < -3 {
                return integers.map { exponent < 0 ? fixed($0, exponent: exponent) : grouped($0, exponent: exponent) }
            }
            return integers.map {
                $0 == 0 ? "0" : fixed($0, exponent: exponent - 3 * thousands) + prefixes[thousands]
            }
        case ...(-4), 15...: return integers.map { scientific($0, exponent: exponent) }
        default: return integers.map { fixed($0, exponent: exponent) }
        }
    }

    private static let prefixes = ["", "k", "M", "G", "T"]

    private static func scaled(_ value: Double, by exponent: Int) -> Double {
        // In two steps: 10^exponent itself may be beyond what a Double holds.
        let half = exponent / 2
        return value * Mathematics.powerOfTen(half) * Mathematics.powerOfTen(exponent - half)
    }

    private static func fixed(_ integer: Int, exponent: Int) -> String {
        var digits = String(integer.magnitude)
        if exponent > 0 {
            if integer != 0 { digits += String(repeating: "0", count: exponent) }
        } else if exponent < 0 {
            digits = String(repeating: "0", count: max(0, 1 - exponent - digits.count)) + digits
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: exponent))
        }
        return (integer < 0 ? "−" : "") + digits
    }

    private static func scientific(_ integer: Int, exponent: Int) -> String {
        guard integer != 0 else { return "0" }
        var digits = String(integer.magnitude)
        let power = digits.count - 1 + exponent
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        if digits.count > 1 { digits.insert(".", at: digits.index(after: digits.startIndex)) }
        return (integer < 0 ? "−" : "") + digits + "e" + (power < 0 ? "−" : "") + String(power.magnitude)
    }
}
