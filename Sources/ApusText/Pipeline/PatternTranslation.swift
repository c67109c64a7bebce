import ApusConfiguration

/// Regular expressions of tokenizers as PCRE2 writes them.
///
/// Files have them in the syntax of Oniguruma (Ruby's), which names some sets of characters alike and means others: `\s`, `\w`, `\h`,
/// `\v` and scripts. What is written otherwise there and rarely used is refused by its name.
struct PatternTranslation {
    /// White_Space, as Oniguruma's `\s`; PCRE2's has U+180E besides.
    private static let space = "\\p{White_Space}"
    /// Oniguruma's `\w` within a set; PCRE2's has fewer marks.
    private static let wordInSet = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"
    /// Outside of sets it has ² ³ ¹ ¼ ½ ¾, too.
    private static let word = wordInSet + "\\x{b2}\\x{b3}\\x{b9}\\x{bc}\\x{bd}\\x{be}"
    /// Properties that both call alike.
    private static let categories: Set<String> = [
        "C", "Cc", "Cf", "Cn", "Co", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No",
        "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs", "Alphabetic",
        "White_Space",
    ]

    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var result = ""

    /// The pattern for PCRE2.
    static func pcre(_ pattern: String) throws(PatternError) -> String {
        var translation = PatternTranslation(pattern)
        guard translation.scalars.count <= 10_000 else { throw PatternError("it has more than 10000 characters") }
        while let scalar = translation.next() {
            switch scalar {
            case "\\": try translation.escape(inSet: false)
            case "[": try translation.set()
            case "(": try translation.group()
            default: translation.result.unicodeScalars.append(scalar)
            }
        }
        return translation.result
    }

    private init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func next() -> Unicode.Scalar? {
        guard let scalar = peek else { return nil }
        index += 1
        return scalar
    }

    private mutating func group() throws(PatternError) {
        result += "("
        guard peek != "*" else { throw PatternError("it has a verb, (*") }
        guard peek == "?" else { return }
        let rest = String(String.UnicodeScalarView(scalars[index...].prefix(3)))
        let known = ["?:", "?=", "?!", "?>", "?<=", "?<!", "?i:", "?i)"]
        guard let form = known.first(where: rest.hasPrefix) else {
            throw PatternError("it has a group \(("(" + rest).shown)")
        }
        result += form
        index += form.unicodeScalars.count
    }

    private mutating func set() throws(PatternError) {
        result += "["
        if peek == "^" {
            index += 1
            result += "^"
        }
        if peek == "]" { throw PatternError("it has an empty set []") }
        while let scalar = next() {
            switch scalar {
            case "]":
                result += "]"
                return
            case "[": throw PatternError("it has a set within a set")
            case "&" where peek == "&": throw PatternError("it has an intersection, &&")
            case "\\": try escape(inSet: true)
            default: result.unicodeScalars.append(scalar)
            }
        }
        throw PatternError("a set has no end")
    }

    /// What follows a backslash.
    private mutating func escape(inSet: Bool) throws(PatternError) {
        guard let scalar = next() else { throw PatternError("it ends with a backslash") }
        switch scalar {
        case "s": result += PatternTranslation.space
        case "S": result += "\\P{White_Space}"
        case "w": result += inSet ? PatternTranslation.wordInSet : "[\(PatternTranslation.word)]"
        case "W" where !inSet: result += "[^\(PatternTranslation.word)]"
        case "d": result += "\\p{Nd}"
        case "D": result += "\\P{Nd}"
        case "h": result += inSet ? "0-9a-fA-F" : "[0-9a-fA-F]"
        case "v": result += "\\x0b"
        case "b" where !inSet:
            let word = "[\(PatternTranslation.word)]"
            result += "(?:(?<=\(word))(?!\(word))|(?<!\(word))(?=\(word)))"
        case "n", "r", "t", "f", "e", "a": result += "\\\(scalar)"
        case "A" where !inSet, "z" where !inSet, "Z" where !inSet: result += "\\\(scalar)"
        case "x", "u": result += try number(scalar)
        case "p", "P": result += try property(scalar)
        case "0"..."9", "a"..."z", "A"..."Z":
            throw PatternError("it has \\\(scalar)\(inSet ? " in a set" : "")")
        default:
            guard scalar.isASCII, scalar.value >= 0x20 else {
                throw PatternError("it has a backslash before \(String(scalar).quoted)")
            }
            result += "\\\(scalar)"
        }
    }

    /// `\x41`, `\x{1F600}` or `é`.
    private mutating func number(_ sort: Unicode.Scalar) throws(PatternError) -> String {
        var digits = ""
        if sort == "x", peek == "{" {
            index += 1
            while let scalar = next(), scalar != "}" { digits.unicodeScalars.append(scalar) }
        } else {
            let limit = sort == "x" ? 2 : 4
            while digits.unicodeScalars.count < limit, let scalar = peek, scalar.properties.isASCIIHexDigit {
                digits.unicodeScalars.append(scalar)
                index += 1
            }
            guard sort == "x" || digits.count == 4 else { throw PatternError("it has \\u without four digits") }
        }
        guard let value = UInt32(digits, radix: 16), Unicode.Scalar(value) != nil else {
            throw PatternError("it has a character \(digits.quoted), which there is not")
        }
        return "\\x{\(String(value, radix: 16))}"
    }

    /// `\p{L}`, `\P{L}`, `\p{^L}` or `\p{Han}`.
    private mutating func property(_ sort: Unicode.Scalar) throws(PatternError) -> String {
        guard next() == "{" else { throw PatternError("it has \\\(sort) without a name in braces") }
        var isNegated = sort == "P"
        if peek == "^" {
            index += 1
            isNegated.toggle()
        }
        var name = ""
        while let scalar = next(), scalar != "}" { name.unicodeScalars.append(scalar) }
        guard !name.isEmpty, name.utf8.count <= 40,
            name.unicodeScalars.allSatisfy({ $0.properties.isAlphabetic || $0 == "_" })
        else { throw PatternError("it has the property \(name.quoted)") }
        // Other names are those of scripts: PCRE2 would take the extensions of a script, too.
        let isCategory = PatternTranslation.categories.contains(name)
        return "\\\(isNegated ? "P" : "p"){\(isCategory ? name : "sc:" + name)}"
    }
}
