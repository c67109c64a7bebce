import ApusConfigurationFiles
import ApusConfiguration
import ApusTestKit
import Testing

/// Texts become trees that remember their lines.
@Suite struct FileNodeTests {
    private func node(_ text: String) throws -> FileNode { try #require(try FileNode(yaml: text, file: "a.yaml")) }

    @Test func valuesHavePlaces() throws {
        let tree = try node("name: soup\noven:\n  shelf: 2\nsteps: [cut, cook]\n")
        #expect(tree["name"]?.scalar == "soup")
        #expect(tree["oven"]?["shelf"]?.place == .line(file: "a.yaml", 3))
        #expect(tree.entries?.map(\.key) == ["name", "oven", "steps"])
        #expect(tree.entries?[2].place.map { "\($0)" } == "a.yaml:4")
    }

    @Test func nothingIsNothing() throws {
        #expect(try FileNode(yaml: "", file: "a.yaml") == nil)
        #expect(try FileNode(yaml: "# only this\n", file: "a.yaml") == nil)
        for text in ["a:", "a: ~", "a: null"] { #expect(try node(text)["a"]?.isNull == true) }
        #expect(try node("a: ''")["a"]?.isNull == false)
    }

    @Test(arguments: [
        ("a: 3", "3"), ("a: three", "\"three\""), ("a: '3'", "\"3\""), ("a: true", "true"), ("a:", "nothing"),
        ("a: []", "an empty list"), ("a: [1, 2]", "a list of 2"), ("a: {}", "no keys"),
        ("a: {b: 1, c: 2}", "the keys b, c"),
    ]) func whatIsFound(text: String, words: String) throws { #expect(try node(text)["a"]?.found == words) }

    @Test func mappingsAreMergedBelowOnesOwnKeys() throws {
        let tree = try node("base: &base {x: 1, y: 2}\na:\n  <<: *base\n  y: 3\n")
        #expect(tree["a"]?["x"]?.scalar == "1" && tree["a"]?["y"]?.scalar == "3")
    }

    @Test(arguments: [
        ("a: [", "a.yaml:2: this is not YAML: did not find expected node content"),
        ("a:\n\tb: 1", "a.yaml:2: a tab indents the line; YAML wants spaces"),
        ("a: 1\nb: 2\na: 3", "a.yaml:3: the key a is given twice"),
        ("a: {b: 1}\nc:\n  - x: 1\n    x: 2", "a.yaml:4: the key x is given twice"),
        ("[1, 2]: 3", "a.yaml:1: expected a name as key but found a list or keys"),
    ]) func textsThatAreNoYAML(text: String, expected: String) { #expect(message { try node(text) } == expected) }

    @Test func manyAliasesAreRefused() {
        let lines = (1...9).map { level in
            "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]"
        }
        #expect(
            message { try node("a0: &a0 [1]\n" + lines.joined(separator: "\n")) }
                == "a.yaml has more than 50000 values: this is no file of settings")
    }
}
