/// How a text is divided into the words that a model makes tokens of.
enum PreTokenizer: Sendable {
    /// Words as GPT-2 has them, or none; the model reads bytes.
    case byteLevel(addsSpace: Bool, splits: Bool)
    /// By a pattern.
    case split(Pattern, SplitBehavior, isInverted: Bool)
    /// At white space, which goes, and around every sign of punctuation.
    case bert
    /// Numbers apart from all else; or each digit by itself.
    case digits(individual: Bool)
}

/// What becomes of what a pattern matches.
enum SplitBehavior: String, Sendable, CaseIterable {
    /// It goes.
    case removed = "Removed"
    /// It is a word by itself.
    case isolated = "Isolated"
    /// It ends the word before it.
    case mergedWithPrevious = "MergedWithPrevious"
    /// It begins the word behind it.
    case mergedWithNext = "MergedWithNext"
    /// Matches without a gap are one word.
    case contiguous = "Contiguous"
}

/// The words of a text, as places in it.
typealias WordRanges = [Range<Int>]

extension PreTokenizer {
    /// Divides one word further; empty words are left out.
    func split(
        _ text: TextBytes, _ word: Range<Int>, _ scratch: Scratch, into words: inout WordRanges
    ) throws(TextError) {
        switch self {
        case .byteLevel(_, let splits):
            if splits { ByteLevelWords.split(text, word, into: &words) } else { words.append(word) }
        case .bert: PreTokenizer.bertWords(text, word, into: &words)
        case .digits(let individual):
            PreTokenizer.split(
                text, word, individual ? .isolated : .contiguous, into: &words
            ) { ScalarKind.of($0).contains(.number) }
        case .split(let pattern, let behavior, let isInverted):
            var parts: [(range: Range<Int>, isMatch: Bool)] = []
            var end = word.lowerBound
            try pattern.forEachMatch(in: text.part(word), scratch.matcher) { match in
                let match = match.lowerBound + word.lowerBound..<match.upperBound + word.lowerBound
                if end < match.lowerBound { parts.append((end..<match.lowerBound, isInverted)) }
                parts.append((match, !isInverted))
                end = match.upperBound
            }
            if end < word.upperBound { parts.append((end..<word.upperBound, isInverted)) }
            behavior.words(of: parts, into: &words)
        }
    }

    private static func bertWords(_ text: TextBytes, _ word: Range<Int>, into words: inout WordRanges) {
        var start = word.lowerBound
        var place = start
        while place < word.upperBound {
            let (scalar, count) = text.scalar(at: place)
            let kind = ScalarKind.of(scalar)
            if !kind.isDisjoint(with: [.space, .punctuation]) {
                if start < place { words.append(start..<place) }
                start = place + count
                if !kind.contains(.space) { words.append(place..<start) }
            }
            place += count
        }
        if start < place { words.append(start..<place) }
    }

    private static func split(
        _ text: TextBytes, _ word: Range<Int>, _ behavior: SplitBehavior, into words: inout WordRanges,
        where isMatch: (UInt32) -> Bool
    ) {
        var parts: [(range: Range<Int>, isMatch: Bool)] = []
        var place = word.lowerBound
        while place < word.upperBound {
            let (scalar, count) = text.scalar(at: place)
            if isMatch(scalar) {
                parts.append((place..<place + count, true))
            } else if let last = parts.last, !last.isMatch {
                parts[parts.count - 1].range = last.range.lowerBound..<place + count
            } else {
                parts.append((place..<place + count, false))
            }
            place += count
        }
        behavior.words(of: parts, into: &words)
    }
}

extension SplitBehavior {
    /// The words that become of a text's parts, which follow each other without gaps.
    func words(of parts: [(range: Range<Int>, isMatch: Bool)], into words: inout WordRanges) {
        var made: WordRanges = []
        var wasMatch = false
        func append(_ range: Range<Int>, joining: Bool) {
            if joining, let last = made.last {
                made[made.count - 1] =
                    min(last.lowerBound, range.lowerBound)..<max(last.upperBound, range.upperBound)
            } else {
                made.append(range)
            }
        }
        switch self {
        case .removed: for part in parts where !part.isMatch { made.append(part.range) }
        case .isolated: made = parts.map(\.range)
        case .contiguous:
            for part in parts {
                append(part.range, joining: part.isMatch == wasMatch)
                wasMatch = part.isMatch
            }
        case .mergedWithPrevious:
            for part in parts {
                append(part.range, joining: part.isMatch && !wasMatch)
                wasMatch = part.isMatch
            }
        case .mergedWithNext:
            for part in parts.reversed() {
                append(part.range, joining: part.isMatch && !wasMatch)
                wasMatch = part.isMatch
            }
            made.reverse()
        }
        for word in made where !word.isEmpty { words.append(word) }
    }
}
