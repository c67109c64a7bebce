import ApusTestKit
import ApusText
import Testing

struct BytePairTrainingTests {
    @Test func mergesAreThoseOfTokenizers() throws {
        let fixture = try TokenizerFixture.load()
        let tokenizer = try BytePairTokenizer(
            trainedOn: fixture.texts, vocabularySize: fixture.mergedSize, specialTokens: ["<pad>"])
        #expect(tokenizer.merges.map { [$0.left, $0.right] } == fixture.merges)
        #expect(tokenizer.vocabularySize == fixture.mergedSize)
    }

    @Test func ofEqualCountsTheSmallerNumbers() throws {
        // "ab" and "cd" occur twice each, every other pair once.
        let tokenizer = try BytePairTokenizer(trainedOn: ["cd", "ab", "cd", "ab", "xy"], vocabularySize: 258)
        #expect(tokenizer.merges.map { $0.left + $0.right } == ["ab", "cd"])
        #expect(try tokenizer.encode("abcd") == [256, 257])
    }

    @Test func minimumCount() throws {
        let tokenizer = try BytePairTokenizer(trainedOn: ["ab ab xy"], vocabularySize: 300, minimumCount: 2)
        #expect(tokenizer.merges.map { $0.left + $0.right } == ["ab"])
        #expect(tokenizer.vocabularySize == 257)
    }

    @Test(arguments: ["", "a", "한국어 👩‍👩‍👧‍👦 e\u{301} é \u{0}\r\n", "<pad>", " <pad>x"])
    func thereAndBack(_ text: String) throws {
        let tokenizer = try BytePairTokenizer(trainedOn: ["한국어 말"], vocabularySize: 270, specialTokens: ["<pad>"])
        let numbers = try tokenizer.encode(text)
        #expect(Array(tokenizer.subwords.decode(numbers, skippingSpecialTokens: false).utf8) == Array(text.utf8))
        #expect(numbers.contains(0) == text.contains("<pad>"))
        #expect(!tokenizer.decode(numbers).contains("<pad>"))
    }

    @Test func writtenAndRead() throws {
        let texts = try TokenizerFixture.load().texts
        let tokenizer = try BytePairTokenizer(trainedOn: texts, vocabularySize: 400, specialTokens: ["<pad>"])
        try withTemporaryFolder { folder in
            try tokenizer.subwords.write(to: "\(folder)/tokenizer.json")
            let again = try SubwordTokenizer(contentsOf: "\(folder)/tokenizer.json")
            for text in texts { #expect(try again.encode(text) == tokenizer.encode(text)) }
        }
    }

    @Test func impossibleSettings() {
        #expect(
            message { try BytePairTokenizer(trainedOn: ["a"], vocabularySize: 256, specialTokens: ["<pad>"]) }
                == """
                a vocabulary of byte pairs can't have this size. Expected at least 257, for there are 256 bytes and 1 special \
                tokens, and at most 16777216; received 256. Change it.
                """)
        #expect(
            message { try BytePairTokenizer(trainedOn: ["a"], vocabularySize: 300, specialTokens: ["<pad>", "<pad>"]) }
                == """
                "<pad>" can't be a special token. Expected different texts of at least 2 characters and at most 1024 bytes. \
                Change it.
                """)
        #expect(
            message { try BytePairTokenizer(trainedOn: ["a"], vocabularySize: 300, specialTokens: ["a"]) }
                .hasPrefix("\"a\" can't be a special token."))
    }
}
