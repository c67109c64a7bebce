import ApusFormats

extension Normalizer {
    private static let known = [
        "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "BertNormalizer", "Prepend", "Replace", "Sequence",
    ]

    static func read(_ part: TokenizerPart) throws(FormatError) -> [Normalizer] {
        var normalizers: [Normalizer] = []
        for part in try part.sequence("normalizers") { normalizers.append(try single(part)) }
        return normalizers
    }

    private static func single(_ part: TokenizerPart) throws(FormatError) -> Normalizer {
        let type = try part.type
        if let form = NormalizationForm(rawValue: type) {
            try part.checkMembers(["type"])
            return .form(form)
        }
        switch type {
        case "Lowercase", "StripAccents":
            try part.checkMembers(["type"])
            return type == "Lowercase" ? .lowercase : .stripAccents
        case "BertNormalizer":
            try part.checkMembers(["type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"])
            let lowercases = try part.flag("lowercase", default: true)
            return .bert(
                BertNormalizer(
                    cleans: try part.flag("clean_text", default: true),
                    spacesChinese: try part.flag("handle_chinese_chars", default: true),
                    stripsAccents: try part.flag("strip_accents", default: lowercases), lowercases: lowercases))
        case "Prepend":
            try part.checkMembers(["type", "prepend"])
            return .prepend(Array(try part.required("prepend").text.utf8))
        case "Replace":
            try part.checkMembers(["type", "pattern", "content"])
            return .replace(
                try part.required("pattern").pattern().pattern, Array(try part.required("content").text.utf8))
        default: throw try part.unknown(known)
        }
    }
}
