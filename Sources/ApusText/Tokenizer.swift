/// What makes numbers of a text, and a text of numbers.
///
/// ```swift
/// import ApusText
///
/// func lengths(_ texts: [String], by tokenizer: some Tokenizer) throws -> [Int] {
///     try texts.map { try tokenizer.encode($0).count }
/// }
/// let words = WordTokenizer(fittedTo: ["good film", "bad film"])
/// print(try lengths(["a good film"], by: words))   // [3]
/// ```
public protocol Tokenizer: Sendable {
    /// How many numbers there are: every token's is in 0..<`vocabularySize`.
    var vocabularySize: Int { get }

    /// The numbers of the tokens of a text, in order.
    ///
    /// - Throws: `TextError` if a pattern needs more steps for the text than it may take, or if the text has a part for which the
    ///   tokenizer has no number.
    func encode(_ text: String) throws(TextError) -> [Int]

    /// The text of tokens by their numbers; a number that no token has adds nothing.
    func decode(_ tokens: [Int]) -> String
}
