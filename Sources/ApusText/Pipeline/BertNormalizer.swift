/// BERT's cleaning of texts: what can't be seen goes, white space becomes a space, Chinese characters get spaces around them, accents go,
/// letters become small.
///
/// Source: Devlin et al., *BERT*, 2019, and its code.
struct BertNormalizer: Sendable {
    var cleans: Bool
    var spacesChinese: Bool
    var stripsAccents: Bool
    var lowercases: Bool

    /// What a character becomes; it is movable where decomposing could bring it in another order with its neighbours.
    func replacement(_ scalar: Unicode.Scalar) -> (scalars: [UInt32], isMovable: Bool) {
        var isMovable = false
        var scalars = cleaned(scalar.value)
        if stripsAccents {
            scalars = scalars.flatMap { value in
                Unicode.Scalar(value).map { decomposed($0, &isMovable) } ?? []
            }
        }
        return (lowercases ? scalars.flatMap(BertNormalizer.lowercase) : scalars, isMovable)
    }

    /// The same for a whole text with characters that are movable.
    func applyWhole(to text: [UInt8]) -> [UInt8] {
        var cleaned: [UInt8] = []
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            for value in self.cleaned(scalar.value) { cleaned.append(scalar: value) }
        }
        if stripsAccents { cleaned = NormalizationForm.nfd.apply(to: cleaned) }
        var result: [UInt8] = []
        for scalar in String(decoding: cleaned, as: UTF8.self).unicodeScalars {
            if stripsAccents, ScalarKind.of(scalar.value).contains(.nonspacingMark) { continue }
            for value in lowercases ? BertNormalizer.lowercase(scalar.value) : [scalar.value] {
                result.append(scalar: value)
            }
        }
        return result
    }

    private func cleaned(_ value: UInt32) -> [UInt32] {
        var value = value
        if cleans {
            let isSpace = value == 9 || value == 10 || value == 13
            let kind = ScalarKind.of(value)
            if value == 0 || value == 0xfffd || !isSpace && kind.contains(.control) { return [] }
            if isSpace || kind.contains(.space) { value = 0x20 }
        }
        return spacesChinese && BertNormalizer.isChinese(value) ? [0x20, value, 0x20] : [value]
    }

    /// A character without accents.
    private func decomposed(_ scalar: Unicode.Scalar, _ isMovable: inout Bool) -> [UInt32] {
        if scalar.isASCII { return [scalar.value] }
        let parts = NormalizationForm.nfd.apply(to: String(scalar)).unicodeScalars.filter {
            !ScalarKind.of($0.value).contains(.nonspacingMark)
        }
        if parts.contains(where: { $0.properties.canonicalCombiningClass != .notReordered }) { isMovable = true }
        return parts.map(\.value)
    }

    private static func lowercase(_ value: UInt32) -> [UInt32] {
        Unicode.Scalar(value)?.properties.lowercaseMapping.unicodeScalars.map(\.value) ?? []
    }

    /// The blocks of CJK ideographs, as BERT lists them.
    private static func isChinese(_ value: UInt32) -> Bool {
        switch value {
        case 0x4e00...0x9fff, 0x3400...0x4dbf, 0x20000...0x2a6df, 0x2a700...0x2b73f, 0x2b740...0x2b81f,
            0x2b920...0x2ceaf, 0xf900...0xfaff, 0x2f800...0x2fa1f:
            true
        default: false
        }
    }
}
