import ApusConfiguration
import Testing

/// Texts of people in messages.
@Suite struct ShownTextTests {
    @Test(arguments: [
        ("wine", "wine"), ("größe 🦅", "größe 🦅"), ("a\u{1B}[31m", "a\\u{1B}[31m"), ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u{202E}x\u{0}", "\\u{202E}x\\u{0}"),
        (String(repeating: "x", count: 80), String(repeating: "x", count: 80)),
        (String(repeating: "x", count: 81), String(repeating: "x", count: 80) + "…"),
    ])
    func texts(_ text: String, _ shown: String) {
        #expect(text.shown == shown)
        #expect(text.quoted == "\"\(shown)\"")
    }

    @Test func lists() {
        #expect(["a", "b"].shown() == "a, b")
        #expect((0..<30).map { "\($0)" }.shown(3) == "0, 1, 2, …")
        #expect("a\n\tb\u{7}\n".printable == "a\n\tb\\u{7}\n")
    }
}
