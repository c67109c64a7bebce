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
