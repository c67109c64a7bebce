/// How text and numbers are written into an SVG file.
package enum XML {
    /// Text in which nothing can be mistaken for markup and that XML 1.0 allows.
    package static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += " "
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A coordinate with at most two decimals: `12`, `0.5`, `-3.25`.
    package static func number(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let hundredths = Int((min(max(value, -1e7), 1e7) * 100).rounded())
        let (whole, part) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        let sign = hundredths < 0 ? "-" : ""
        switch part {
        case 0: return "\(sign)\(whole)"
        case _ where part % 10 == 0: return "\(sign)\(whole).\(part / 10)"
        case 1...9: return "\(sign)\(whole).0\(part)"
        default: return "\(sign)\(whole).\(part)"
        }
    }
}
