import ApusTestKit
import ApusText
import Foundation
import Testing

/// Tokenizers of files, beside the package `tokenizers`.
struct TokenizerFixtureTests {
    @Test(arguments: TokenizerFixture.names) func numbers(_ name: String) throws {
        let fixture = try TokenizerFixture.load()
        let tokenizer = try SubwordTokenizer(contentsOf: TokenizerFixture.path(name))
        let expected = try #require(fixture.tokenizers[name])
        for (text, numbers) in try pairs(fixture.texts, expected.numbers) {
            // The second time they come out of the cache.
            for _ in 0..<2 {
                #expect(
                    try tokenizer.encode(text).map(String.init).joined(separator: " ") == numbers,
                    "\(text.debugDescription)")
            }
        }
    }

    @Test(arguments: TokenizerFixture.names) func decoded(_ name: String) throws {
        let fixture = try TokenizerFixture.load()
        let tokenizer = try SubwordTokenizer(contentsOf: TokenizerFixture.path(name))
        let expected = try #require(fixture.tokenizers[name])
        let numbers = expected.numbers.map { $0.split(separator: " ").compactMap { Int($0) } }
        // Strings are equal that are not the same: bytes are compared.
        for (place, text) in expected.decoded.enumerated() {
            #expect(Array(tokenizer.decode(numbers[6 * place]).utf8) == Array(text.utf8))
        }
        for (place, text) in expected.decodedWhole.enumerated() {
            #expect(
                Array(tokenizer.decode(numbers[12 * place], skippingSpecialTokens: false).utf8) == Array(text.utf8))
        }
    }

    @Test(arguments: TokenizerFixture.names) func writtenAndRead(_ name: String) throws {
        let texts = try TokenizerFixture.load().texts
        let tokenizer = try SubwordTokenizer(contentsOf: TokenizerFixture.path(name))
        try withTemporaryFolder { folder in
            try tokenizer.write(to: "\(folder)/again.json")
            let again = try SubwordTokenizer(contentsOf: "\(folder)/again.json")
            #expect(again.vocabularySize == tokenizer.vocabularySize)
            for text in texts { #expect(try again.encode(text) == tokenizer.encode(text)) }
            // The file says the same: names in their order, apart from spaces.
            let files = try [TokenizerFixture.path(name), "\(folder)/again.json"].map {
                try String(contentsOfFile: $0, encoding: .utf8).filter { !$0.isWhitespace }
            }
            #expect(files[0] == files[1])
        }
    }

    @Test func byteLevelWordsAreThoseOfThePattern() throws {
        let pattern = #"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"#
        let byteLevel = #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}"#
        let split = #"{"type": "Split", "pattern": {"Regex": "\#(pattern)"}, "behavior": "Isolated", "invert": false}"#
        // A word that begins is marked by the token "|" before it.
        func tokenizer(_ preTokenizer: String) throws -> SubwordTokenizer {
            let gpt2 = try String(contentsOfFile: TokenizerFixture.path("gpt2"), encoding: .utf8)
            let start = try #require(gpt2.range(of: #""pre_tokenizer":"#)).upperBound
            let end = try #require(gpt2.range(of: #","post_processor":"#)).lowerBound
            return try TokenizerFixture.file(gpt2.replacingCharacters(in: start..<end, with: preTokenizer))
        }
        let byHand = try tokenizer(byteLevel.replacing("\"use_regex\": false", with: "\"use_regex\": true"))
        let byPattern = try tokenizer(#"{"type": "Sequence", "pretokenizers": [\#(split), \#(byteLevel)]}"#)
        var texts = try TokenizerFixture.load().texts
        var generator = SeededGenerator(seed: 3)
        let parts = [
            "'s", "'S", "'ll", "'l", "'", " ", "  ", "\n", "\t", "a", "É", "한", "1", "½", "!", "\u{301}", "\u{a0}",
            "\u{3000}",
            "👍", "the", "'re", "'ve", "'v", "\u{85}", "\u{200b}", "的", "",
        ]
        for _ in 0..<3000 {
            texts.append((0..<generator.below(9)).map { _ in generator.pick(parts) }.joined())
        }
        for text in texts { #expect(try byHand.encode(text) == byPattern.encode(text), "\(text.debugDescription)") }
    }

    @Test func specialTokensAroundTheText() throws {
        let bert = try SubwordTokenizer(contentsOf: TokenizerFixture.path("bert"))
        let inner = try bert.encode("the", addingSpecialTokens: false)
        #expect(try bert.encode("the") == [2] + inner + [3])
        #expect(bert.number(of: "[CLS]") == 2)
        #expect(bert.token(3) == "[SEP]")
        #expect(bert.token(100_000) == nil)
        #expect(bert.decode([100_000, -1]) == "")
    }

    @Test func manyThreads() async throws {
        let tokenizer = try SubwordTokenizer(contentsOf: TokenizerFixture.path("lower"))
        let texts = try TokenizerFixture.load().texts
        let expected = try texts.map { try tokenizer.encode($0) }
        try await withThrowingTaskGroup(of: [[Int]].self) { group in
            for _ in 0..<4 { group.addTask { try texts.map { try tokenizer.encode($0) } } }
            for try await numbers in group { #expect(numbers == expected) }
        }
    }
}
