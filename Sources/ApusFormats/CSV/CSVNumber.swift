/// Numbers as text: `-12`, `0.5`, `.5`, `1e-3`, `inf`; a point for the fraction, nothing between thousands.
///
/// The standard library's `Double(Substring)` takes five times as long (43 to 76 ms a million numbers of few digits, this 7 to 14) and
/// takes `0x1p3` and `nan(1)` for numbers.
enum CSVNumber {
    /// What the characters of a number say.
    struct Parts {
        var digits: UInt64 = 0
        var exponent = 0
        var isNegative = false
        var isInfinite = false
        /// Whether `digits` has all digits.
        var isExact = true
    }

    /// 10⁰ to 10²², which doubles hold exactly.
    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20,
        1e21, 1e22,
    ]

    /// `nil` if the text is no number.
    @inline(__always)
    static func parts(_ text: UnsafeRawBufferPointer) -> Parts? {
        var parts = Parts()
        var index = 0
        let end = text.count
        guard end > 0 else { return nil }
        if text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") {
            parts.isNegative = text[0] == UInt8(ascii: "-")
            index = 1
        }
        let first = index
        while index < end, case let digit = text[index] &- 0x30, digit < 10 {
            parts.append(digit)
            index += 1
        }
        var count = index - first
        if index < end, text[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            while index < end, case let digit = text[index] &- 0x30, digit < 10 {
                parts.append(digit)
                index += 1
            }
            count += index - start
            parts.exponent -= index - start
        }
        guard count > 0 else {
            let rest = text[first...]
            parts.isInfinite = equal(rest, "inf") || equal(rest, "infinity")
            return parts.isInfinite ? parts : nil
        }
        guard index < end else { return parts }
        guard text[index] | 0x20 == UInt8(ascii: "e") else { return nil }
        index += 1
        var isNegative = false
        if index < end, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
            isNegative = text[index] == UInt8(ascii: "-")
            index += 1
        }
        guard index < end else { return nil }
        var exponent = 0
        while index < end {
            let digit = text[index] &- 0x30
            guard digit < 10 else { return nil }
            if exponent < 100_000 { exponent = exponent * 10 + Int(digit) }
            index += 1
        }
        parts.exponent += isNegative ? -exponent : exponent
        return parts
    }

    /// The double nearest to a number; `nil` if the text is none.
    @inline(__always)
    static func parse(_ text: UnsafeRawBufferPointer) -> Double? {
        guard let parts = parts(text) else { return nil }
        if parts.isInfinite { return parts.isNegative ? -.infinity : .infinity }
        // Both factors are exact, so the one rounding is right (Clinger, 1990).
        if parts.isExact, parts.digits <= 1 << 53, abs(parts.exponent) <= 22 {
            let digits = Double(parts.digits)
            let power = powers[abs(parts.exponent)]
            let value = parts.exponent < 0 ? digits / power : digits * power
            return parts.isNegative ? -value : value
        }
        return Double(String(decoding: text, as: UTF8.self))
    }

    private static func equal(_ text: Slice<UnsafeRawBufferPointer>, _ word: StaticString) -> Bool {
        word.withUTF8Buffer { word in text.elementsEqual(word) { $0 | 0x20 == $1 } }
    }
}

extension CSVNumber.Parts {
    @inline(__always)
    fileprivate mutating func append(_ digit: UInt8) {
        if digits < 1_000_000_000_000_000_000 {
            digits = digits &* 10 &+ UInt64(digit)
        } else {
            isExact = false
        }
    }
}
