public import ApusConfiguration
public import ApusText

/// One long text, for language models: windows of tokens, and for each position the token that comes next.
///
/// `{corpus: {files: book.txt, length: 100}}` in files. Samples are [T], `int32`, with labels [T]. The last part of the text is the test part,
/// the one before it validates; no token is in two parts. The tokenizer is fitted to the training part, and travels with the run.
///
/// ```swift
/// let source = DataSource(source: .corpus(CorpusSource("book.txt", tokenizer: .bytePair(vocabulary: 1000), length: 64)))
/// ```
public struct CorpusSource: SampleReader, Configurable {
    /// The files, or folders of files called `.txt`, from `data.directory` on where paths are relative; one text after the other.
    public var files: TextPaths
    /// What makes tokens of the text.
    public var tokenizer: TokenizerChoice
    /// The greatest number of different characters or words, padding and unknown included; `nil`: no limit.
    public var vocabulary: Int?
    /// How often a character or a word must occur in the training part; others are unknown.
    public var minimumCount: Int
    /// How many tokens a window has.
    public var length: Int
    /// How many tokens lie between the starts of two windows of the training part; `nil`: `length`, so that none is in two.
    public var stride: Int?

    /// A source of windows; arguments set the properties of their names.
    public init(
        _ files: TextPaths, tokenizer: TokenizerChoice = .characters, vocabulary: Int? = nil, minimumCount: Int = 1,
        length: Int = 128, stride: Int? = nil
    ) {
        self.files = files
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        self.minimumCount = minimumCount
        self.length = length
        self.stride = stride
    }

    public static let kind = "corpus"
    public static let schema = Schema(
        CorpusSource(""), .leading("files", \.files), .optional("tokenizer", \.tokenizer),
        .optional("vocabulary", \.vocabulary), .optional("minimumCount", \.minimumCount),
        .optional("length", \.length), .optional("stride", \.stride))

    /// Numbers of tokens are no measurements: they stay as they are.
    public var usualScaling: Scaling? { Scaling.none }

    public var settingProblem: String? {
        if files.paths.isEmpty { return "give at least one file" }
        if !(1...1 << 20).contains(length) { return "length must be in 1…1048576, received \(length)" }
        if let stride, stride < 1 { return "stride must be at least 1, received \(stride)" }
        if let vocabulary, vocabulary < 3 {
            return "vocabulary must be at least 3, for padding and unknown are two, received \(vocabulary)"
        }
        return minimumCount < 1 ? "minimumCount must be at least 1, received \(minimumCount)" : nil
    }
}
