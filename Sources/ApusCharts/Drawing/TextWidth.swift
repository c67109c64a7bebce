/// Widths of text before anybody has chosen a font: the advances of the common sans-serif faces, a little widened.
package enum TextWidth {
    /// Thousandths of the font size for U+0020 to U+007E, as in Helvetica.
    private static let advances: [Double] = [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556,
        556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667,
        556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556,
        556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722,
        500, 500, 500, 334, 260, 334, 584,
    ]

    /// Other fonts than the one measured are up to this much wider.
    private static let allowance = 1.12

    private static func advance(_ scalar: Unicode.Scalar) -> Double {
        switch scalar.value {
        case 0x20...0x7E: advances[Int(scalar.value) - 0x20]
        case 0x300...0x36F, 0x200B...0x200F, 0xFE00...0xFE0F: 0
        case 0xB7, 0x2019, 0x2018: 278
        case 0x2026, 0x2E80...: 1000
        default: 600
        }
    }

    /// The width of a line of text, in pixels.
    package static func measure(_ text: String, size: Double, bold: Bool = false) -> Double {
        var sum = 0.0
        for scalar in text.unicodeScalars { sum += advance(scalar) }
        return sum / 1000 * size * allowance * (bold ? 1.06 : 1)
    }

    /// The text, or as much of it as fits, with an ellipsis.
    package static func fit(_ text: String, width: Double, size: Double, bold: Bool = false) -> String {
        guard measure(text, size: size, bold: bold) > width else { return text }
        let available = width - measure("…", size: size, bold: bold)
        var kept = ""
        var used = 0.0
        for character in text {
            used += measure(String(character), size: size, bold: bold)
            if used > available { break }
            kept.append(character)
        }
        while kept.last == " " { kept.removeLast() }
        return kept.isEmpty ? "" : kept + "…"
    }

    /// Lines that are no wider than asked, broken at spaces; the last one ends in an ellipsis when text is left over.
    package static func wrap(_ text: String, width: Double, size: Double, lines limit: Int) -> [String] {
        var lines: [String] = []
        for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var line = ""
            for word in paragraph.split(separator: " ") {
                let longer = line.isEmpty ? String(word) : line + " " + word
                if line.isEmpty || measure(longer, size: size) <= width {
                    line = longer
                } else {
                    lines.append(line)
                    line = String(word)
                }
            }
            lines.append(line)
        }
        if lines.count > limit, limit > 0 {
            lines[limit - 1] = lines[(limit - 1)...].joined(separator: " ")
            lines.removeSubrange(limit...)
        }
        return lines.map { fit($0, width: width, size: size) }
    }
}
