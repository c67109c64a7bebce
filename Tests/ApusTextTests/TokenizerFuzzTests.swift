import ApusFormats
import ApusFuzzing
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
