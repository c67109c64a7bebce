package import Apus
import ApusText

/// Sentences as numbers, for networks that read them.
package struct EncodedSentences {
    /// Three parts that the seed draws, without a sentence in two of them.
    package let parts: (training: Dataset, validation: Dataset, test: Dataset)
    /// Sentences of one's own as the parts are encoded.
    package let others: Tensor
    /// The numbers that words have.
    package let vocabulary: Int
}

extension LabSentences {
    /// Whether sentences become the words that occur in them, or their words in order, or in an order that is drawn.
    package enum Order: String, Codable {
        case none, kept, shuffled
    }

    /// The words of a sentence that count.
    static let length = 32

    /// Three parts that the seed draws, as numbers of the words that are most frequent in the training part: 0 is no word, 1 any other word.
    ///
    /// - Parameters:
    ///   - count: The greatest number that stands for something.
    ///   - order: `none` yields [N, vocabulary] of 0 and 1, the others [N, length].
    ///   - others: Sentences of one's own, whose order stays.
    package func encoded(
        training: Int, validation: Int, test: Int, words count: Int, order: Order, others: [String], seed: UInt64
    ) throws -> EncodedSentences {
        let key = RandomKey(seed: seed)
        let all = LabData.permutation(of: words.count, key.child("data"))
        let places = [
            all.prefix(training), all.dropFirst(training).prefix(validation),
            all.dropFirst(training + validation).prefix(test),
        ]
        let vocabulary = Vocabulary(countedIn: places[0].map { words[$0] }, maximumSize: count)
        let draws = Tensor.uniform([words.count, LabSentences.length], key: key.child("order")).scalars
        func tensor(_ sentences: [[String]], places: [Int]? = nil) -> Tensor {
            let width = order == .none ? vocabulary.size : LabSentences.length
            var values = [Int32](repeating: 0, count: sentences.count * width)
            for (row, sentence) in sentences.enumerated() {
                var numbers = vocabulary.numbers(Array(sentence.prefix(LabSentences.length)))
                if order == .shuffled, let place = places?[row] {
                    let own = draws[place * LabSentences.length..<(place + 1) * LabSentences.length]
                    numbers = numbers.indices.sorted { own[own.startIndex + $0] < own[own.startIndex + $1] }
                        .map { numbers[$0] }
                }
                for (place, number) in numbers.enumerated() {
                    if order == .none {
                        values[row * width + number] = 1
                    } else {
                        values[row * width + place] = Int32(number)
                    }
                }
            }
            let tensor = Tensor(values, shape: [sentences.count, width])
            return order == .none ? tensor.cast(to: .uint8) : tensor
        }
        let sets = try places.map { part in
            try Dataset(
                inputs: tensor(part.map { words[$0] }, places: Array(part)), labels: part.map { labels[$0] },
                classNames: ["against", "for"])
        }
        return EncodedSentences(
            parts: (sets[0], sets[1], sets[2]), others: tensor(others.map(LabSentences.words)),
            vocabulary: vocabulary.size)
    }
}
