/// What sort of character a scalar is, as the splitting of texts asks for it.
///
/// Source: the general category and the property White_Space of The Unicode Standard, in the version of Swift's standard library.
struct ScalarKind: OptionSet, Sendable {
    let rawValue: UInt8

    /// L: letters.
    static let letter = ScalarKind(rawValue: 1)
    /// N: digits and other numbers.
    static let number = ScalarKind(rawValue: 2)
    /// White_Space.
    static let space = ScalarKind(rawValue: 4)
    /// P: punctuation; and the signs of ASCII that Unicode calls symbols.
    static let punctuation = ScalarKind(rawValue: 8)
    /// Mn: marks that take no room.
    static let nonspacingMark = ScalarKind(rawValue: 16)
    /// M: all marks.
    static let mark = ScalarKind(rawValue: 32)
    /// Cc, Cf and Co: what is not to be seen.
    static let control = ScalarKind(rawValue: 64)

    /// The kinds of the planes with characters in use, by scalar.
    private static let table: [ScalarKind] = (0..<0x40000).map(computed)

    @inline(__always)
    static func of(_ scalar: UInt32) -> ScalarKind {
        scalar < 0x40000 ? table[Int(scalar)] : computed(scalar)
    }

    private static func computed(_ value: UInt32) -> ScalarKind {
        guard let scalar = Unicode.Scalar(value) else { return [] }
        let properties = scalar.properties
        var kind: ScalarKind =
            switch properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
            case .decimalNumber, .letterNumber, .otherNumber: .number
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
                .finalPunctuation, .otherPunctuation:
                .punctuation
            case .nonspacingMark: [.mark, .nonspacingMark]
            case .spacingMark, .enclosingMark: .mark
            case .control, .format, .privateUse: .control
            case .mathSymbol, .currencySymbol, .modifierSymbol: value < 0x80 ? .punctuation : []
            default: []
            }
        if properties.isWhitespace { kind.insert(.space) }
        return kind
    }
}
