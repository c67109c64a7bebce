import ApusFormats

extension TokenDecoder {
    private static let known = ["ByteLevel", "WordPiece", "Replace", "ByteFallback", "Fuse", "Strip", "Sequence"]

    static func read(_ part: TokenizerPart) throws(FormatError) -> [TokenDecoder] {
        var decoders: [TokenDecoder] = []
        for part in try part.sequence("decoders") { decoders.append(try single(part)) }
        return decoders
    }

    private static func single(_ part: TokenizerPart) throws(FormatError) -> TokenDecoder {
        switch try part.type {
        case "ByteLevel":
            try part.checkMembers(["type", "add_prefix_space", "trim_offsets", "use_regex"])
            return .byteLevel
        case "WordPiece":
            try part.checkMembers(["type", "prefix", "cleanup"])
            return .wordPiece(
                prefix: Array(try part.required("prefix").text.utf8), cleansUp: try part.required("cleanup").flag)
        case "Replace":
            try part.checkMembers(["type", "pattern", "content"])
            let pattern = try part.required("pattern")
            guard let text = try pattern.pattern().text, !text.isEmpty else {
                throw pattern.unsupported("\(pattern.place) is a regular expression", expected: "a String of a decoder")
            }
            return .replace(Array(text.utf8), with: Array(try part.required("content").text.utf8))
        case "ByteFallback", "Fuse":
            try part.checkMembers(["type"])
            return try part.type == "Fuse" ? .fuse : .byteFallback
        case "Strip":
            try part.checkMembers(["type", "content", "start", "stop"])
            let content = try part.required("content")
            guard try content.text.unicodeScalars.count == 1 else { throw content.mismatch("one character") }
            return .strip(
                Array(try content.text.utf8), start: try part.required("start").count,
                stop: try part.required("stop").count)
        default: throw try part.unknown(known)
        }
    }
}
