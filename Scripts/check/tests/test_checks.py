"""Each check against a small example of what it looks for."""
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import api
import compiler_warnings
import docc
import documented
import house
import links
import listed_tests
import package
import snippets
import symbols


class House(unittest.TestCase):
    TABLE = "# Rooms\n\n| target | what it is |\n|---|---|\n| `Top` | a |\n| `Middle` | b |\n| `CA`, `CB` | c |\n\n| `Else` | d |\n"
    USES = {"Top": {"Middle": "Top.swift"}, "Middle": {"CA": "Package.swift"}, "CA": {}, "CB": {}}

    def problems(self, **changes):
        return house.problems(house.rows(self.TABLE), {**self.USES, **changes})

    def test_in_order(self):
        self.assertEqual(house.rows(self.TABLE), [["Top"], ["Middle"], ["CA", "CB"]])
        self.assertEqual(self.problems(), [])

    def test_upwards_and_sideways(self):
        self.assertEqual(self.problems(Middle={"Top": "a.swift"}),
                         ["Middle imports Top, which does not stand below it (a.swift)"])
        self.assertEqual(self.problems(CA={"CB": "b.swift"}), ["CA imports CB, which does not stand below it (b.swift)"])

    def test_other_targets(self):
        self.assertEqual(self.problems(New={}), ["New is a target, but no row of the table"])
        self.assertEqual(house.problems([["Top"], ["Gone"]], {"Top": {}}), ["Gone is a row of the table, but no target"])


class Imports(unittest.TestCase):
    def test_every_spelling(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a.swift").write_text(
                "// import Comment\nimport One\npublic import Two\n@testable import Three\nimport struct Four.Type\n"
                "#if true\n    package import Five\n#endif\nlet important = 6\n")
            self.assertEqual(list(package.imports(Path(folder))), ["One", "Two", "Three", "Four", "Five"])


class ListedTests(unittest.TestCase):
    def test_every_spelling(self):
        text = "@Test func a() {}\n    @Test(arguments: [1]) func b() {}\n@MainActor @Test(.tags(.x)) func c() {}\n// @Test is\n@Tests\n"
        self.assertEqual(listed_tests.written(text), 3)

    def test_compiled_out(self):
        self.assertEqual(listed_tests.problems(Counter(A=2, B=3), Counter(A=2, B=2)),
                         ["B: 3 tests are written, 2 are listed"])
        self.assertEqual(listed_tests.problems(Counter(A=2), Counter(A=2)), [])


class Snippets(unittest.TestCase):
    def test_blocks(self):
        self.assertEqual(snippets.blocks("a\n```swift\nlet x = 1\n```\n```yaml\ny: 1\n```\n```swift\nf()\n```\n"),
                         [(3, "let x = 1\n"), (9, "f()\n")])


class Exports(unittest.TestCase):
    def test_whole_modules_and_names(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a.swift").write_text("@_exported import Whole\n@_exported import struct Below.Shape\n"
                                                  "@_exported import enum Whole.Part\nimport struct Below.Node\n")
            targets = [{"name": name, "type": "regular", "path": path}
                       for name, path in [("Top", folder), ("Whole", "none"), ("Below", "none"), ("Other", "none")]]
            description = {"targets": targets, "products": [{"type": {"library": ["automatic"]}, "targets": ["Top"]}]}
            modules = package.public_modules(description)
            self.assertEqual(modules, ["Top", "Whole"])
            self.assertEqual(package.public_names(description, modules), {"Below": {"Shape"}})


class Links(unittest.TestCase):
    def broken(self, text):
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.md"
            (Path(folder) / "other.md").write_text("# A heading, `code`\n## Twice\n## Twice\n")
            page.write_text(text)
            return list(links.broken(page))

    def test_that_lead_somewhere(self):
        self.assertEqual(self.broken("# Here\n[a](other.md) [b](other.md#a-heading-code) [c](#here) [d](https://x.org) "
                                     "[e](other.md#twice-1) ![f](other.md \"title\")\n```\n[x](gone.md)\n```\n`[y](gone)`"), [])

    def test_that_lead_nowhere(self):
        self.assertEqual(self.broken("[a](gone.md)"), ["the link to gone.md leads nowhere"])
        self.assertEqual(self.broken("[a](other.md#gone)"), ["other.md has no heading #gone"])
        self.assertEqual(self.broken("[a](#gone)"), ["the page has no heading #gone"])


class Declarations(unittest.TestCase):
    @staticmethod
    def symbol(name, text, **more):
        return {"identifier": {"precise": name}, "names": {"title": name}, "pathComponents": name.split("."),
                "declarationFragments": [{"spelling": text}], "location": {}, **more}

    def test_graph(self):
        graph = {
            "module": {"name": "M"},
            "symbols": [self.symbol("Point", "struct Point", docComment={}), self.symbol("Point.x", "var x: Int"),
                        self.symbol("Point.text", "var text: String"), self.symbol("==::SYNTHESIZED::Point", "=="),
                        self.symbol("Shape", "protocol Shape", docComment={})],
            "relationships": [{"kind": "conformsTo", "source": "Point", "target": "Shape"},
                              {"kind": "conformsTo", "source": "Point", "target": "s1", "targetFallback": "Swift.Copyable"},
                              {"kind": "memberOf", "source": "Point.text", "target": "Point", "sourceOrigin": {}}]}
        found = symbols.declarations(graph)
        self.assertEqual([str(one) for one in found],
                         ["M Point: struct Point : Shape", "M Point.text: var text: String", "M Point.x: var x: Int",
                          "M Shape: protocol Shape"])
        self.assertEqual([one.path for one in found if not one.is_documented], ["Point.x"])

    def test_undocumented(self):
        made = [symbols.Declaration("M", path, "", path != "b", False) for path in ("b", "a", "b")]
        self.assertEqual(documented.undocumented(made), ["M b"])

    def test_without_example(self):
        made = [symbols.Declaration("M", path, text, True, path == "A") for path, text in (
            ("A", "struct A"), ("B", "enum B : Sendable"), ("B.C", "struct C"), ("E", "struct E : CustomStringConvertible, Error"),
            ("f()", "func f()"), ("P", "protocol P"))]
        self.assertEqual(documented.without_example(made), ["M B", "M P"])

    def test_differences(self):
        self.assertEqual(api.differences(["a", "b", "c"], ["a", "c", "d"]), ["-b", "+d"])


class Snippets(unittest.TestCase):
    COMMENT = "struct A {}\n\n    /// A sum:\n    ///\n    /// ```swift\n    /// import B\n    /// let c = 1 +\n    ///     2\n    /// ```\n    let d = 0\n"

    def test_comments(self):
        self.assertEqual(snippets.examples(self.COMMENT), [(6, "import B\nlet c = 1 +\n    2\n")])

    def test_recipes(self):
        text = 'a\n.init(Words("In Swift"), .swift,\n    """\n    import B\n\n    f { "\\\\($0)" }\n    """),\n'
        self.assertEqual(snippets.recipes(text), [(4, 'import B\n\nf { "\\($0)" }\n')])

    def test_functions(self):
        imports, code = snippets.function(7, "A.swift", 6, "import B\nlet c = 1\n")
        self.assertEqual(imports, {"B"})
        self.assertEqual(code.splitlines(), [
            "func example7() async throws {", '#sourceLocation(file: "A.swift", line: 6)', "", "let c = 1", "#sourceLocation()", "}"])


class Site(unittest.TestCase):
    NAMES = {"Data.md": "# Data\n\n## What `fit` takes\n", "Own.md": ""}

    def article(self, text):
        return docc.article(text, self.NAMES)

    def test_pages_and_headings(self):
        self.assertEqual(self.article("[a](Data.md), [`b`](Own.md)"), "[a](doc:Data), [`b`](doc:Own)")
        self.assertEqual(self.article("[Data.md](Data.md)"), "<doc:Data>")
        self.assertEqual(self.article("[a](Data.md#what-fit-takes)"), "[a](doc:Data#What-fit-takes)")

    def test_files_and_hosts(self):
        self.assertEqual(self.article("[8-use](../Examples/8-use/main.swift) [there](../Examples)"),
                         "8-use there (`Examples`)")
        self.assertEqual(self.article("[a](https://host/b) ![c](d.svg)"), "[a](https://host/b) ![c](d.svg)")

    def test_code_stays(self):
        code = "```swift\nlet a = [1](Data.md)\n```"
        self.assertEqual(self.article(code), code)


class Warnings(unittest.TestCase):
    def test_messages(self):
        empty = b"DIA\x01\x0f\x00\x02\x06"
        self.assertEqual(compiler_warnings.messages(empty), [])
        self.assertEqual(compiler_warnings.messages(empty + b"no-usage\x00\x00value 'x' was never used\x00"),
                         ["value 'x' was never used"])


if __name__ == "__main__":
    unittest.main()
