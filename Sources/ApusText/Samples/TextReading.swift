public import ApusTensor

/// How a model reads texts: the tokenizer that was fitted to its training part, and what becomes of the tokens.
///
/// It travels with a run, so that predictions read texts as the training did.
///
/// ```swift
/// import ApusText
///
/// let words = try FittedTokenizer(.words, texts: ["a good film", "a bad film"])
/// let reading = TextReading(words, encoding: .sequence, length: 4)
/// print(try reading.samples(of: ["a film"]))   // [[2, 3, 0, 0]]
/// ```
public struct TextReading: Sendable, Codable {
    /// What makes tokens.
    public var tokenizer: FittedTokenizer
    /// What a model gets of them.
    public var encoding: TextEncoding
    /// How many tokens a sequence has.
    public var length: Int
    /// What is left of a longer text.
    public var keeping: TokenBatch.Part
    /// The column of a table that holds the texts; `nil` if they were no table.
    public var column: String?
    /// Whether each file is one text, not each of its lines.
    public var readsWholeFiles: Bool
    /// How many tokens lie between the starts of two windows of one text, of which each position's target is the next token: a
    /// language model. `nil` for texts that are samples of their own.
    public var stride: Int?

    /// Creates a value; arguments set the properties of their names.
    public init(
        _ tokenizer: FittedTokenizer, encoding: TextEncoding, length: Int, keeping: TokenBatch.Part = .start,
        column: String? = nil, readsWholeFiles: Bool = false, stride: Int? = nil
    ) {
        self.tokenizer = tokenizer
        self.encoding = encoding
        self.length = length
        self.keeping = keeping
        self.column = column
        self.readsWholeFiles = readsWholeFiles
        self.stride = stride
    }

    /// The most bytes of samples: what is larger hardly fits into memory.
    private static let byteLimit = 1 << 34

    /// Texts as samples: [N, T] of `int32`, or [N, V] of `uint8`.
    ///
    /// - Throws: `TextError` if a text has no numbers, or all samples together are too large.
    public func samples(of texts: [String]) throws(TextError) -> Tensor {
        let width = encoding == .sequence ? 4 * length : tokenizer.vocabularySize
        guard texts.count <= TextReading.byteLimit / max(1, width) else {
            throw TextError(
                .setting, "\(texts.count) texts would take \(width) bytes each",
                expected: "at most \(TextReading.byteLimit) bytes together",
                remedy: encoding == .sequence ? "Give a smaller length." : "Give a smaller vocabulary.")
        }
        var sequences: [[Int]] = []
        sequences.reserveCapacity(texts.count)
        for text in texts { sequences.append(try tokenizer.encode(text)) }
        switch encoding {
        case .sequence:
            return try TokenBatch(sequences, length: length, keeping: keeping, padding: tokenizer.padding).tokens
        case .multiHot:
            let rows: [UInt8] = MultiHot.rows(sequences, width: width, counting: false)
            return Tensor(rows, shape: [texts.count, width])
        }
    }
}

extension TextReading: CustomStringConvertible {
    /// In words: `sequences of 100 tokens out of 5000 (words)`.
    public var description: String {
        let kind =
            switch tokenizer {
            case .characters: "characters"
            case .words: "words"
            case .subwords: "parts of words"
            }
        let size = tokenizer.vocabularySize
        if stride != nil { return "windows of \(length) tokens out of \(size) (\(kind))" }
        return encoding == .sequence
            ? "sequences of \(length) tokens out of \(size) (\(kind))"
            : "one feature for each of \(size) tokens (\(kind))"
    }
}
