import Apus
import Foundation
import Synchronization

/// Sentences of film reviews that say yes or no, as the words that occur in them.
package struct LabSentences {
    /// The words of each sentence, in small letters.
    let words: [[String]]
    /// 1 where the sentence praises, 0 where it does not.
    let labels: [Int]

    private static let known = Mutex<LabSentences?>(nil)

    /// Those whose mean rating, −4 to 4, lies beyond ±0.5: about 10,000, as many of each.
    ///
    /// - Throws: `LabError` if the file is missing or holds something else.
    static func reviews() throws -> LabSentences {
        try known.withLock { known in
            if let known { return known }
            let file = LabFile.sentences
            let lines = String(decoding: try file.bytes(), as: UTF8.self).split(whereSeparator: \.isNewline)
            var (words, labels): ([[String]], [Int]) = ([], [])
            for (number, line) in lines.enumerated() {
                let fields = line.split(separator: "\t", maxSplits: 2)
                guard fields.count == 3, let rating = Double(fields[1]) else {
                    throw file.malformed("expected a number, a rating and a sentence in line \(number + 1)")
                }
                guard abs(rating) > 0.5 else { continue }
                words.append(self.words(String(fields[2])))
                labels.append(rating > 0 ? 1 : 0)
            }
            guard words.count > 9000 else {
                throw file.malformed("expected more than 9000 clear sentences but received \(words.count)")
            }
            let sentences = LabSentences(words: words, labels: labels)
            known = sentences
            return sentences
        }
    }

    /// Sentences of made-up words, for runs that only try whether everything works: each class has words that it prefers.
    package static func made(_ count: Int, seed: UInt64) -> LabSentences {
        let (length, vocabulary) = (6, 20)
        let draws = Tensor.uniform([count, length], key: RandomKey(seed: seed).child("sentences")).scalars
        return LabSentences(
            words: (0..<count).map { sentence in
                (0..<length).map { place in
                    let draw = Int(draws[sentence * length + place] * Float(vocabulary))
                    return "w\(sentence % 2 == 0 ? draw : draw * draw / vocabulary)"
                }
            }, labels: (0..<count).map { $0 % 2 })
    }

    /// The words of a sentence: letters and apostrophes, in small letters.
    static func words(_ sentence: String) -> [String] {
        sentence.lowercased().split { !$0.isLetter && $0 != "'" }.map(String.init).filter { $0 != "'" && $0 != "''" }
    }

    /// Three parts that the seed draws, without a sentence in two of them; each sentence is 0 or 1 for each of the words that are most
    /// frequent in the training part.
    func drawn(
        training: Int, validation: Int, test: Int, words count: Int, seed: UInt64
    ) throws -> (training: Dataset, validation: Dataset?, test: Dataset) {
        let order = LabData.permutation(of: words.count, RandomKey(seed: seed).child("data"))
        let parts = [
            order.prefix(training), order.dropFirst(training).prefix(validation),
            order.dropFirst(training + validation).prefix(test),
        ]
        var frequencies: [String: Int] = [:]
        for index in parts[0] { for word in words[index] { frequencies[word, default: 0] += 1 } }
        let frequent = frequencies.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(count)
        let places = Dictionary(uniqueKeysWithValues: frequent.enumerated().map { ($1.key, $0) })
        let sets = try parts.map { part in
            var inputs = [Float](repeating: 0, count: part.count * count)
            for (row, index) in part.enumerated() {
                for word in words[index] { if let place = places[word] { inputs[row * count + place] = 1 } }
            }
            return try Dataset(
                inputs: Tensor(inputs).reshaped(to: [part.count, count]), labels: part.map { labels[$0] },
                classNames: ["against", "for"])
        }
        return (sets[0], sets[1], sets[2])
    }
}
