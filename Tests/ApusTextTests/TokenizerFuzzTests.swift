import ApusFormats
import ApusFuzzing
import ApusTestKit
import ApusText
import Foundation
import Testing

/// Damaged files of tokenizers: errors, or tokenizers that work.
struct TokenizerFuzzTests {
    #if compiler(>=6.2)
        @Test(.enabled(if: !Fuzzing.isHere)) func tokenizers() async {
            await #expect(processExitsWith: .success) { try TokenizerFuzzTests.read(limited: true) }
        }
    #endif

    @Test(.enabled(if: Fuzzing.isHere)) func tokenizersHere() throws { try TokenizerFuzzTests.read(limited: false) }

    /// Patterns of random pieces: refused, or matched within their limits.
    @Test func patterns() throws {
        let pieces = [
            "a", "[^a]", "[a-z]+", "(", ")", "(?:", "(?=", "(?!", "(?<=", "(?i:", "|", "*", "+", "?", "{2,}", "{1,3}",
            "\\s",
            "\\S+", "\\w", "\\p{L}+", "\\p{Han}", "\\P{N}", "\\b", "\\d", "[", "]", "^", "$", ".", "\\x{301}",
            "\\u00e9", "\\",
            "\\Z", "é", "👍", "\\p{", "(?>", "\\p{^L}", "[\\w\\s]", "a{99999}", "(?R)", "\\1", "(a+)+",
        ]
        let encoder = JSONEncoder()
        var generator = SeededGenerator(seed: 11)
        var (read, refused) = (0, 0)
        for _ in 0..<3000 {
            let pattern = (0...generator.below(6)).map { _ in generator.pick(pieces) }.joined()
            let quoted = String(decoding: try encoder.encode(pattern), as: UTF8.self)
            let behavior = generator.pick(["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"])
            let split = """
                {"type": "Split", "pattern": {"Regex": \(quoted)}, "behavior": "\(behavior)", "invert": \(generator.below(2) == 0)}
                """
            do {
                let tokenizer = try TokenizerFixture.bytes(
                    preTokenizer: """
                        {"type": "Sequence", "pretokenizers": [\(split),
                         {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}
                        """)
                read += 1
                for text in TokenizerFuzzTests.texts {
                    let numbers = try tokenizer.encode(text)
                    // What is not removed is all there.
                    if behavior != "Removed" {
                        #expect(numbers == text.utf8.map(Int.init), "\(pattern)")
                    }
                }
            } catch is FormatError {
                refused += 1
            } catch is TextError {}
        }
        #expect(read > 300 && refused > 300, "\(read) read, \(refused) refused")
    }

    private static let texts = [
        "the Straße 学習 한국어 1,000 don't <mask> [SEP] aaaaaaaaaaaaaaaa", "e\u{301}👩‍👩‍👧‍👦\r\n \t\u{0}x", "",
    ]

    private static func read(limited: Bool) throws {
        try Fuzzing.run(try samples(), limited: limited) { bytes, _ throws(FormatError) in
            let tokenizer = try SubwordTokenizer(json: bytes, path: "fuzz")
            for text in texts {
                do throws(TextError) {
                    let numbers = try tokenizer.encode(text)
                    _ = tokenizer.decode(numbers + [-1, 3, 7, 1 << 40])
                    guard numbers.allSatisfy({ $0 >= 0 }) else {
                        throw TextError(.text, "", remedy: "")
                    }
                } catch {
                    if error.problem.isEmpty { throw FormatError(.malformed, path: "", "", remedy: "") }
                }
            }
        }
    }

    /// Files with few tokens, so that damage hits the rest of them.
    private static func samples() throws -> [[UInt8]] {
        try TokenizerFixture.names.map { name in
            let data = try Data(contentsOf: URL(filePath: TokenizerFixture.path(name)))
            let text = String(decoding: data, as: UTF8.self)
            guard let start = text.range(of: "\"vocab\":{")?.upperBound, let end = text.range(of: "},\"merges\":[")
            else { return Array(data.prefix(2500)) + Array(data.suffix(300)) }
            let vocabulary = text[start..<end.lowerBound].split(separator: ",").prefix(80).joined(separator: ",")
            let few = String(text[..<start]) + vocabulary + "},\"merges\":[]}}"
            return Array(few.utf8)
        }
    }
}
