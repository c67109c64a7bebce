import ApusConfiguration
import CPCRE2

/// A regular expression of a tokenizer, in the syntax of Oniguruma, matched by PCRE2 with its compiler.
///
/// Sendable because PCRE2 only reads compiled patterns.
final class Pattern: @unchecked Sendable {
    /// As the file has it.
    let source: String
    private let code: OpaquePointer

    /// Compiles a pattern.
    ///
    /// - Throws: what is wrong with it, or not read here.
    init(_ source: String) throws(PatternError) {
        self.source = source
        code = try Pattern.compiled(try PatternTranslation.pcre(source))
    }

    /// A pattern that matches a text itself.
    init(literal text: String) throws(PatternError) {
        source = text
        var escaped = ""
        for scalar in text.unicodeScalars {
            escaped += "\\x{\(String(scalar.value, radix: 16))}"
        }
        code = try Pattern.compiled(escaped)
    }

    deinit { pcre2_code_free_8(code) }

    private static func compiled(_ pattern: String) throws(PatternError) -> OpaquePointer {
        let context = pcre2_compile_context_create_8(nil)
        defer { pcre2_compile_context_free_8(context) }
        pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
        pcre2_set_parens_nest_limit_8(context, 100)
        let options =
            PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE
            | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_UTF_CHECK
        var (error, offset) = (Int32(0), 0)
        let bytes = Array(pattern.utf8)
        guard let code = pcre2_compile_8(bytes, bytes.count, options, &error, &offset, context) else {
            throw PatternError(Pattern.message(error))
        }
        // Where there is no compiler for this processor, the interpreter matches.
        pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE)
        return code
    }

    /// What PCRE2 says of a failure.
    private static func message(_ code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pcre2_get_error_message_8(code, &buffer, buffer.count)
        return count < 0 ? "error \(code)" : String(decoding: buffer.prefix(Int(count)), as: UTF8.self)
    }

    /// Where it matches in a text, one after the other; empty matches too, but none right behind another match.
    func forEachMatch(
        in text: TextBytes, _ matcher: PatternMatcher, _ body: (Range<Int>) -> Void
    ) throws(TextError) {
        var start = 0
        var last = -1
        while start <= text.count, let match = try matcher.first(code, in: text, from: start, source) {
            if match.isEmpty {
                if match.lowerBound != last { body(match) }
                guard match.upperBound < text.count else { return }
                start = match.upperBound + text.scalar(at: match.upperBound).count
            } else {
                body(match)
                start = match.upperBound
            }
            last = match.upperBound
        }
    }
}

/// What is wrong with a pattern.
struct PatternError: Error {
    let problem: String

    init(_ problem: String) { self.problem = problem }
}

/// What one thread needs to match patterns: the place of matches, a stack, and limits.
final class PatternMatcher {
    /// Steps back and forth that one match may take from one place of a text.
    static let stepLimit: UInt32 = 1_000_000
    /// Kilobytes that one match may take.
    private static let memoryLimit: UInt32 = 20_000

    private let data: OpaquePointer
    private let context: OpaquePointer
    private let stack: OpaquePointer?

    init() {
        // Some hundred bytes: where the system has none left, Swift's own allocations stop the program as well.
        guard let data = pcre2_match_data_create_8(1, nil), let context = pcre2_match_context_create_8(nil) else {
            fatalError("there is no memory left to match patterns")
        }
        self.data = data
        self.context = context
        stack = pcre2_jit_stack_create_8(32 << 10, 1 << 20, nil)
        pcre2_jit_stack_assign_8(context, nil, stack.map { UnsafeMutableRawPointer($0) })
        pcre2_set_match_limit_8(context, PatternMatcher.stepLimit)
        pcre2_set_depth_limit_8(context, PatternMatcher.stepLimit)
        pcre2_set_heap_limit_8(context, PatternMatcher.memoryLimit)
    }

    deinit {
        pcre2_match_data_free_8(data)
        pcre2_match_context_free_8(context)
        pcre2_jit_stack_free_8(stack)
    }

    /// The first match from a place on.
    fileprivate func first(
        _ code: OpaquePointer, in text: TextBytes, from start: Int, _ source: String
    ) throws(TextError) -> Range<Int>? {
        let result = pcre2_match_8(
            code, text.baseAddress, text.count, start, PCRE2_NO_UTF_CHECK, data, context)
        if result == PCRE2_ERROR_NOMATCH { return nil }
        guard result >= 0, let place = pcre2_get_ovector_pointer_8(data) else {
            throw TextError(
                .text, "the pattern \(source.quoted) needs too many steps for a text of \(text.count) bytes",
                expected: "at most \(PatternMatcher.stepLimit) from one place",
                remedy: "Divide the text, or use another tokenizer.")
        }
        return place[0]..<max(place[0], place[1])
    }
}
