extension StringProtocol {
    /// The text as messages show it: at most 80 characters, with `…` where it goes on; control characters as `\n` or `\u{1B}`.
    package var shown: String { shown(80) }

    /// The same with at most so many characters.
    package func shown(_ limit: Int) -> String {
        var result = ""
        var count = 0
        for scalar in unicodeScalars {
            guard count < limit else { return result + "…" }
            count += 1
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                switch scalar {
                case "\n": result += "\\n"
                case "\r": result += "\\r"
                case "\t": result += "\\t"
                default: result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text without control characters, lines and tabs excepted: what a terminal obeys is shown.
    package var printable: String {
        let isPlain = unicodeScalars.allSatisfy {
            $0 == "\n" || $0 == "\t"
                || $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
        }
        if isPlain { return String(self) }
        return split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map { $0.shown(.max) }.joined(separator: "\t")
        }.joined(separator: "\n")
    }

    /// The text as messages quote it: `"text"`, bounded and without control characters.
    package var quoted: String { "\"\(shown)\"" }
}

extension Sequence<String> {
    /// Names as messages list them: the first ones, with `…` where there are more.
    package func shown(_ limit: Int = 20) -> String {
        let first = prefix(limit + 1).map(\.shown)
        return first.prefix(limit).joined(separator: ", ") + (first.count > limit ? ", …" : "")
    }
}
