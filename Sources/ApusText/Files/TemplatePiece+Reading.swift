import ApusFormats

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
