import ApusBackend
import ApusConfiguration
import ApusFormats
import ApusGraph
import ApusText

extension CorpusSource {
    /// Reads the text; windows are made when it is divided.
    public func read(_ request: SampleRequest) throws -> RawSamples {
        if let problem = settingProblem { throw ConfigurationError("data.source.corpus: \(problem)") }
        var source = self
        if case .file(let path) = tokenizer { source.tokenizer = .file(request.path(path)) }
        let placeholder = InputColumn(name: "", column: Column.numbers([0], [1]))
        var raw = RawSamples(Dataset(columns: [placeholder], [.none], rows: [0], preprocessing: .identity))
        raw.corpus = RawCorpus(text: try files.text(request), source: source)
        return raw
    }
}

/// The text of a corpus, before it is divided.
struct RawCorpus: Sendable {
    let text: String
    let source: CorpusSource

    /// The windows of the parts, the training part first in the text and the test part last.
    ///
    /// - Parameters:
    ///   - test: The fraction of the text that is the test part.
    ///   - validation: The fraction of the rest that validates.
    func divided(
        test: Double, validation: Double
    ) throws -> (training: Dataset, validation: Dataset?, test: Dataset?, reading: TextReading) {
        guard (0..<1).contains(validation) else {
            throw DatasetError(
                .impossible, "the text can't be divided", expected: "a validation part of a fraction in 0..<1",
                received: "\(validation)", remedy: "Correct data.validation.fraction.")
        }
        let bytes = text.utf8.count
        let rest = place(bytes - Int((Double(bytes) * test).rounded()))
        let first = place(rest - Int((Double(rest) * validation).rounded()))
        let parts = [0..<first, first..<rest, rest..<bytes].map {
            String(decoding: text.utf8[within: $0], as: UTF8.self)
        }
        let tokenizer = try FittedTokenizer(
            source.tokenizer, texts: [parts[0]], vocabulary: source.vocabulary, minimumCount: source.minimumCount)
        let names = (0..<tokenizer.vocabularySize).map { RawCorpus.name($0, tokenizer) }
        func windows(_ part: Int, _ name: String, fraction: Double, stride: Int) throws -> Dataset? {
            guard fraction > 0 else { return nil }
            let tokens = try tokenizer.encode(parts[part])
            guard tokens.count > source.length else {
                throw DatasetError(
                    .malformed, "the \(name) part of the text is too short for a window",
                    expected: "at least \(source.length + 1) tokens", received: "\(tokens.count)",
                    remedy: part == 0
                        ? "Give a longer text, or a smaller length."
                        : "Give a longer text, a smaller length or a greater fraction, or 0 for no such part.")
            }
            return try RawCorpus.windows(tokens, length: source.length, stride: stride, names)
        }
        let stride = source.stride ?? source.length
        return (
            try windows(0, "training", fraction: 1, stride: stride)!,
            try windows(1, "validation", fraction: validation, stride: source.length),
            try windows(2, "test", fraction: test, stride: source.length),
            TextReading(tokenizer, encoding: .sequence, length: source.length, stride: stride)
        )
    }

    /// The place of the first byte of a character, at a byte or before it.
    private func place(_ byte: Int) -> Int {
        let utf8 = text.utf8
        var index = utf8.index(utf8.startIndex, offsetBy: max(0, byte))
        while index > utf8.startIndex, index < utf8.endIndex, utf8[index] & 0xc0 == 0x80 {
            index = utf8.index(before: index)
        }
        return utf8.distance(from: utf8.startIndex, to: index)
    }

    /// What a token is called among the classes.
    private static func name(_ number: Int, _ tokenizer: FittedTokenizer) -> String {
        guard !tokenizer.numbersWithoutText.contains(number) else {
            return number == tokenizer.padding ? "(padding)" : "(unknown)"
        }
        let text = tokenizer.decode([number])
        return text.isEmpty || text.contains("\u{fffd}") ? "(\(number))" : text.debugDescription
    }

    /// The most bytes of windows: what is larger hardly fits into memory.
    private static let byteLimit = 1 << 34

    private static func windows(_ tokens: [Int], length: Int, stride: Int, _ names: [String]) throws -> Dataset {
        let count = (tokens.count - length - 1) / stride + 1
        guard count <= byteLimit / (8 * length) else {
            throw DatasetError(
                .impossible, "\(count) windows of \(length) tokens are too many",
                expected: "at most \(byteLimit) bytes of windows, which take 8 bytes a token",
                remedy: "Give a greater stride.")
        }
        let (inputs, labels) = (Buffer(byteCount: 4 * count * length), Buffer(byteCount: 4 * count * length))
        let (x, y) = (inputs.mutableElements(as: Int32.self), labels.mutableElements(as: Int32.self))
        for window in 0..<count {
            for place in 0..<length {
                let token = window * stride + place
                x[window * length + place] = Int32(truncatingIfNeeded: tokens[token])
                y[window * length + place] = Int32(truncatingIfNeeded: tokens[token + 1])
            }
        }
        let row = TensorType([length], .int32)
        return Dataset(
            columns: [
                InputColumn(name: "", column: Column(buffer: inputs, row: row), vocabularySize: names.count)
            ],
            [TargetColumn(name: "", column: Column(buffer: labels, row: row), classNames: names)],
            rows: Array(0..<count), preprocessing: .identity)
    }
}

extension String.UTF8View {
    /// The bytes of a range of places.
    fileprivate subscript(within range: Range<Int>) -> Substring.UTF8View {
        let start = index(startIndex, offsetBy: range.lowerBound)
        return self[start..<index(start, offsetBy: range.count)]
    }
}
