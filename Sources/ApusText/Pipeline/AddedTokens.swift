/// A token beside those of the model: texts are divided at it before anything else happens to them.
struct AddedToken: Sendable {
    var content: String
    var number: Int
    /// Whether it stands only between characters that are no letters or digits.
    var isWord: Bool
    /// Whether white space before it belongs to it.
    var stripsLeft: Bool
    /// Whether white space behind it belongs to it.
    var stripsRight: Bool
    /// Whether it is looked for in the normalized text.
    var isNormalized: Bool
    /// Whether decoding leaves it out.
    var isSpecial: Bool
}

/// Added tokens by their texts, as a tree of bytes: the leftmost is found, of several the longest.
struct AddedTokens: Sendable {
    private var tokens: [AddedToken] = []
    /// The node of each first byte; 0 for none.
    private var roots = [Int32](repeating: 0, count: 256)
    /// The node behind a node and a byte.
    private var nodes: [UInt64: Int32] = [:]
    /// The token that ends at a node; -1 for none.
    private var ends: [Int32] = [-1]

    /// The most bytes of a token.
    static let lengthLimit = 1024

    var isEmpty: Bool { tokens.isEmpty }

    /// Adds a token under a text; of equal texts the last counts.
    mutating func insert(_ token: AddedToken, as text: [UInt8]) {
        var node: Int32 = 0
        for byte in text {
            var next = child(node, byte)
            if next == 0 {
                next = Int32(ends.count)
                ends.append(-1)
                if node == 0 { roots[Int(byte)] = next } else { nodes[UInt64(node) << 8 | UInt64(byte)] = next }
            }
            node = next
        }
        guard node > 0 else { return }
        if ends[Int(node)] < 0 {
            ends[Int(node)] = Int32(tokens.count)
            tokens.append(token)
        } else {
            tokens[Int(ends[Int(node)])] = token
        }
    }

    @inline(__always)
    private func child(_ node: Int32, _ byte: UInt8) -> Int32 {
        node == 0 ? roots[Int(byte)] : nodes[UInt64(node) << 8 | UInt64(byte)] ?? 0
    }

    /// The parts of a text: tokens, and what is between them.
    func split(_ text: TextBytes) -> [(range: Range<Int>, token: Int?)] {
        var parts: [(range: Range<Int>, token: Int?)] = []
        var end = 0
        var place = 0
        while place < text.count {
            guard let (token, length) = match(text, place) else {
                place += 1
                continue
            }
            var match = place..<place + length
            place = match.upperBound
            if token.isWord, !AddedTokens.isAlone(match, in: text) { continue }
            if token.stripsLeft {
                match = AddedTokens.spaceBefore(match.lowerBound, from: end, in: text)..<match.upperBound
            }
            if token.stripsRight { match = match.lowerBound..<AddedTokens.spaceBehind(match.upperBound, in: text) }
            // White space behind the one before may have been taken already.
            match = max(match.lowerBound, end)..<max(match.upperBound, end)
            if end < match.lowerBound { parts.append((end..<match.lowerBound, nil)) }
            parts.append((match, token.number))
            end = match.upperBound
        }
        if end < text.count { parts.append((end..<text.count, nil)) }
        return parts
    }

    /// The longest token that begins at a place, and its length.
    @inline(__always)
    private func match(_ text: TextBytes, _ place: Int) -> (AddedToken, Int)? {
        guard roots[Int(text[place])] > 0 else { return nil }
        var found: (AddedToken, Int)?
        var (node, end) = (Int32(0), place)
        while end < text.count, case let next = child(node, text[end]), next > 0 {
            (node, end) = (next, end + 1)
            if ends[Int(node)] >= 0 { found = (tokens[Int(ends[Int(node)])], end - place) }
        }
        return found
    }

    private static func isAlone(_ match: Range<Int>, in text: TextBytes) -> Bool {
        let isBehindWord = match.lowerBound > 0 && isWord(text.scalar(before: match.lowerBound).value)
        let isBeforeWord = match.upperBound < text.count && isWord(text.scalar(at: match.upperBound).value)
        return !isBehindWord && !isBeforeWord
    }

    /// Whether a character is one of words: letters, marks, digits, connecting punctuation.
    private static func isWord(_ value: UInt32) -> Bool {
        guard let scalar = Unicode.Scalar(value) else { return false }
        let properties = scalar.properties
        if properties.isAlphabetic || properties.isJoinControl { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return false
        }
    }

    private static func spaceBefore(_ place: Int, from start: Int, in text: TextBytes) -> Int {
        var place = place
        while place > start, case let last = text.scalar(before: place), ScalarKind.of(last.value).contains(.space) {
            place -= last.count
        }
        return place
    }

    private static func spaceBehind(_ place: Int, in text: TextBytes) -> Int {
        var place = place
        while place < text.count, case let next = text.scalar(at: place), ScalarKind.of(next.value).contains(.space) {
            place += next.count
        }
        return place
    }
}
