import ApusGraph
import ApusNN
import ApusTensor
public import ApusText

/// Writes texts with a language model: it reads a beginning, and goes on token by token.
///
/// ```swift
/// let generator = try TextGenerator(TrainedModel("runs/characters-1"))
/// let text = try generator.text(after: "Alice", length: 300, sampling: Sampling(temperature: 0.8), seed: 1)
/// print("Alice" + text)
/// ```
///
/// Recurrent layers go from state to state, and attention keeps keys and values, so that a token costs the same wherever it is. A model
/// whose layers can't (a convolution over positions, a layer of one's own) reads its last window again for each token; which of the two it
/// is shows when the generator is made, by comparison. Where layers count positions, at the end of the window the model begins anew
/// with the last half of it.
public struct TextGenerator: Sendable {
    /// The language model.
    public let model: TrainedModel
    /// What makes tokens of texts, and texts of tokens.
    public let tokenizer: any Tokenizer
    /// The model token by token; `nil` if it reads windows.
    private let program: TokenProgram?
    /// Tokens that stand for no text.
    private let excluded: Set<Int>

    /// What writes with a trained model.
    ///
    /// - Parameters:
    ///   - model: A network that takes tokens [N, T] and says for each position which token comes next, [N, T, V].
    ///   - tokenizer: What makes the tokens; that of the training if `nil`.
    /// - Throws: `PredictionError` if it is no language model, or has no tokenizer; `GraphError` if it does not fit its input.
    public init(_ model: TrainedModel, tokenizer: (any Tokenizer)? = nil) throws {
        guard let known = tokenizer ?? model.details.text?.tokenizer else {
            throw TextGenerator.noModel(model, "a model that was trained on a text", "one that was not")
        }
        guard model.details.inputs.count == 1, model.inputShape.rank == 1 else {
            throw TextGenerator.noModel(model, "an input of tokens [N, T]", model.details.expected)
        }
        self.model = model
        self.tokenizer = known
        excluded = (known as? FittedTokenizer)?.numbersWithoutText ?? []
        let check = try WholeReading(model, vocabulary: known.vocabularySize)
        program = try check.program()
        if program == nil, try !check.isCausal() {
            throw TextGenerator.noModel(
                model, "a model whose answer for a position depends on that token and earlier ones",
                "one that looks at later tokens",
                remedy: "Train one with recurrent layers that go forward, or with attention that is causal.")
        }
    }

    static func noModel(
        _ model: TrainedModel, _ expected: String, _ received: String,
        remedy: String = "Train one on a text: data: {source: {corpus: FILE}}, see Text.md."
    ) -> PredictionError {
        PredictionError(
            "the model is no language model", expected: expected, received: received, remedy: remedy)
    }

    /// Whether each token is read once; otherwise the last window is read again for each.
    public var readsTokens: Bool { program != nil }

    /// The most tokens that the model looks at; `nil` where there is no limit.
    public var window: Int? { program == nil ? model.inputShape[0] : program?.window }

    /// What follows a text.
    ///
    /// The same model, beginning, numbers and seed give the same text.
    ///
    /// - Parameters:
    ///   - prompt: The beginning; an empty one stands for that of a line.
    ///   - length: The number of tokens.
    ///   - sampling: How tokens are chosen.
    ///   - seed: The seed of what is left to chance.
    ///   - receive: Receives the text piece by piece as it is made; the error that it throws ends the text.
    ///   - report: Receives what people should know of the beginning: tokens that the training did not have.
    /// - Returns: The text without its beginning.
    /// - Throws: `PredictionError` for numbers that are impossible, or a model whose answers are no numbers; `TextError` if the beginning
    ///   can't be read.
    @discardableResult
    public func text(
        after prompt: String = "", length: Int = 200, sampling: Sampling = Sampling(), seed: UInt64 = 7,
        _ receive: (String) throws -> Void = { _ in }, report: (String) -> Void = { _ in }
    ) throws -> String {
        if let problem = sampling.problem ?? (length < 0 ? "the length can't be negative, received \(length)" : nil) {
            throw PredictionError(
                problem, expected: "numbers that a text can be made with", remedy: "Correct the number.")
        }
        let start = try beginning(prompt, report)
        var reader = TokenWindow(model, program, vocabulary: tokenizer.vocabularySize)
        var chooser = TokenChooser(
            sampling, seed: seed, vocabulary: tokenizer.vocabularySize, excluding: excluded)
        var pieces = TextPieces(tokenizer, after: start)
        var text = ""
        func give(_ piece: String) throws {
            guard !piece.isEmpty else { return }
            text += piece
            try receive(piece)
        }
        try reader.read(start)
        for number in 0..<length {
            guard let token = chooser.next(reader.output) else {
                throw PredictionError(
                    "the model's answer is no number", expected: "finite logits", received: "NaN or infinity",
                    remedy: "Its training diverged: train again with a smaller learning rate.")
            }
            try give(pieces.add(token))
            if number + 1 < length { try reader.read(token) }
        }
        try give(pieces.finish())
        return text
    }

    /// The tokens of a beginning; at least one.
    private func beginning(_ prompt: String, _ report: (String) -> Void) throws -> [Int] {
        let tokens = try tokenizer.encode(prompt.isEmpty ? "\n" : prompt)
        let isUnknown: (Int) -> Bool =
            switch tokenizer as? FittedTokenizer {
            case .characters, .words: { $0 == Vocabulary.unknown }
            default: { _ in false }
            }
        let count = prompt.isEmpty ? 0 : tokens.count(where: isUnknown)
        if count > 0 {
            report(
                "the beginning has \(count.counted("token")) that the training did not have: the model guesses what \(count == 1 ? "it stands" : "they stand") for"
            )
        }
        return tokens.isEmpty ? [0] : tokens
    }
}
