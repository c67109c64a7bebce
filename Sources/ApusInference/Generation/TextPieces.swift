import ApusText

/// Turns tokens into text piece by piece: a token may be a part of a character, or change what separates it from the one before.
struct TextPieces {
    private let tokenizer: any Tokenizer
    /// The last tokens: those whose text was given, then those that are held back.
    private var tokens: [Int] = []
    private var given: Int
    private var shown: String

    /// - Parameter context: The tokens before the first piece.
    init(_ tokenizer: any Tokenizer, after context: some Collection<Int>) {
        self.tokenizer = tokenizer
        tokens = Array(context.suffix(4))
        given = tokens.count
        shown = tokenizer.decode(tokens)
    }

    /// The text that a token adds; empty while a character is not complete.
    mutating func add(_ token: Int) -> String {
        tokens.append(token)
        let text = tokenizer.decode(tokens)
        // Four bytes make a character; what is longer is none.
        if text.unicodeScalars.last == "\u{fffd}", tokens.count - given < 4 { return "" }
        let piece = String(text.unicodeScalars.dropFirst(shown.unicodeScalars.count))
        tokens.removeFirst(given)
        given = tokens.count
        shown = tokenizer.decode(tokens)
        return piece
    }

    /// The text of what was held back.
    mutating func finish() -> String {
        guard tokens.count > given else { return "" }
        return String(tokenizer.decode(tokens).unicodeScalars.dropFirst(shown.unicodeScalars.count))
    }
}
