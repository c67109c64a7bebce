import ApusTestKit
import ApusText
import Foundation
import Testing

struct TokenizerFileTests {
    /// The message of a file in which a text is replaced.
    private func refusal(_ old: String, _ new: String, of name: String = "bert") throws -> String {
        let file = try String(contentsOfFile: TokenizerFixture.path(name), encoding: .utf8)
        #expect(file.contains(old))
        return message { try TokenizerFixture.file(file.replacing(old, with: new, maxReplacements: 1)) }
    }

    private static let remedy = "Use a tokenizer without it, or make the numbers of the texts with another program."

    @Test func unknownPartsAreNamed() throws {
        #expect(
            try refusal(#"{"type":"BertPreTokenizer"}"#, #"{"type":"Metaspace"}"#) == """
                tokenizer.json: pre_tokenizer is "Metaspace", which is not read here. Expected one of ByteLevel, Split, \
                BertPreTokenizer, Digits, Sequence. \(TokenizerFileTests.remedy)
                """)
        #expect(
            try refusal(#"{"type":"NFKC"}"#, #"{"type":"Nmt"}"#, of: "compatible") == """
                tokenizer.json: normalizer is "Nmt", which is not read here. Expected one of NFC, NFD, NFKC, NFKD, Lowercase, \
                StripAccents, BertNormalizer, Prepend, Replace, Sequence. \(TokenizerFileTests.remedy)
                """)
        #expect(
            try refusal(#""type":"WordPiece","unk"#, #""type":"Unigram","unk"#) == """
                tokenizer.json: model is "Unigram", which is not read here. Expected BPE or WordPiece. \
                \(TokenizerFileTests.remedy)
                """)
        #expect(
            try refusal(#"{"type":"Fuse"}"#, #"{"type":"CTC"}"#, of: "llama2").hasPrefix(
                "tokenizer.json: decoder.decoders[2] is \"CTC\", which is not read here."))
        #expect(
            try refusal(#""dropout":null"#, #""dropout":0.1"#, of: "gpt2") == """
                tokenizer.json: model.dropout is 0.1, which is not read here. Expected none. \(TokenizerFileTests.remedy)
                """)
        #expect(
            try refusal(#""truncation":null"#, #""truncation":{}"#) == """
                tokenizer.json: the file has "truncation", which is not read here. Expected null. Set it to null: TokenBatch cuts and \
                fills lists of numbers.
                """)
        #expect(
            try refusal(#""version":"1.0""#, #""version":"1.0","extra":1"#).hasPrefix(
                "tokenizer.json: the file has \"extra\", which is not read here."))
        #expect(
            try refusal(#""Regex":"\\s+""#, #""Regex":"(?<a>x)""#, of: "clip") == """
                tokenizer.json: normalizer.normalizers[1].pattern is the pattern "(?<a>x)": it has a group (?<a, which is not read \
                here. Expected another pattern. \(TokenizerFileTests.remedy)
                """)
    }

    @Test func damageIsNamed() throws {
        #expect(
            try refusal(#""[CLS]":2"#, #""[CLS]":1"#) == """
                tokenizer.json: the token "[CLS]" or its number 1 comes twice. Save the tokenizer again.
                """)
        #expect(
            try refusal(#""[CLS]":2"#, #""[CLS]":4000000000"#) == """
                tokenizer.json: the number of the token "[CLS]" is not as expected. Expected a whole number of 0 or more and less than \
                2830; received 4000000000. Save the tokenizer again.
                """)
        #expect(
            try refusal(#""unk_token":"[UNK]""#, #""unk_token":"[NO]""#) == """
                tokenizer.json: model.unk_token is "[NO]", which is no token of the vocabulary. Save the tokenizer again.
                """)
        #expect(
            try refusal(#""lowercase":true"#, #""lowercase":1"#) == """
                tokenizer.json: normalizer.lowercase is not as expected. Expected true or false; received 1. Save the tokenizer again.
                """)
        #expect(
            try refusal(#""merges":[["#, #""merges":[["zzz","z"],["#, of: "gpt2") == """
                tokenizer.json: a merge has the token "zzz", which the vocabulary has not. Save the tokenizer again.
                """)
        #expect(
            try refusal(#""id":0,"content":"[PAD]""#, #""id":7,"content":"[PAD]""#) == """
                tokenizer.json: added_tokens[0] is "[PAD]" with the number 7. Expected the number 0. Save the tokenizer again.
                """)
        #expect(
            message { try TokenizerFixture.file(#"{"version": "1.0""#) } == """
                tokenizer.json: an object does not end (at byte 17). Expected a comma or a closing brace; received the end of the file. \
                Save the file again, or download it again.
                """)
        #expect(
            message { try TokenizerFixture.file(String(repeating: "[", count: 100)) }.hasPrefix(
                "tokenizer.json: the file nests too deeply (at byte 32)."))
        #expect(
            message { try SubwordTokenizer(contentsOf: "/no/file.json") }.hasPrefix(
                "/no/file.json: there is no such file"))
    }

    @Test func tokensThatSwiftTakesForEqual() throws {
        let file = """
            {"model": {"type": "WordPiece", "unk_token": "?", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9,
             "vocab": {"?": 0, "é": 1, "e\u{301}": 2, "##\\u0301": 3}}, "pre_tokenizer": {"type": "BertPreTokenizer"}}
            """
        let tokenizer = try TokenizerFixture.file(file)
        #expect(try tokenizer.encode("é e\u{301} é\u{301} ?? 0123456789") == [1, 2, 1, 3, 0, 0, 0])
        #expect(tokenizer.decode([1, 2]) == "é e\u{301}")
    }

    @Test func tooManySteps() throws {
        let tokenizer = try TokenizerFixture.bytes(
            preTokenizer: """
                {"type": "Sequence", "pretokenizers": [
                 {"type": "Split", "pattern": {"Regex": "(?:a|aa)+(?<=c)"}, "behavior": "Isolated", "invert": false},
                 {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}
                """)
        #expect(try tokenizer.encode("aacb").count == 4)
        #expect(
            message { try tokenizer.encode(String(repeating: "a", count: 100)) } == """
                the pattern "(?:a|aa)+(?<=c)" needs too many steps for a text of 100 bytes. Expected at most 1000000 from one place. \
                Divide the text, or use another tokenizer.
                """)
    }

    @Test func addedTokens() throws {
        func token(_ number: Int, _ content: String, _ flags: String) -> String {
            let all = ["single_word", "lstrip", "rstrip", "normalized", "special"].map {
                "\"\($0)\": \(flags.contains($0))"
            }
            return #"{"id": \#(number), "content": "\#(content)", \#(all.joined(separator: ", "))}"#
        }
        let added = [
            token(256, "<a>", ""), token(257, "<ab>", "special"), token(258, "word", "single_word"),
            token(259, "<l>", "lstrip"), token(260, "<r>", "rstrip"), token(261, "UP", "normalized"),
        ]
        let tokenizer = try TokenizerFixture.bytes(
            normalizer: #"{"type": "Lowercase"}"#, added: "[\(added.joined(separator: ", "))]")
        #expect(try tokenizer.encode("<a><ab>") == [256, 257])
        #expect(try tokenizer.encode("word sword") == [258, 32] + "sword".utf8.map(Int.init))
        #expect(try tokenizer.encode("x \t<l> <r> \ny") == [120, 259, 32, 260, 121])
        #expect(try tokenizer.encode("Up <A>") == [261, 32, 60, 97, 62])
        #expect(tokenizer.decode([256, 257, 261, 65]) == "<a>upA")
        #expect(tokenizer.decode([256, 257], skippingSpecialTokens: false) == "<a><ab>")
    }

    /// After b and c became one, "a b" is no pair any more, though "a bc" is: its turn comes later.
    @Test func mergesThatWereOvertaken() throws {
        let tokenizer = try TokenizerFixture.file(
            """
            {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "bc": 4, "ab": 5, "bcd": 6, "abc": 7},
             "merges": ["b c", "a b", "bc d", "a bc"]}}
            """)
        #expect(try tokenizer.encode("abcd") == [0, 6])
        #expect(try tokenizer.encode("abc") == [7])
        #expect(try tokenizer.encode("x") == [])
        #expect(tokenizer.decode([0, 6]) == "a bcd")
    }

    @Test(arguments: [
        ("NFC", "e\u{301}", "é"), ("NFD", "한", "\u{1112}\u{1161}\u{11ab}"), ("NFKC", "ｶﾞ①ﬁ", "ガ1fi"),
        ("NFKD", "ｶﾞé", "カ\u{3099}e\u{301}"),
        // Marks in another order than the one of the forms.
        ("NFC", "\u{ecb}\u{483}\u{f81}", "\u{ecb}\u{f71}\u{f80}\u{483}"),
        ("NFD", "\u{ecb}\u{483}\u{f81}", "\u{ecb}\u{f71}\u{f80}\u{483}"),
        ("NFKD", "\u{ecb}\u{483}\u{f81}", "\u{ecb}\u{f71}\u{f80}\u{483}"),
        ("Lowercase", "ÉİΣ", "éi\u{307}σ"), ("StripAccents", "e\u{301}é\u{903}", "eé"),
        ("BertNormalizer", "\u{0}É\u{200b}学\tx\u{302e}", "e 学  x\u{302e}"),
    ]) func normalizers(_ type: String, _ text: String, _ expected: String) throws {
        let tokenizer = try TokenizerFixture.bytes(normalizer: "{\"type\": \"\(type)\"}")
        #expect(try tokenizer.encode(text) == expected.utf8.map(Int.init))
    }

    /// What Oniguruma matches, whose syntax files have; PCRE2 alone would take some of it otherwise.
    @Test(arguments: [
        (#"\\s"#, "a\u{180e}b c\u{a0}", "a\u{180e}bc"), (#"\\w"#, "a\u{301}_²½!", "!"),
        (#"[\\w]"#, "a\u{301}_²½!", "²½!"),
        (#"\\h"#, "fg9 ", "g "), (#"\\v"#, "\u{b}\n", "\n"), (#"\\p{Han}"#, "学、々", "、"), (#"\\p{^L}"#, "a1b", "ab"),
        (#"^a|b$"#, "ab\nba", "\nba"), (#"(?i:'s|É)"#, "'S'ſé", ""), (#"\\bfoo\\b"#, "foo ²foo", " ²foo"),
        (#"[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+"#, " ab\n c1", "\n1"), (#"\\u00e9|\\x{61}|\\x62"#, "éabc", "c"),
    ]) func patterns(_ pattern: String, _ text: String, _ left: String) throws {
        let split = #"{"type": "Split", "pattern": {"Regex": "\#(pattern)"}, "behavior": "Removed", "invert": false}"#
        let tokenizer = try TokenizerFixture.bytes(
            preTokenizer: """
                {"type": "Sequence", "pretokenizers": [\(split),
                 {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}
                """)
        #expect(try tokenizer.encode(text) == left.utf8.map(Int.init))
    }
}
