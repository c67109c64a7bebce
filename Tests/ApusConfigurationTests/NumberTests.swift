import ApusConfiguration
import Foundation
import Testing

/// Numbers and JSON as files and outputs have them, and the codes of failures.
@Suite struct NumberTests {
    @Test func numbersAsTexts() {
        #expect([Double.nan, -.nan, .infinity, -.infinity].map(FileNumber.text) == ["nan", "nan", "inf", "-inf"])
        #expect([-Float.nan, -.infinity].map(FileNumber.text) == ["nan", "-inf"])
        #expect([0.1, -0.0, 1e300, 3].map(FileNumber.text) == ["0.1", "-0.0", "1e+300", "3.0"])
        #expect(FileNumber.text(Float(0.1)) == "0.1")
    }

    @Test func numbersInJSON() throws {
        let numbers = [0.1 + 0.2, -0.0, .infinity, -.infinity, .nan]
        let text = try FileJSON.text(numbers)
        #expect(text == #"[0.30000000000000004,-0,"inf","-inf","nan"]"#)
        let read: [Double] = try FileJSON.value(text)
        #expect(read.map(\.bitPattern).prefix(4) == numbers.map(\.bitPattern).prefix(4) && read[4].isNaN)
    }

    @Test func keysAreSortedAndDatesAreTexts() throws {
        struct Entry: Codable, Equatable {
            var b = "a/b"
            var a = Date(timeIntervalSince1970: 0)
        }
        let text = try FileJSON.text(Entry())
        #expect(text == #"{"a":"1970-01-01T00:00:00Z","b":"a/b"}"#)
        #expect(try FileJSON.value(text) as Entry == Entry())
        #expect(try FileJSON.text([1], isPretty: true).contains("\n"))
    }

    // MARK: JSON in a given order

    @Test func textsAreQuoted() {
        #expect(JSONText.quoted("a\"b\\c\n\r\t\u{1}\u{1F}ä🦅/") == #""a\"b\\c\n\r\t\u0001\u001fä🦅/""#)
    }

    @Test func layout() {
        let short = JSONText.object([("b", .raw("1")), ("a", .flag(true))])
        #expect("\(short)" == #"{"b": 1, "a": true}"#)
        #expect("\(JSONText.list([.raw("1"), .text("x")]))" == #"[1, "x"]"#)
        #expect(
            "\(JSONText.object([("a", .list([short])), ("c", .object([]))]))" == """
                {
                  "a": [
                    {"b": 1, "a": true}
                  ],
                  "c": {}
                }
                """)
        #expect(JSONText.object([("a", .list([short, .list([])]))]).compact == #"{"a":[{"b":1,"a":true},[]]}"#)
        // A line of people has at most a hundred characters.
        let wide = JSONText.object([("a", .text(String(repeating: "x", count: 90))), ("b", .raw("1"))])
        #expect("\(wide)".contains(",\n  \"b\": 1\n}"))
    }

    @Test func anyValue() {
        #expect(JSONText.of(0.5) == "0.5")
        #expect(JSONText.of("a") == #""a""#)
        #expect(JSONText.of(Double.infinity) == #""inf""#)
        #expect(JSONText.of(Int?.none as Any) == "null")
        #expect(JSONText.of(NumberTests()) == nil)
    }

    // MARK: Failures

    /// The codes of `sysexits.h`; 3 is the project's own.
    @Test(arguments: [
        (FailureKind.setting, EX_USAGE), (.malformed, EX_DATAERR), (.missing, EX_NOINPUT), (.memory, EX_OSERR),
        (.file, EX_IOERR), (.diverged, 3),
    ]) func exitCodes(_ kind: FailureKind, _ code: Int32) { #expect(kind.exitCode == code) }

    @Test func settingsThatCantBeUsed() {
        #expect(ConfigurationError("a").failureKind == .setting)
        #expect("\(ConfigurationError("a", kind: .malformed))" == "a")
    }
}
