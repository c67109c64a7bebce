public import ApusTensor

extension Tokenizer {
    /// Which tokens each text has: 1 at the number of every token that occurs and else 0, [N, V], `float32`.
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - counting: Whether a place holds how often the token occurs.
    /// - Throws: what `encode` throws.
    public func multiHot(_ texts: [String], counting: Bool = false) throws(TextError) -> Tensor {
        var sequences: [[Int]] = []
        for text in texts { sequences.append(try encode(text)) }
        let rows: [Float] = MultiHot.rows(sequences, width: vocabularySize, counting: counting)
        return Tensor(rows, shape: [texts.count, vocabularySize])
    }
}

/// Rows with a place for each number of a vocabulary.
package enum MultiHot {
    /// The rows of sequences; numbers beyond the width are left out.
    package static func rows<Number: Numeric>(_ sequences: [[Int]], width: Int, counting: Bool) -> [Number] {
        var rows = [Number](repeating: 0, count: sequences.count * width)
        for (row, sequence) in sequences.enumerated() {
            for number in sequence where (0..<width).contains(number) {
                rows[row * width + number] = counting ? rows[row * width + number] + 1 : 1
            }
        }
        return rows
    }
}
