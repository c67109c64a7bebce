import ApusFormats
import ApusTestKit
import Foundation
import Testing

/// Numbers, dates and missing values as people write them.
@Suite struct CSVReadingTests {
    private func read(_ cells: [String], _ format: CSVFormat = CSVFormat(separator: .tab)) throws -> (
        CSVTable.Values, CSVColumnFacts
    ) {
        return try withTemporaryFolder { folder in
            let path = try folder.file("t.csv", Array("x\ty\n\(cells.map { "\($0)\t1\n" }.joined())".utf8))
            let (table, facts) = try CSVTable.readWithFacts(path, format: format)
            return (table.columns[0].values, facts[0])
        }
    }

    @Test(
        arguments: [
            (["1,5", "2,25", "-3"], [1.5, 2.25, -3], CSVReading(.decimalComma)),
            (["1.234,5", "2", "0,5e1"], [1234.5, 2, 5], CSVReading(.decimalComma)),
            (["0,123", "1,000"], [0.123, 1], CSVReading(.decimalComma)),
            (["1,000.5", "2", "-1,234,567"], [1000.5, 2, -1_234_567], CSVReading(.thousands)),
            (["1,000", "2"], [1000, 2], CSVReading(.thousands)),
            (["1'000", "2.5"], [1000, 2.5], CSVReading(.thousands)),
            (["1 000", "2\u{a0}000", "3\u{202f}000,5"], [1000, 2000, 3000.5], CSVReading(.decimalComma)),
            (["5%", "-2.5 %"], [5, -2.5], CSVReading(.number, unit: "%")),
            (["$5", "-$2.50", "$ 3"], [5, -2.5, 3], CSVReading(.number, unit: "$")),
            (["5,50 €", "1.000,00 €"], [5.5, 1000], CSVReading(.decimalComma, unit: "€")),
            (["1970-01-02", "1969-12-31", "2024/02/29"], [1, -1, 19782], CSVReading(.date)),
            (
                ["1970-01-01T12:00:00Z", "1970-01-02 00:00", "1970-01-01 01:00:00+01:00", "1970-01-01T06:00:00.5"],
                [0.5, 1, 0, 0.25 + 0.5 / 86400], CSVReading(.date)
            ),
            (["31.01.1970", "01/02/1970"], [30, 31], CSVReading(.dayFirst)),
            (["01/31/1970", "2/1/1970"], [30, 31], CSVReading(.monthFirst)),
            (["01/02/1970"], [1], CSVReading(.monthFirst)),
            (["18:30", "00:00:36"], [18.5, 0.01], CSVReading(.time)),
            (["1", "-", "n.a.", "None", "4"], [1, .nan, .nan, .nan, 4], .number),
        ] as [([String], [Double], CSVReading)])
    func cells(_ cells: [String], _ expected: [Double], _ reading: CSVReading) throws {
        let (values, facts) = try read(cells)
        guard case .numbers(let numbers) = values else {
            Issue.record("\(cells) are words")
            return
        }
        #expect(facts.reading == reading)
        #expect(numbers.count == expected.count)
        for (number, expected) in zip(numbers, expected) {
            #expect(abs(number - expected) < 1e-12 || number.isNaN && expected.isNaN, "\(cells)")
        }
    }

    @Test(arguments: [
        ["1,23,456", "1"], ["12,34.5"], ["2024-02-30"], ["2023-02-29"], ["25:00"], ["1-2-3"], ["5%", "5"],
        ["$5", "€5"], ["a", "-"],
        ["C85", "12"], ["1.2.3.4"], ["--", "-"], ["%"], ["$"], ["1970-01-01T"],
    ])
    func words(_ cells: [String]) throws {
        let (values, facts) = try read(cells)
        #expect(facts.reading == nil)
        if case .numbers = values { Issue.record("\(cells) are numbers") }
    }

    /// One cell that is none among numbers is found.
    @Test(arguments: ["12a", "5%", "1,000x", "$5", "O"])
    func oddCells(_ odd: String) throws {
        let (_, facts) = try read((0..<30).map { $0 == 20 ? odd : "\($0).5" })
        let found = try #require(facts.odd)
        #expect(found.first.line == 22 && found.first.text == odd && found.count == 1 && found.of == 30)
        #expect(found.reading == .number)
        // Where many are words, all are.
        #expect(try read((0..<30).map { $0 % 3 == 0 ? odd : "\($0).5" }).1.odd == nil)
    }

    /// What one column leaves open another one says.
    @Test func columnsAgree() throws {
        func numbers(_ text: String, _ decimal: CSVFormat.Decimal? = nil) throws -> [CSVTable.Values] {
            try CSVTests.read(text, CSVFormat(decimal: decimal)).columns.map(\.values)
        }
        #expect(try numbers("a;b\n1,5;1.234\n2,5;2.000\n") == [.numbers([1.5, 2.5]), .numbers([1234, 2000])])
        #expect(try numbers("a;b\n1.5;1.234\n2.5;2.000\n") == [.numbers([1.5, 2.5]), .numbers([1.234, 2])])
        #expect(try numbers("a;b\n1,000;x\n2,000;y\n", .point)[0] == .numbers([1000, 2000]))
        #expect(try numbers("a;b\n1,000;x\n2,000;y\n")[0] == .numbers([1, 2]))
        #expect(try numbers("a,b\n\"1,000\",x\n\"2,000\",y\n")[0] == .numbers([1000, 2000]))
        #expect(try numbers("a,b\n\"1,000\",x\n\"2,000\",y\n", .comma)[0] == .numbers([1, 2]))
    }

    /// Files whose fields are divided by spaces.
    @Test(arguments: 16..<32) func spaces(window: Int) throws {
        let text = "  a  b\tc\n1   2 x \n 3 \"4 5\"\ty\r\n\n5 6 z"
        let table = try CSVTable.read(
            ByteSource(Array(text.utf8), name: "t"), format: CSVFormat(separator: .space, hasHeader: true),
            window: window)
        #expect(
            CSVTests.words(table) == [
                "a: 1.0 3.0 5.0", "b: [\"2\", \"4 5\", \"6\"] [\"2\", \"4 5\", \"6\"]",
                "c: [\"x\", \"y\", \"z\"] [\"x\", \"y\", \"z\"]",
            ])
    }

    @Test func spacesAreFound() throws {
        #expect(CSVTests.words(try CSVTests.read("a b\n1 2\n3  4\n")) == ["a: 1.0 3.0", "b: 2.0 4.0"])
        #expect(CSVTests.words(try CSVTests.read("word\nand more\n")) == ["word: [\"and more\"] [\"and more\"]"])
    }

    /// A name that there should be makes the first row that of names.
    @Test func expectedNames() {
        var format = CSVFormat()
        format.names = ["y"]
        #expect(
            message { try CSVTests.read("x,x,y\n1,2,3\n", format) }.contains(
                "two columns have the name \"x\""))
        #expect((try? CSVTests.read("2020,2021,y\n1,2,3\n", format).rowCount) == 1)
    }

    /// Columns whose use is known are read so, whatever they hold.
    @Test func knownUses() throws {
        var format = CSVFormat()
        format.uses = ["a": .numbers(CSVReading(.decimalComma)), "b": .words]
        #expect(
            CSVTests.words(try CSVTests.read("a;b\n1.000;3\n;4\n", format)) == [
                "a: 1000.0 nan", "b: [\"3\", \"4\"] [\"3\", \"4\"]",
            ])
        #expect(
            message { try CSVTests.read("a;b\n1,5;3\n1.5;4\n", format) }
                == "t.csv: line 3 holds \"1.5\" in the column \"a\". Expected numbers with a decimal comma (1,5 is one and a half). "
                + "Correct the cell, or leave it empty if the value is missing.")
    }
}
