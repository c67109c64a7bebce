import ApusFormats
import ApusTestKit
import ApusText
import Foundation

/// What `tokenizers` makes of texts (Tests/Fixtures/make_tokenizer_fixtures.py).
struct TokenizerFixture: Decodable {
    struct Case: Decodable {
        var numbers: [String]
        /// Of every sixth text.
        var decoded: [String]
        /// Of every twelfth text, with special tokens.
        var decodedWhole: [String]
    }

    var texts: [String]
    var tokenizers: [String: Case]
    var mergedSize: Int
    var merges: [[String]]

    static let folder = Page.root.appending(path: "Tests/Fixtures/tokenizers")
    static let names = [
        "bert", "bert-cased", "clip", "compatible", "gpt2", "llama2", "llama3", "lower", "roberta",
    ]

    static func path(_ name: String) -> String { folder.appending(path: "\(name).json").path }

    static func load() throws -> TokenizerFixture {
        try JSONDecoder().decode(TokenizerFixture.self, from: Data(contentsOf: URL(filePath: path("cases"))))
    }

    /// A tokenizer of bytes without merges, with parts in JSON.
    static func bytes(
        preTokenizer: String = #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}"#,
        normalizer: String = "null", added: String = "[]", decoder: String = #"{"type": "ByteLevel"}"#,
        postProcessor: String = "null"
    ) throws -> SubwordTokenizer {
        try file(
            """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": \(added), "normalizer": \(normalizer),
             "pre_tokenizer": \(preTokenizer), "post_processor": \(postProcessor), "decoder": \(decoder), "model": \(model)}
            """)
    }

    /// A tokenizer of a text of JSON.
    static func file(_ json: String) throws -> SubwordTokenizer {
        try SubwordTokenizer(json: Array(json.utf8), path: "tokenizer.json")
    }

    /// A model of bytes, whose numbers are those of the bytes.
    private static let model: String = {
        var next: UInt32 = 0x100
        let tokens = (UInt32(0)..<256).map { byte -> String in
            var scalar = byte
            if !((0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || byte >= 0xae) {
                scalar = next
                next += 1
            }
            return #""\u"# + String(0x10000 + scalar, radix: 16).dropFirst() + #"": \#(byte)"#
        }
        return #"{"type": "BPE", "vocab": {\#(tokens.joined(separator: ", "))}, "merges": []}"#
    }()
}
