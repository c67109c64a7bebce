import ApusFormats
import ApusTestKit
import ApusFuzzing
import Foundation
import Testing

@Suite struct CSVTests {
    static func read(_ text: String, _ format: CSVFormat = CSVFormat()) throws(FormatError) -> CSVTable {
        try CSVTable.read(ByteSource(Array(text.utf8), name: "t.csv"), format: format)
    }

    /// A table in few words: NaN equals nothing, its description does.
    static func words(_ table: CSVTable) -> [String] {
        table.columns.map { column in
            switch column.values {
            case .numbers(let numbers): "\(column.name): \(numbers.map { "\($0)" }.joined(separator: " "))"
            case .categories(let codes, let names):
                "\(column.name): \(codes.map { $0 < 0 ? "-" : names[Int($0)] }) \(names)"
            case .text(let count): "\(column.name): \(count) texts"
            }
        }
    }

    static let tables: [(text: String, format: CSVFormat, words: [String])] = [
        ("a,b\n1,2\n3,4\n", CSVFormat(), ["a: 1.0 3.0", "b: 2.0 4.0"]),
        ("a,b\r\n1,2\r\n3,4", CSVFormat(), ["a: 1.0 3.0", "b: 2.0 4.0"]),
        ("a,b\r1,2\r3,4\r", CSVFormat(), ["a: 1.0 3.0", "b: 2.0 4.0"]),
        ("\u{feff}a;b\n\n1,5;x\n", CSVFormat(), ["a: 1.5", "b: [\"x\"] [\"x\"]"]),
        ("a\tb;c\n1\t2\n", CSVFormat(), ["a: 1.0", "b;c: 2.0"]),
        ("1,2\n3,4\n", CSVFormat(), ["column 1: 1.0 3.0", "column 2: 2.0 4.0"]),
        (
            "p,x,x\ne,x,y\n", CSVFormat(),
            [
                "column 1: [\"p\", \"e\"] [\"e\", \"p\"]", "column 2: [\"x\", \"x\"] [\"x\"]",
                "column 3: [\"x\", \"y\"] [\"x\", \"y\"]",
            ]
        ),
        (
            "p,x\ne,y\n", CSVFormat(hasHeader: false),
            [
                "column 1: [\"p\", \"e\"] [\"e\", \"p\"]", "column 2: [\"x\", \"y\"] [\"x\", \"y\"]",
            ]
        ),
        ("2001,2002\n1,2\n", CSVFormat(hasHeader: true), ["2001: 1.0", "2002: 2.0"]),
        (",b\n1,2\n", CSVFormat(), ["column 1: 1.0", "b: 2.0"]),
        ("a,b\n1,\nNA,NaN\n?,null\n,5\n", CSVFormat(), ["a: 1.0 nan nan nan", "b: nan nan nan 5.0"]),
        ("a,b\n-999,NA\n1,?\n", CSVFormat(missing: ["-999"]), ["a: nan 1.0", "b: [\"NA\", \"?\"] [\"?\", \"NA\"]"]),
        (
            "a,b\n,é\nx,\nz,B\nx,é\n", CSVFormat(),
            [
                "a: [\"-\", \"x\", \"z\", \"x\"] [\"x\", \"z\"]", "b: [\"é\", \"-\", \"B\", \"é\"] [\"B\", \"é\"]",
            ]
        ),
        (
            "a,b\n\"x, \"\"y\"\"\r\nz\", \"\" \n \" p \" ,5\" \n", CSVFormat(),
            [
                "a: [\"x, \\\"y\\\"\\r\\nz\", \" p \"] [\" p \", \"x, \\\"y\\\"\\r\\nz\"]",
                "b: [\"-\", \"5\\\"\"] [\"5\\\"\"]",
            ]
        ),
        (
            "age, job\n39, State-gov\n 50,Private \n", CSVFormat(),
            [
                "age: 39.0 50.0", "job: [\"State-gov\", \"Private\"] [\"Private\", \"State-gov\"]",
            ]
        ),
        ("a\n\"\"\n\n1\n", CSVFormat(), ["a: nan 1.0"]),
        ("a,b\n", CSVFormat(), ["a: ", "b: "]),
        ("x", CSVFormat(), ["x: "]),
        (
            "a,b,c\n1.5e3,-0,.5\n+inf,-Infinity,5.\n1e-400,1e400,12345678901234567890123\n", CSVFormat(),
            [
                "a: 1500.0 inf 0.0", "b: -0.0 -inf inf", "c: 0.5 5.0 1.2345678901234568e+22",
            ]
        ),
        (
            "a,b,c,d,e,f\n1e,0x10,1_0,1.2.3,--1,.\n", CSVFormat(),
            [
                "a: [\"1e\"] [\"1e\"]", "b: [\"0x10\"] [\"0x10\"]", "c: [\"1_0\"] [\"1_0\"]",
                "d: [\"1.2.3\"] [\"1.2.3\"]",
                "e: [\"--1\"] [\"--1\"]", "f: [\".\"] [\".\"]",
            ]
        ),
    ]

    @Test(arguments: tables.indices)
    func tablesAreRead(index: Int) throws {
        let (text, format, words) = CSVTests.tables[index]
        let table = try CSVTests.read(text, format)
        #expect(CSVTests.words(table) == words)
        try withTemporaryFolder { folder throws in
            #expect(
                CSVTests.words(try CSVTable.read(try folder.file("t.csv", Array(text.utf8)), format: format)) == words)
        }
    }

    /// Numbers are rounded as Swift rounds them, on the fast way and on the slow one.
    @Test func numbersAreRoundedCorrectly() throws {
        var generator = SeededGenerator(seed: 1)
        var texts = ["9007199254740993", "9007199254740992.9999", "1e22", "1e23", "123456789e-22", "0.1", "8.5e-323"]
        for _ in 0..<3000 {
            let digits = String(
                (0..<Int.random(in: 1...22, using: &generator)).map { _ in
                    "0123456789".randomElement(using: &generator) ?? "0"
                })
            let point = Int.random(in: 0...digits.count, using: &generator)
            let exponent = Bool.random(using: &generator) ? "" : "e\(Int.random(in: -30...30, using: &generator))"
            texts.append("\(digits.prefix(point)).\(digits.dropFirst(point))\(exponent)")
        }
        let expected = texts.map {
            Double($0.hasPrefix(".") ? "0\($0)" : $0.hasSuffix(".") ? "\($0)0" : $0)
                ?? Double($0.replacing(".e", with: ".0e"))
        }
        let table = try CSVTests.read("a\n" + texts.joined(separator: "\n"))
        guard case .numbers(let numbers) = table.columns[0].values else {
            Issue.record("not numeric")
            return
        }
        #expect(numbers.count == texts.count)
        for (index, number) in numbers.enumerated() { #expect(number == expected[index], "\(texts[index])") }
    }

    /// Rows that start, end and break anywhere in the window.
    @Test(arguments: 16..<48)
    func windowsEndAnywhere(window: Int) throws {
        for (text, format, words) in CSVTests.tables {
            let source = ByteSource(Array(text.utf8), name: "t.csv")
            #expect(CSVTests.words(try CSVTable.read(source, format: format, window: window)) == words)
        }
        for (text, format, expected) in CSVTests.broken where text.utf8.count < 100 && expected != "no error" {
            let source = ByteSource(Array(text.utf8), name: "t.csv")
            let received = message {
                try CSVTable.read(source, format: format, window: window)
            }
            #expect(received == "t.csv: \(expected)")
        }
        let row = "\"a\"\"\"\"b\r\nc\",\"\" ,12\r\n"
        let source = ByteSource(Array(("x,y,z\n" + String(repeating: row, count: 50)).utf8), name: "t.csv")
        let table = try CSVTable.read(source, window: window)
        #expect(
            table.columns[0].values == .categories(codes: Array(repeating: 0, count: 50), names: ["a\"\"b\r\nc"]))
        #expect(table.columns[2].values == .numbers(Array(repeating: 12, count: 50)))
    }

    @Test func windowsMove() throws {
        let row = "\"a\"\"b\r\nc\",12,\"\"\r\n"
        let text = "x,y,z\r\n" + String(repeating: row, count: 200_000)
        let table = try CSVTests.read(text)
        #expect(table.rowCount == 200_000)
        #expect(
            table.columns[0].values == .categories(codes: Array(repeating: 0, count: 200_000), names: ["a\"b\r\nc"]))
        #expect(table.columns[1].values == .numbers(Array(repeating: 12, count: 200_000)))
        let long = String(repeating: "y", count: 3 << 20)
        #expect(
            try CSVTests.read("a,b\n\(long),1\n\(long),2\n").columns[0].values
                == .categories(codes: [0, 0], names: [long]))
    }

    @Test func textsThatAreNoCategories() throws {
        let text = "id,class\n" + (0..<70_000).map { "n\($0),\($0 % 2 == 0 ? "a" : "b")\n" }.joined()
        let table = try CSVTests.read(text)
        #expect(table.columns[0].values == .text(count: 70_000))
        #expect(table.columns[1].values.count == 70_000)
        guard case .categories(_, let names) = table.columns[1].values else {
            Issue.record("no categories")
            return
        }
        #expect(names == ["a", "b"])
        #expect(
            message { try table.encoded() }
                == "the texts of column \"id\" were not kept. Expected numbers or categories; received more different "
                + "texts than are kept. Leave the column out.")
    }

    static let broken: [(text: String, format: CSVFormat, message: String)] = [
        (
            "", CSVFormat(),
            "the file is empty. Expected a table: a row of names and rows of values; received 0 bytes. "
                + "Check the path; save the table again."
        ),
        (
            "\n\r\n", CSVFormat(),
            "the file is empty. Expected a table: a row of names and rows of values; received 3 bytes. "
                + "Check the path; save the table again."
        ),
        (
            "a,b\n1,2\n\n3,4,5\n", CSVFormat(),
            "line 4 has 3 fields (at byte 9). Expected 2 fields as on line 1. Complete "
                + "the line; put fields that contain the separator (,) in quotes."
        ),
        (
            "a,\"b\nc\"\n1,2\n3\n", CSVFormat(),
            "line 4 has 1 field (at byte 12). Expected 2 fields as on line 1. Complete "
                + "the line; put fields that contain the separator (,) in quotes."
        ),
        ("a;b\n1\n", CSVFormat(separator: .tab), "no error"),
        (
            "a,b\r\n1,2\r\n3,4\r\n15,26\r\n37,48\r\n5\r\n", CSVFormat(),
            "line 6 has 1 field (at byte 29). Expected 2 fields as on line 1. Complete the line; put fields that contain "
                + "the separator (,) in quotes."
        ),
        (
            "a,b\n1,\"x\n2,y\n", CSVFormat(),
            "the quote that opens on line 2 is not closed (at byte 6). Expected another "
                + "quote (\"); received the end of the file. Close it; a quote inside of quotes is written twice."
        ),
        (
            "a,b\n1,\"x\"y\n", CSVFormat(),
            "a field on line 2 continues after its closing quote (at byte 9). Expected the "
                + "separator or the end of the line; received 79. Write a quote inside of quotes twice."
        ),
        (
            "a,b,a\n1,2,3\n", CSVFormat(hasHeader: true),
            "two columns have the name \"a\" (at byte 0). Expected different "
                + "names. Rename one, or say that the file has no row of names."
        ),
        (
            "\u{0}\u{0}\u{8}\u{3}", CSVFormat(),
            "this is not a table of text in UTF-8 (at byte 0). Expected "
                + "comma-separated values; received 00 00 08 03. Check the path; if it is text in UTF-16, save it as UTF-8."
        ),
        (
            "a,b\n1,x\n1,\u{0}\n", CSVFormat(),
            "the row on line 3 is not text in UTF-8 (at byte 8). Save the table as UTF-8: "
                + "iconv -f latin1 -t utf-8 OLD > NEW."
        ),
        (
            String(repeating: ",", count: 70_000), CSVFormat(),
            "the row on line 1 has too many fields (at byte 33041). "
                + "Expected at most 33041 for the size of the file. Check the line ends; if the table is that wide, save it as .npy."
        ),
        (
            "a\n\"" + String(repeating: "x", count: 9 << 20), CSVFormat(),
            "the row that starts on line 2 is longer than 8 MB "
                + "(at byte 2). Look for a quote (\") in it that is not closed, or for another line end than LF or CR LF."
        ),
        (
            "a,b\n" + String(repeating: ",\n", count: 3 << 20), CSVFormat(),
            "nearly all fields of the table are empty. "
                + "Expected at most 33554448 bytes of values; received 50331648 bytes. Remove the columns without values."
        ),
    ]

    @Test(arguments: broken.indices)
    func mistakesAreExplained(index: Int) {
        let (text, format, expected) = CSVTests.broken[index]
        let received = message { try CSVTests.read(text, format) }
        #expect(received == (expected == "no error" ? expected : "t.csv: \(expected)"))
    }

    @Test func otherEncodingsAreExplained() {
        for start in [[0xff, 0xfe, 0x61, 0], [0x61, 0, 0x2c, 0], [0x61, 0x2c, 0x62, 0x0a, 0xe9, 0x2c, 0x31]]
            as [[UInt8]]
        {
            #expect(
                message { try CSVTable.read(ByteSource(start, name: "t")) }.contains("UTF-8"))
        }
    }

    @Test func tablesComeBack() throws {
        let table = try CSVTable([
            .init(name: "a \"b\"", values: .numbers([0.1, -0.0, 1e300, -7, 123_456_789, .infinity, -0x1p63])),
            .init(
                name: "c,d;e",
                values: .categories(codes: [0, -1, 1, 2, 3, 4, 0], names: [" x", "a\nb", "q\"", "é", "ü;,\t"])),
        ])
        for separator in CSVFormat.Separator.allCases {
            try withTemporaryFolder { folder in
                let path = try folder.file("t.csv")
                try table.write(to: path, separator: separator)
                #expect(try contents(path) == table.encoded(separator: separator))
                #expect(CSVTests.words(try CSVTable.read(path)) == CSVTests.words(table))
            }
        }
        #expect(
            String(decoding: try table.encoded(), as: UTF8.self).hasPrefix(
                "\"a \"\"b\"\"\",\"c,d;e\"\n0.1,\" x\"\n-0.0,\n1e+300,\"a\nb\"\n-7,\"q\"\"\"\n123456789,é\ninf,\"ü;,\t\"\n"
            ))
        let marked = try CSVTable([.init(name: "\u{feff}m", values: .numbers([1]))])
        #expect(try CSVTable.read(ByteSource(marked.encoded(), name: "t")) == marked)
        let single = try CSVTable([.init(name: "n", values: .numbers([1, .nan, 3]))])
        #expect(try single.encoded() == Array("n\n1\n\"\"\n3\n".utf8))
        #expect(CSVTests.words(try CSVTests.read("n\n1\n\"\"\n3\n")) == CSVTests.words(single))
    }

    @Test func columnsMustFit() throws {
        #expect(
            message {
                try CSVTable([
                    .init(name: "a", values: .numbers([1])), .init(name: "b", values: .numbers([1, 2])),
                ])
            }
                == "the columns of the table differ in length. Expected 1 row as in \"a\"; received 2 in \"b\". Give each "
                + "column one value a row.")
        #expect(
            message {
                try CSVTable([.init(name: "a", values: .categories(codes: [1], names: ["x"]))])
            } == "a code in column \"a\" has no name. Expected -1 to 0; received 1. Give a name for each code.")
        #expect(
            message { try CSVTests.read("a,b\n1,2").column(named: "c") }
                == "the table has no column \"c\". Expected one of \"a\", \"b\". Check the name, and whether the first row "
                + "of the file names the columns (header: true).")
        #expect(try CSVTests.read("a,b\n1,2").column(named: "b").values == .numbers([2]))
    }
}
