import Apus
import ApusLab
import Testing

/// The sequences that experiments draw, and sentences as numbers.
@Suite struct SequenceTaskTests {
    private let key = RandomKey(seed: 3)

    @Test func addingMarksOneNumberInEachHalf() {
        let (x, y) = SequenceTask.adding.drawn(200, length: 10, key)
        #expect(x.shape == [200, 10, 2] && y.shape == [200, 1])
        let (numbers, answers) = (x.scalars, y.scalars)
        var places = Set<Int>()
        for sample in 0..<200 {
            let marked = (0..<10).filter { numbers[(sample * 10 + $0) * 2 + 1] == 1 }
            #expect(marked.count == 2 && marked[0] < 5 && marked[1] >= 5)
            places.formUnion(marked)
            let sum = marked.reduce(Float(0)) { $0 + numbers[(sample * 10 + $1) * 2] }
            #expect(abs(sum - answers[sample]) < 1e-6)
        }
        #expect(places == Set(0..<10))
        #expect(x.scalars.allSatisfy { (0...1).contains($0) })
    }

    @Test func copyingAsksForTheFirstSymbols() {
        let (x, y) = SequenceTask.copy.drawn(50, length: 9, key)
        #expect(x.shape == [50, 9, 10] && y.shape == [50, 3])
        let symbols = x.argmax().scalars
        for sample in 0..<50 {
            let row = Array(symbols[sample * 9..<(sample + 1) * 9])
            #expect(Array(row[..<3]) == Array(y[sample].scalars))
            #expect(row[3...] == [8, 8, 8, 9, 9, 9])
        }
    }

    @Test(arguments: LookTask.allCases) func answersStandWhereTheyAreSaidTo(_ task: LookTask) throws {
        let length = 7
        let samples = try task.drawn(64, length: length, key).evaluated()
        let asked = length - task.first(length)
        #expect(samples.x.shape == [64, length, task.channels] && samples.answers.shape == [64, asked])
        let (symbols, answers) = (samples.symbols.scalars.map { Int($0) }, samples.answers.scalars.map { Int($0) })
        let places = samples.places.scalars.map { Int($0) }
        for index in 0..<64 * asked {
            let (sample, from) = (index / asked, task.first(length) + index % asked)
            let (there, here) = (symbols[sample * length + places[index]], symbols[sample * length + from])
            switch task {
            case .lookup:
                // Letter and number of a pair, of which the letter is the one that is asked for.
                #expect(there / 9 == here / 9 && there % 9 == answers[index] && here % 9 == 8)
            case .back:
                #expect(places[index] == from - 3 && there == answers[index])
            case .reverse:
                #expect(places[index] == length - 1 - from && there == answers[index])
            }
        }
        #expect(Set(answers) == Set(0..<8))
    }

    /// The parts hold the same sentences whatever the order; only shuffled ones have others.
    @Test func ordersOfWords() throws {
        let sentences = LabSentences.made(40, seed: 1)
        func encoded(_ order: LabSentences.Order) throws -> EncodedSentences {
            try sentences.encoded(
                training: 20, validation: 5, test: 10, words: 12, order: order, others: ["nothing at all", "nothing"],
                seed: 4
            )
        }
        func rows(_ samples: Dataset) -> [[Int]] {
            (0..<samples.count).map { samples.features(at: $0).cast(to: .float32).scalars.map { Int($0) } }
        }
        let (kept, shuffled, counted) = (try encoded(.kept), try encoded(.shuffled), try encoded(.none))
        let (first, second) = (rows(kept.parts.test), rows(shuffled.parts.test))
        #expect(first.count == 10 && first != second && first.map { $0.sorted() } == second.map { $0.sorted() })
        #expect(second.allSatisfy { $0[..<6].allSatisfy { $0 > 0 } && $0[6...].allSatisfy { $0 == 0 } })
        for (row, occurring) in zip(first, rows(counted.parts.test)) {
            #expect(occurring.count == counted.vocabulary && counted.vocabulary <= 12)
            #expect(occurring.indices.allSatisfy { (occurring[$0] == 1) == ($0 > 0 && row.contains($0)) })
        }
        // Of sentences of one's own what is unknown is 1, and what is no word 0.
        let own = kept.others.scalars
        #expect(own == shuffled.others.scalars)
        #expect(Array(own[..<4]) == [1, 1, 1, 0] && Array(own[32..<34]) == [1, 0])
    }
}
