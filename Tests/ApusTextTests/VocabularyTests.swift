import ApusTensor
import ApusTestKit
import ApusText
import Testing

struct VocabularyTests {
    @Test func mostFrequentFirstThenInOrder() {
        let vocabulary = Vocabulary(countedIn: [["b", "a", "c"], ["a", "d", "c"], ["e"]])
        #expect(vocabulary.tokens == ["a", "c", "b", "d", "e"])
        #expect(vocabulary.numbers(["a", "e", "z"]) == [2, 6, 1])
        #expect(vocabulary.size == 7)
        #expect((0..<8).map(vocabulary.token) == [nil, nil, "a", "c", "b", "d", "e", nil])
    }

    @Test func limits() {
        let texts = [["b", "a", "c"], ["a", "d", "c"], ["a"]]
        #expect(Vocabulary(countedIn: texts, minimumCount: 2).tokens == ["a", "c"])
        #expect(Vocabulary(countedIn: texts, maximumSize: 5).tokens == ["a", "c", "b"])
        #expect(Vocabulary(countedIn: texts, maximumSize: 1).tokens == [])
    }

    @Test func tokensAreBytes() {
        let vocabulary = Vocabulary(["é", "e\u{301}", "é"])
        #expect(vocabulary.size == 4)
        #expect(vocabulary.number("e\u{301}") == 3)
        #expect(vocabulary != Vocabulary(["e\u{301}", "é"]))
    }

    @Test func multiHot() throws {
        let tokenizer = WordTokenizer(Vocabulary(["good", "bad"]))
        let texts = ["good good", "bad idea", ""]
        let rows = try tokenizer.multiHot(texts)
        #expect(rows.shape == [3, 4])
        #expect(rows.scalars == [0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0])
        #expect(try tokenizer.multiHot(texts, counting: true).scalars == [0, 0, 2, 0, 0, 1, 0, 1, 0, 0, 0, 0])
    }

    @Test func batches() throws {
        let sequences = [[5, 6, 7], [8], []]
        let whole = try TokenBatch(sequences)
        #expect(whole.tokens.shape == [3, 3])
        #expect(whole.tokens.elementType == .int32)
        #expect(whole.tokens.scalars == [5, 6, 7, 8, 0, 0, 0, 0, 0])
        #expect(whole.lengths == [3, 1, 0])
        let cut = try TokenBatch(sequences, length: 2, keeping: .end, padding: 9)
        #expect(cut.tokens.scalars == [6, 7, 8, 9, 9, 9])
        #expect(cut.lengths == [2, 1, 0])
    }

    @Test func impossibleBatches() {
        #expect(
            message { try TokenBatch([[1]], length: 0) } == """
                1 sequences can't be brought to the length 0. Expected at least one sequence, a length of 1 or more, and less than \
                2147483648 numbers together. Change the length.
                """)
        #expect(
            message { try TokenBatch([[1 << 40]]) }
                == "the number of a token does not fit into int32. Received 1099511627776. Use numbers of a tokenizer.")
    }

    @Test func bucketsOfSimilarLengths() {
        #expect(TokenBatch.buckets(lengths: [5, 1, 5, 2, 1], batchSize: 2) == [[1, 4], [3, 0], [2]])
        #expect(TokenBatch.buckets(lengths: [], batchSize: 2) == [])
    }
}
