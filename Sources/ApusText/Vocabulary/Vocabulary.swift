/// The tokens of texts by number: 0 is padding, 1 what is unknown, then the most frequent tokens, of equally frequent ones those that came
/// first.
///
/// Tokens are told apart by their bytes: é as one character is another token than e with an accent behind it.
///
/// ```swift
/// import ApusText
///
/// let vocabulary = Vocabulary(countedIn: [["b", "a"], ["a", "c"]], minimumCount: 1, maximumSize: 4)
/// print(vocabulary.tokens)           // ["a", "b"]: there is room for two beside padding and unknown
/// print(vocabulary.numbers(["a", "z"]))   // [2, 1]
/// ```
public struct Vocabulary: Sendable {
    /// The number of what fills a sequence.
    public static let padding = 0
    /// The number of a token that is none of the vocabulary.
    public static let unknown = 1
    /// The number of the first token.
    private static let first = 2

    private var table = ByteTable()

    /// The vocabulary of given tokens, whose numbers are their places plus 2; one that comes again counts once.
    public init(_ tokens: some Sequence<String>) {
        for token in tokens { table.insert(token.utf8) }
    }

    /// Counts tokens.
    ///
    /// - Parameters:
    ///   - texts: The tokens of each text.
    ///   - minimumCount: How often a token must occur to be one of the vocabulary.
    ///   - maximumSize: The greatest `size`; no limit if `nil`.
    public init(countedIn texts: some Sequence<[String]>, minimumCount: Int = 1, maximumSize: Int? = nil) {
        var seen = ByteTable()
        var counts: [Int] = []
        for text in texts {
            for token in text {
                let (index, isNew) = seen.insert(token.utf8)
                if isNew { counts.append(1) } else { counts[index] += 1 }
            }
        }
        let frequent = counts.indices.filter { counts[$0] >= minimumCount }.sorted {
            (counts[$1], $0) < (counts[$0], $1)
        }
        let room = maximumSize.map { max(0, $0 - Vocabulary.first) } ?? frequent.count
        for index in frequent.prefix(room) { table.insert(seen[index]) }
    }

    /// How many numbers there are: those of padding and unknown included.
    public var size: Int { table.count + Vocabulary.first }

    /// The tokens in the order of their numbers, from 2 on.
    public var tokens: [String] { (0..<table.count).map(table.text) }

    /// The number of a token.
    public func number(_ token: some StringProtocol) -> Int {
        table.index(of: token.utf8).map { $0 + Vocabulary.first } ?? Vocabulary.unknown
    }

    /// The numbers of tokens.
    public func numbers(_ tokens: [String]) -> [Int] { tokens.map { number($0) } }

    /// The token of a number; `nil` for padding, unknown and numbers that no token has.
    public func token(_ number: Int) -> String? {
        (Vocabulary.first..<size).contains(number) ? table.text(number - Vocabulary.first) : nil
    }
}

extension Vocabulary: Hashable {
    public static func == (a: Vocabulary, b: Vocabulary) -> Bool {
        a.table.count == b.table.count && (0..<a.table.count).allSatisfy { a.table[$0] == b.table[$0] }
    }

    public func hash(into hasher: inout Hasher) {
        for index in 0..<table.count { hasher.combine(table[index]) }
    }
}

extension Vocabulary: Codable {
    /// Files hold the list of tokens.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([String].self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(tokens)
    }
}
