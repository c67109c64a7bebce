import ApusText
import Foundation
import Testing

struct WordTests {
    @Test func characters() throws {
        let tokenizer = CharacterTokenizer(fittedTo: ["abab", "c"])
        #expect(try tokenizer.encode("cab!") == [4, 2, 3, 1])
        #expect(tokenizer.decode([2, 3, 0, 1, 4, 99]) == "ab\u{fffd}c")
        #expect(tokenizer.vocabularySize == 5)
    }

    @Test func charactersAreScalars() throws {
        // An accent behind a letter is a character of its own, and a family of emoji is seven.
        let tokenizer = CharacterTokenizer(fittedTo: ["e\u{301}é", "👩‍👩‍👧‍👦"])
        let numbers = try tokenizer.encode("e\u{301}é")
        #expect(Set(numbers).count == 3)
        #expect(try tokenizer.encode("👩‍👩‍👧‍👦").count == 7)
        #expect(Array(tokenizer.decode(numbers).utf8) == Array("e\u{301}é".utf8))
    }

    @Test(arguments: [
        ("It isn't GOOD.", ["it", "isn't", "good"]), ("rock'n'roll 'quoted' it's'", ["rock'n'roll", "quoted", "it's"]),
        ("l’été, déjà", ["l’été", "déjà"]), ("a_b 3.14 x-y", ["a_b", "3", "14", "x", "y"]),
        ("한국어를 学習する", ["한국어를", "学習する"]), ("\u{3000}e\u{301}tude\u{a0}", ["e\u{301}tude"]), ("", []),
    ]) func words(_ text: String, _ expected: [String]) {
        #expect(WordTokenizer(Vocabulary([])).words(of: text).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }

    @Test func punctuationAndCapitals() throws {
        let tokenizer = WordTokenizer(fittedTo: ["No, no!"], lowercases: false, keepsPunctuation: true)
        #expect(tokenizer.words(of: "No, no! 👍") == ["No", ",", "no", "!", "👍"])
        #expect(tokenizer.decode(try tokenizer.encode("no No?")) == "no No \u{fffd}")
    }

    @Test func writtenAndRead() throws {
        let words = WordTokenizer(fittedTo: ["a good film", "e\u{301} é"], lowercases: false, keepsPunctuation: true)
        let again = try JSONDecoder().decode(WordTokenizer.self, from: JSONEncoder().encode(words))
        #expect(again == words)
        #expect(again.vocabulary.size == 7)
        let characters = CharacterTokenizer(fittedTo: ["e\u{301}é"])
        #expect(try JSONDecoder().decode(CharacterTokenizer.self, from: JSONEncoder().encode(characters)) == characters)
    }
}
