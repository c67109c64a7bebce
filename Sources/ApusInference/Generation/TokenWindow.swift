import ApusBackend
import ApusGraph
import ApusTensor

/// What a language model has read, token by token or in windows, and what it says comes next.
struct TokenWindow {
    private let model: TrainedModel
    private let vocabulary: Int
    /// How many tokens are looked at; `nil` without limit.
    private let window: Int?
    private let reader: TokenReader?
    /// The last tokens, where there is a window.
    private var tokens: [Int] = []
    /// What was said last, where windows are read.
    private var answer = Buffer(byteCount: 0)
    private var row = 0

    init(_ model: TrainedModel, _ program: TokenProgram?, vocabulary: Int) {
        self.model = model
        self.vocabulary = vocabulary
        reader = program?.reader()
        window = program == nil ? model.inputShape[0] : program?.window
    }

    /// What comes next, a number for each token.
    var output: UnsafeBufferPointer<Float> {
        if let output = reader?.output { return output }
        let all = answer.elements(as: Float.self)
        return UnsafeBufferPointer(rebasing: all[row...])
    }

    /// Reads the tokens of a beginning.
    mutating func read(_ beginning: [Int]) throws {
        let seen = window.map { beginning.suffix($0) } ?? beginning[...]
        guard reader == nil else {
            for token in seen { try read(token) }
            return
        }
        tokens = Array(seen)
        try readWindow()
    }

    /// Reads one token more.
    mutating func read(_ token: Int) throws {
        if let window {
            tokens.append(token)
            if tokens.count > window { tokens.removeFirst(reader == nil ? 1 : tokens.count - max(1, window / 2)) }
        }
        guard let reader else { return try readWindow() }
        if let window, reader.position >= window {
            reader.forget()
            for token in tokens { try reader.read(token) }
        } else {
            try reader.read(token)
        }
    }

    /// Reads all tokens of the window; what is behind them does not count.
    private mutating func readWindow() throws {
        let count = model.inputShape[0]
        let filled = tokens.map { Int32(truncatingIfNeeded: $0) } + Array(repeating: 0, count: count - tokens.count)
        let output = try WholeReading.output(model, filled)
        answer = output.elements()
        row = (tokens.count - 1) * output.shape[2]
    }
}

/// A language model that reads a whole window at once, to compare with what it says token by token.
struct WholeReading {
    private let model: TrainedModel
    private let tokens: [Int32]
    private let answers: [Float]
    private let width: Int

    /// - Throws: `PredictionError` if the model does not say for each position what comes next.
    init(_ model: TrainedModel, vocabulary: Int) throws {
        self.model = model
        let length = model.inputShape[0]
        // Any tokens will do, if they differ.
        tokens = (0..<length).map { Int32(($0 &* 7 &+ $0 &* $0 &* 3) % max(1, vocabulary)) }
        let output = try WholeReading.output(model, tokens)
        guard output.rank == 3, output.shape[0] == 1, output.shape[1] == length, output.shape[2] >= vocabulary else {
            throw TextGenerator.noModel(
                model, "a number for each of \(vocabulary) tokens at each position, [N, \(length), \(vocabulary)]",
                "[\((["N"] + output.shape.dimensions.dropFirst().map(String.init)).joined(separator: ", "))]")
        }
        answers = output.scalars
        width = output.shape[2]
    }

    static func output(_ model: TrainedModel, _ tokens: [Int32]) throws -> Tensor {
        let input = Tensor(tokens, shape: [1, tokens.count]).cast(to: model.details.inputs[0].elementType)
        return try model([model.details.inputs[0].name: input]).first.cast(to: .float32).evaluated()
    }

    /// The model token by token, if it says the same.
    func program() throws -> TokenProgram? {
        let program: TokenProgram
        // Layers that can't read single tokens say so.
        do { program = try TokenProgram(model) } catch is GraphError { return nil }
        guard program.outputShape == [1, 1, width] else { return nil }
        let reader = program.reader()
        for place in 0..<min(tokens.count, 16) {
            try reader.read(Int(tokens[place]))
            guard isSame(answers[place * width..<(place + 1) * width], reader.output) else { return nil }
        }
        return program
    }

    /// Whether answers stay as they are when later tokens change.
    func isCausal() throws -> Bool {
        let half = (tokens.count + 1) / 2
        let others = tokens.enumerated().map { $0 < half ? $1 : tokens[($0 + half) % tokens.count] }
        let output = try WholeReading.output(model, others)
        return isSame(answers[..<(half * width)], output.scalars[..<(half * width)])
    }

    /// Whether answers are the same but for rounding.
    private func isSame(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Bool {
        let greatest = a.reduce(0) { max($0, $1.isFinite ? abs($1) : 0) }
        let tolerance = greatest * (model.precision == .float32 ? 1e-3 : 0.05)
        return zip(a, b).allSatisfy { abs($0 - $1) <= tolerance || $0 == $1 || $0.isNaN && $1.isNaN }
    }
}
