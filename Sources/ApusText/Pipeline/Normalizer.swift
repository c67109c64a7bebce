import Foundation

/// How a text is changed before it is divided into words.
enum Normalizer: Sendable {
    /// A normalization form of Unicode.
    case form(NormalizationForm)
    /// Every character in lower case.
    case lowercase
    /// Marks of all sorts go.
    case stripAccents
    /// BERT's cleaning.
    case bert(BertNormalizer)
    /// A text before every text that is not empty.
    case prepend([UInt8])
    /// A text for every match of a pattern.
    case replace(Pattern, [UInt8])

    /// The text changed.
    ///
    /// - Parameter place: Which of the tokenizer's normalizers it is.
    func apply(to text: [UInt8], _ scratch: Scratch, place: Int) throws(TextError) -> [UInt8] {
        switch self {
        case .form(let form): return form.apply(to: text)
        case .lowercase:
            return map(text, scratch, place) { scalar in
                (scalar.properties.lowercaseMapping.unicodeScalars.map(\.value), false)
            } ?? text
        case .stripAccents:
            return map(text, scratch, place) { scalar in
                (ScalarKind.of(scalar.value).contains(.mark) ? [] : [scalar.value], false)
            } ?? text
        case .bert(let bert):
            return map(text, scratch, place, bert.replacement) ?? bert.applyWhole(to: text)
        case .prepend(let prefix): return text.isEmpty ? text : prefix + text
        case .replace(let pattern, let content):
            return try text.withTextBytes { (bytes) throws(TextError) in
                try pattern.replacing(in: bytes, with: content, scratch.matcher)
            }
        }
    }

    private func map(
        _ text: [UInt8], _ scratch: Scratch, _ place: Int,
        _ replacement: @escaping (Unicode.Scalar) -> (scalars: [UInt32], isMovable: Bool)
    ) -> [UInt8]? {
        let map = scratch.characters[place] ?? CharacterMap(replacement)
        scratch.characters[place] = map
        return text.withUnsafeBufferPointer { map.apply(to: $0) }
    }
}

extension [UInt8] {
    /// Calls a function with the bytes.
    func withTextBytes<Result, Failure>(_ body: (TextBytes) throws(Failure) -> Result) throws(Failure) -> Result {
        try withUnsafeBufferPointer { (bytes) throws(Failure) in try body(bytes) }
    }
}

extension Pattern {
    /// The text with a content for every match.
    func replacing(in text: TextBytes, with content: [UInt8], _ matcher: PatternMatcher) throws(TextError) -> [UInt8] {
        var result: [UInt8] = []
        var end = 0
        try forEachMatch(in: text, matcher) { match in
            result += text[end..<match.lowerBound]
            result += content
            end = match.upperBound
        }
        return result + text[end...]
    }
}

/// The normalization forms of Unicode.
///
/// Source: Unicode Standard Annex #15.
enum NormalizationForm: String, Sendable, CaseIterable {
    case nfc = "NFC"
    case nfd = "NFD"
    case nfkc = "NFKC"
    case nfkd = "NFKD"

    /// The text in this form.
    func apply(to text: [UInt8]) -> [UInt8] {
        // ASCII is in every form, and what is below U+0300 in NFC.
        let limit: UInt8 = self == .nfc ? 0xcc : 0x80
        if text.allSatisfy({ $0 < limit }) { return text }
        return Array(apply(to: String(decoding: text, as: UTF8.self)).utf8)
    }

    /// Foundation on Linux decomposes and composes without always putting marks in order before; what is decomposed already it puts right.
    func apply(to text: String) -> String {
        switch self {
        case .nfc: text.decomposedStringWithCanonicalMapping.precomposedStringWithCanonicalMapping
        case .nfd: text.decomposedStringWithCanonicalMapping.decomposedStringWithCanonicalMapping
        case .nfkc: text.decomposedStringWithCompatibilityMapping.precomposedStringWithCanonicalMapping
        case .nfkd: text.decomposedStringWithCompatibilityMapping.decomposedStringWithCanonicalMapping
        }
    }
}
