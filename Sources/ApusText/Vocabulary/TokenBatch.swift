public import ApusTensor

/// Sequences of numbers as one tensor: cut and filled to one length.
///
/// ```swift
/// import ApusText
///
/// let batch = try TokenBatch([[5, 6, 7], [8]], length: 2)
/// print(batch.tokens)    // [[5, 6], [8, 0]]
/// print(batch.lengths)   // [2, 1]
/// ```
public struct TokenBatch: Sendable {
    /// The numbers of the tokens: [N, T], `int32`, with `padding` behind each sequence.
    public let tokens: Tensor
    /// How many of each sequence's numbers are tokens.
    public let lengths: [Int]

    /// What is left of a sequence that is too long.
    public enum Part: String, Sendable, CaseIterable {
        /// Its first tokens.
        case start
        /// Its last tokens.
        case end
    }

    /// Brings sequences to one length.
    ///
    /// - Parameters:
    ///   - sequences: The numbers of the tokens of each text.
    ///   - length: T; that of the longest sequence if `nil`.
    ///   - part: What is left of a sequence that is longer.
    ///   - padding: The number that fills a sequence which is shorter.
    /// - Throws: `TextError` if there is no sequence, the length is less than 1, or a number does not fit into `int32`.
    public init(
        _ sequences: [[Int]], length: Int? = nil, keeping part: Part = .start, padding: Int = Vocabulary.padding
    ) throws(TextError) {
        let length = length ?? max(1, sequences.map(\.count).max() ?? 1)
        let numbers = try TokenBatch.rows(sequences, length: length, keeping: part, padding: padding)
        tokens = Tensor(numbers, shape: [sequences.count, length])
        lengths = sequences.map { min($0.count, length) }
    }

    /// The numbers row by row.
    package static func rows(
        _ sequences: [[Int]], length: Int, keeping part: Part, padding: Int
    ) throws(TextError) -> [Int32] {
        guard length >= 1, !sequences.isEmpty, sequences.count <= Int(Int32.max) / length else {
            throw TextError(
                .setting, "\(sequences.count) sequences can't be brought to the length \(length)",
                expected: "at least one sequence, a length of 1 or more, and less than 2147483648 numbers together",
                remedy: "Change the length.")
        }
        var numbers: [Int32] = []
        numbers.reserveCapacity(sequences.count * length)
        for sequence in sequences {
            let kept = part == .start ? sequence.prefix(length) : sequence.suffix(length)
            for number in kept + Array(repeating: padding, count: length - kept.count) {
                guard let number = Int32(exactly: number) else {
                    throw TextError(
                        .text, "the number of a token does not fit into int32", received: "\(number)",
                        remedy: "Use numbers of a tokenizer.")
                }
                numbers.append(number)
            }
        }
        return numbers
    }

    /// Divides sequences into batches of similar lengths, so that little is filled: sorted by length, of equal ones in order, then cut.
    ///
    /// - Returns: The places of each batch's sequences; only the last batch may have fewer than `batchSize`.
    public static func buckets(lengths: [Int], batchSize: Int) -> [[Int]] {
        let places = lengths.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
        let size = max(1, batchSize)
        return stride(from: 0, to: places.count, by: size).map { Array(places[$0..<min($0 + size, places.count)]) }
    }
}
