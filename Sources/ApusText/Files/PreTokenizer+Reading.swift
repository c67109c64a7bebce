import ApusConfiguration
import ApusFormats

extension PreTokenizer {
    private static let known = ["ByteLevel", "Split", "BertPreTokenizer", "Digits", "Sequence"]

    static func read(_ part: TokenizerPart) throws(FormatError) -> [PreTokenizer] {
        var preTokenizers: [PreTokenizer] = []
        for part in try part.sequence("pretokenizers") {
            if case .byteLevel? = preTokenizers.last {
                throw part.unsupported("\(part.place) comes behind ByteLevel", expected: "ByteLevel as the last one")
            }
            preTokenizers.append(try single(part))
        }
        return preTokenizers
    }

    private static func single(_ part: TokenizerPart) throws(FormatError) -> PreTokenizer {
        switch try part.type {
        case "ByteLevel":
            try part.checkMembers(["type", "add_prefix_space", "trim_offsets", "use_regex"])
            return .byteLevel(
                addsSpace: try part.required("add_prefix_space").flag, splits: try part.flag("use_regex", default: true)
            )
        case "Split":
            try part.checkMembers(["type", "pattern", "behavior", "invert"])
            let behavior = try part.required("behavior")
            guard let known = SplitBehavior(rawValue: try behavior.text) else {
                throw behavior.mismatch("one of \(SplitBehavior.allCases.map(\.rawValue).shown())")
            }
            return .split(
                try part.required("pattern").pattern().pattern, known, isInverted: try part.required("invert").flag)
        case "BertPreTokenizer":
            try part.checkMembers(["type"])
            return .bert
        case "Digits":
            try part.checkMembers(["type", "individual_digits"])
            return .digits(individual: try part.required("individual_digits").flag)
        default: throw try part.unknown(known)
        }
    }
}
