import ApusFormats
import ApusTestKit
import Testing

@Suite struct CSVRowsTests {
    @Test func rowsComeBack() throws {
        let rows = [["a,b", "say \"x\"", "two\nlines"], ["", " edge ", "é;\t'"], ["1.0", "nan", "-inf"]]
        let text = CSVRows.text(rows)
        #expect(
            text
                == "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\n\"\",\" edge \",é;\t'\n1.0,nan,-inf\n")
        #expect(try CSVRows.read(text, path: "t.csv") == rows)
    }

    @Test func rowsMayDifferInLength() throws {
        #expect(
            try CSVRows.read("a,b\r\n\n1\n,,\n2,3", path: "t.csv") == [["a", "b"], ["1"], ["", "", ""], ["2", "3"]])
        #expect(try CSVRows.read("\n\n", path: "t.csv").isEmpty)
        #expect(try CSVRows.read("", path: "t.csv").isEmpty)
    }

    @Test func anOpenQuoteIsExplained() {
        #expect(
            message { try CSVRows.read("a\n\"b", path: "t.csv") }
                == "t.csv: the quote that opens on line 2 is not closed (at byte 2). Expected another quote (\"); received "
                + "the end of the file. Close it; a quote inside of quotes is written twice.")
    }
}
