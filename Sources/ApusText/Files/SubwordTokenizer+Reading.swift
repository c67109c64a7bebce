import ApusConfiguration
public import ApusFormats

extension SubwordTokenizer {
    /// The most bytes of a file: real ones have up to some 35 million.
    private static let sizeLimit = 200_000_000

    /// Reads a `tokenizer.json`.
    ///
    /// - Throws: `FormatError` if it is missing, damaged, or has a part that is not read here.
    public init(contentsOf path: String) throws(FormatError) {
        let source = try ByteSource(path: path, content: "a tokenizer.json")
        guard source.count <= SubwordTokenizer.sizeLimit else {
            throw FormatError(
                .malformed, path: path, "the file is too large for a tokenizer",
                expected: "at most \(SubwordTokenizer.sizeLimit) bytes", received: "\(source.count)",
                remedy: "Give the path of a tokenizer.json.")
        }
        try self.init(json: try source.bytes(0..<source.count), path: path)
    }

    /// The tokenizer of a file's bytes.
    package init(json bytes: [UInt8], path: String) throws(FormatError) {
        try self.init(try JSONReader.value(bytes, path: path), path: path)
    }

    /// The tokenizer of a file's value.
    init(_ value: JSONValue, path: String) throws(FormatError) {
        let file = TokenizerPart(value: value, path: path)
        try file.checkMembers([
            "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
            "decoder", "model",
        ])
        if let version = try file.optional("version")?.text, version != "1.0" {
            throw file.unsupported("the version is \(version.quoted)", expected: "version 1.0")
        }
        for name: StaticString in ["truncation", "padding"] where file.optional(name) != nil {
            throw FormatError(
                .unsupported, path: path, "the file has \"\(name)\", which is not read here", expected: "null",
                remedy: "Set it to null: TokenBatch cuts and fills lists of numbers.")
        }
        var preTokenizers: [PreTokenizer] = []
        if let part = file.optional("pre_tokenizer") { preTokenizers = try PreTokenizer.read(part) }
        let isByteLevel = preTokenizers.contains { if case .byteLevel = $0 { true } else { false } }
        let model = try Model.read(try file.required("model"), isByteLevel: isByteLevel)
        var added: [AddedToken] = []
        if let part = file.optional("added_tokens") { added = try AddedToken.read(part, beside: model.tokens) }
        var normalizers: [Normalizer] = []
        if let part = file.optional("normalizer") { normalizers = try Normalizer.read(part) }
        var template: [TemplatePiece]?
        if let part = file.optional("post_processor") { template = try TemplatePiece.read(part) }
        var decoders: [TokenDecoder]?
        if let part = file.optional("decoder") { decoders = try TokenDecoder.read(part) }
        do throws(TextError) {
            try self.init(
                normalizers: normalizers, preTokenizers: preTokenizers, model: model, template: template,
                decoders: decoders, added: added, file: value.withoutTokens)
        } catch {
            throw file.malformed("an added token can't be normalized: \(error.problem)", remedy: error.remedy)
        }
    }
}

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

extension SubwordTokenizer.TemplatePiece {
    private static let known = ["TemplateProcessing", "BertProcessing", "RobertaProcessing", "ByteLevel", "Sequence"]

    /// What stands around a text; nothing if `nil`.
    static func read(_ part: TokenizerPart) throws(FormatError) -> [Self]? {
        var pieces: [Self]?
        for part in try part.sequence("processors") {
            guard let own = try single(part) else { continue }
            // Where there are several, the next one stands around what the one before made.
            pieces = pieces.map { inner in own.flatMap { if case .text = $0 { inner } else { [$0] } } } ?? own
        }
        return pieces
    }

    private static func single(_ part: TokenizerPart) throws(FormatError) -> [Self]? {
        switch try part.type {
        case "ByteLevel":
            // It moves the places of tokens in the text, which are not asked for here.
            try part.checkMembers(["type", "add_prefix_space", "trim_offsets", "use_regex"])
            return nil
        case "BertProcessing", "RobertaProcessing":
            try part.checkMembers(["type", "sep", "cls", "trim_offsets", "add_prefix_space"])
            return [.tokens([try named(part.required("cls"))]), .text, .tokens([try named(part.required("sep"))])]
        case "TemplateProcessing":
            try part.checkMembers(["type", "single", "pair", "special_tokens"])
            return try template(part)
        default: throw try part.unknown(known)
        }
    }

    /// The number of `["[CLS]", 101]`.
    private static func named(_ part: TokenizerPart) throws(FormatError) -> Int {
        let elements = try part.elements
        guard elements.count == 2 else { throw part.mismatch("a token and its number") }
        _ = try elements[0].text
        return try elements[1].count
    }

    private static func template(_ part: TokenizerPart) throws(FormatError) -> [Self] {
        let special = try part.required("special_tokens")
        guard case .object(let members) = special.value else { throw special.mismatch("an object") }
        var pieces: [Self] = []
        for piece in try part.required("single").elements {
            try piece.checkMembers(["Sequence", "SpecialToken"])
            if let sequence = piece.optional("Sequence") {
                guard try sequence.required("id").text == "A" else { throw sequence.mismatch("the sequence A") }
                pieces.append(.text)
                continue
            }
            let id = try piece.required("SpecialToken").required("id")
            let name = try id.text
            guard let value = members.first(where: { $0.name.utf8.elementsEqual(name.utf8) })?.value else {
                throw id.mismatch("one of the special tokens")
            }
            var numbers: [Int] = []
            let token = TokenizerPart(value: value, name: special.place, path: part.path)
            for number in try token.required("ids").elements { numbers.append(try number.count) }
            pieces.append(.tokens(numbers))
        }
        // A file that takes the text many times would make a short text long.
        guard pieces.count <= 1000 else { throw part.mismatch("at most 1000 pieces") }
        return pieces
    }
}
