public import ApusConfiguration
public import ApusText

/// Texts: a column of a table, files in folders of classes, or the lines of a file.
///
/// `{text: {file: reviews.csv, column: review, target: label}}`, `{text: {folder: reviews}}` or `{text: lines.txt}` in files.
///
/// The tokenizer is fitted to the training part, and travels with the run.
///
/// ```swift
/// let reviews = TextSource(
///     file: "reviews.csv", column: "review", target: "label", tokenizer: .words, vocabulary: 5000, encoding: .multiHot)
/// let source = DataSource(source: SampleSource(reviews))
/// ```
public struct TextSource: SampleReader, Configurable {
    /// The path of a table, or of a file whose lines are texts, from `data.directory` on if it is relative.
    public var file: String?
    /// The column of the texts, if the file is a table.
    public var column: String?
    /// The column to predict.
    public var target: String?
    /// Whether `target` holds classes, sorted, or numbers.
    public var task: PredictionTask
    /// A folder with one sub-folder a class, in which each file called `.txt` is a text.
    public var folder: String?
    /// What makes tokens of texts.
    public var tokenizer: TokenizerChoice
    /// The greatest number of different characters or words, padding and unknown included; `nil`: no limit.
    public var vocabulary: Int?
    /// How often a character or a word must occur in the training part; others are unknown.
    public var minimumCount: Int
    /// What a model gets of a text.
    public var encoding: TextEncoding
    /// How many tokens a sequence has; `nil`: as many as the longest text of the training part, at most 512.
    public var length: Int?
    /// What is left of a longer text.
    public var keeping: TokenBatch.Part

    /// A source of texts; arguments set the properties of their names.
    public init(
        file: String? = nil, column: String? = nil, target: String? = nil, task: PredictionTask = .classification,
        folder: String? = nil, tokenizer: TokenizerChoice = .words, vocabulary: Int? = nil, minimumCount: Int = 1,
        encoding: TextEncoding = .sequence, length: Int? = nil, keeping: TokenBatch.Part = .start
    ) {
        self.file = file
        self.column = column
        self.target = target
        self.task = task
        self.folder = folder
        self.tokenizer = tokenizer
        self.vocabulary = vocabulary
        self.minimumCount = minimumCount
        self.encoding = encoding
        self.length = length
        self.keeping = keeping
    }

    public static let kind = "text"
    public static let schema = Schema(
        TextSource(), .leading("file", \.file, hasDefault: true, isLabelled: true), .optional("column", \.column),
        .optional("target", \.target), .optional("task", \.task), .optional("folder", \.folder),
        .optional("tokenizer", \.tokenizer), .optional("vocabulary", \.vocabulary),
        .optional("minimumCount", \.minimumCount), .optional("encoding", \.encoding), .optional("length", \.length),
        .optional("keeping", \.keeping))

    /// Numbers of tokens are no measurements: they stay as they are.
    public var usualScaling: Scaling? { Scaling.none }

    public var settingProblem: String? {
        if (file == nil) == (folder == nil) { return "give file, or folder" }
        if folder != nil, column != nil || target != nil { return "column and target are those of a table: give file" }
        if target != nil, column == nil { return "give the column of the texts: column" }
        if let length, !(1...1 << 20).contains(length) { return "length must be in 1…1048576, received \(length)" }
        if let vocabulary, vocabulary < 3 {
            return "vocabulary must be at least 3, for padding and unknown are two, received \(vocabulary)"
        }
        return minimumCount < 1 ? "minimumCount must be at least 1, received \(minimumCount)" : nil
    }
}
