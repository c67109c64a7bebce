import ApusFormats
import ApusInference
import ApusTestKit
import Foundation
import Testing

/// Rows of tables at hand and in files: the same cells are the same samples.
@Suite struct RowTests {
    /// A model whose outputs are the features: `price` with a decimal comma and €, `color` of two words, `day`, and `size`.
    private func seeing(hasColumns: Bool = true) throws -> TrainedModel {
        let features = [("price", 1.5), ("color=blue", 0.5), ("color=red", 0.5), ("day", 100), ("size", 7)]
        var details = ModelDescription(
            Sequential { Flatten() },
            inputs: [
                ModelDescription.Input(
                    "", [5], .float64, features: features.map { ModelDescription.Feature(name: $0.0, mean: $0.1) })
            ], outputs: [ModelDescription.Output(meaning: .numbers)])
        if hasColumns {
            details.table = CSVSource("t.csv", target: "y", separator: .semicolon)
            details.columns = [
                TableColumn(name: "y", role: .label, content: "words"),
                TableColumn(
                    name: "price", role: .feature, content: "numbers", reading: CSVReading(.decimalComma, unit: "€")),
                TableColumn(name: "color", role: .feature, content: "words"),
                TableColumn(name: "day", role: .feature, content: "dates", reading: CSVReading(.date)),
                TableColumn(name: "size", role: .feature, content: "numbers", reading: .number),
            ]
        }
        return TrainedModel(details.model!, details, variables: Variables(), device: .cpu)
    }

    @Test func cellsAreReadAsInTraining() throws {
        let model = try seeing()
        let row: [String: TableValue] = ["price": "1,25 €", "color": "red", "day": "1970-01-11", "size": 3]
        #expect(try model.predict(row: row).numbers == [1.25, 0, 1, 10, 3])
        // Numbers are taken as they are, whatever they looked like in the file.
        #expect(try model.predict(row: row.merging(["price": 2.5, "day": 11]) { $1 }).numbers == [2.5, 0, 1, 11, 3])
        #expect(
            try model.predict(row: row.merging(["price": " 1.234,5 € ", "color": " blue "]) { $1 }).numbers[0...2] == [
                1234.5, 1, 0,
            ])
        // The label may stay where it was.
        #expect(try model.predict(row: row.merging(["y": "a"]) { $1 }).numbers == [1.25, 0, 1, 10, 3])
    }

    @Test func whatIsMissingIsTheMean() throws {
        let model = try seeing()
        let expected: [Double] = [1.5, 0, 0, 100, 7]
        #expect(try model.predict(row: ["price": nil, "color": nil, "day": nil, "size": nil]).numbers == expected)
        #expect(try model.predict(row: ["price": "", "color": "NA", "day": "-", "size": "?"]).numbers == expected)
        #expect(
            try model.predict(row: ["price": .number(.nan), "color": "", "day": "n/a", "size": " "]).numbers == expected
        )
    }

    /// A word of a column of words may look like a number.
    @Test func newWordsAreReported() throws {
        var notes: [String] = []
        let rows: [[String: TableValue]] = [
            ["price": 1, "color": 1, "day": 2, "size": 3], ["price": 1, "color": "green", "day": 2, "size": 3],
            ["price": 1, "color": "blue", "day": 2, "size": 3],
        ]
        let predictions = try seeing().predict(rows: rows, names: ["a", "b", "c"]) { notes.append($0) }
        #expect(predictions.map(\.input) == ["a", "b", "c"])
        #expect(predictions.map { $0.numbers[1...2] } == [[0, 0], [0, 0], [1, 0]])
        #expect(
            notes == [
                "the column color holds \"1\", \"green\", which the training did not have: none of its words counts there"
            ])
    }

    /// The rows of a file, and the same rows at hand.
    @Test(arguments: [true, false]) func filesAndRowsAgree(hasColumns: Bool) throws {
        try withTemporaryFolder { folder in
            let model = try seeing(hasColumns: hasColumns)
            let price = hasColumns ? ["1,25 €", "0,5€", "", "12.345,5 €"] : ["1.25", "0.5", "", "12345.5"]
            let days = hasColumns ? ["2024-02-29", "", "1969-12-31 12:00", "2000/01/02"] : ["3", "", "-0.5", "1e3"]
            let cells = zip(price, days).enumerated().map { index, cell in
                ["price": cell.0, "day": cell.1, "color": ["red", "blue", "", "pink"][index], "size": "\(index).5"]
            }
            let order = ["size", "price", "more", "color", "day"]
            let lines = cells.map { row in order.map { row[$0] ?? "x" }.joined(separator: ";") }
            try Data(([order.joined(separator: ";")] + lines).joined(separator: "\n").utf8).write(
                to: URL(filePath: "\(folder)/table"))
            let fromFile = try model.predict(csv: "\(folder)/table")
            let fromRows = try model.predict(rows: cells.map { $0.mapValues { .text($0) } })
            #expect(fromFile.map(\.numbers) == fromRows.map(\.numbers) && fromFile.count == 4)
            #expect(fromFile.map(\.input) == (0..<4).map { "\(folder)/table#\($0)" })
            #expect(fromRows[1].numbers[1...] == [1, 0, 100, 1.5] && fromRows[3].numbers[1...2] == [0, 0])
        }
    }

    @Test func mistakesSayTheRow() throws {
        let model = try seeing()
        let row: [String: TableValue] = ["price": 1, "color": "red", "day": 2, "size": 3]
        func problem(_ changes: [String: TableValue]) -> String {
            message { try model.predict(rows: [row, row.merging(changes) { $1 }]) }
        }
        #expect(
            problem(["colour": "red"])
                == "row 1 has the column colour, which the training did not have. Expected the columns price, color, day, size. "
                + "Leave it out, or correct its name (did you mean color?).")
        #expect(
            message { try model.predict(rows: [row, ["price": 1, "color": "red", "size": 3]]) }
                == "row 1 lacks the column day. Expected all columns that the model was trained on. "
                + "Add it; give nil where the value is not known.")
        #expect(
            message { try model.predict(row: ["price": 1]) }
                == "row 0 lacks the column color. Expected all columns that the model was trained on. "
                + "Add it; give nil where the value is not known.")
        #expect(
            problem(["price": "1.25 $"])
                == "row 1 holds \"1.25 $\" in the column price. Expected numbers with a decimal comma (1,5 is one and a half), with €. "
                + "Correct the cell, or give nil if the value is missing.")
        #expect(
            problem(["size": .number(-.infinity)])
                == "row 1 holds -inf in the column size. Expected a finite number. "
                + "Correct the cell, or give nil if the value is missing.")
        #expect(problem(["size": "inf"]).contains("row 1 holds \"inf\" in the column size. Expected a finite number."))
        #expect(
            message { try doubling().predict(row: ["x": 1]) }
                == "the model was not trained on a table whose columns have names. Expected [N, 3]; received a row. "
                + "Give samples as a tensor: model.predict(samples).")
        // Names are known without their columns.
        #expect(
            message { try seeing(hasColumns: false).predict(row: ["price": 1, "color": "red", "day": 2]) }
                == "row 0 lacks the column size. Expected all columns that the model was trained on. "
                + "Add it; give nil where the value is not known.")
        #expect(
            message { try seeing(hasColumns: false).predict(row: ["prize": 1]) }.contains(
                "Expected the columns price, color, day, size. Leave it out, or correct its name (did you mean price?)."
            ))
    }

    // MARK: Several inputs

    /// What lies wide and what lies deep, as outputs.
    private struct WideDeep: Model, Codable {
        func outputs(for inputs: Values, in context: Context) -> Values {
            ["deep": inputs["deep"] * 1, "wide": inputs["wide"] * 1, "last": inputs["last"] * 1]
        }
    }

    private func wideDeep() -> TrainedModel {
        func features(_ names: String...) -> [ModelDescription.Feature] {
            names.map { ModelDescription.Feature(name: $0, mean: 5) }
        }
        let details = ModelDescription(
            WideDeep(),
            inputs: [
                ModelDescription.Input("deep", [2], .float32, features: features("rooms", "area")),
                ModelDescription.Input("wide", [3], .float32, features: features("town=A", "town=B", "rooms")),
                ModelDescription.Input("last", [1], .float32, features: features("area")),
            ], outputs: [])
        return TrainedModel(WideDeep(), details, variables: Variables(), device: .cpu)
    }

    /// Each column goes to its inputs, one of them to both.
    @Test func columnsGoToTheirInputs() throws {
        try withTemporaryFolder { folder in
            let model = wideDeep()
            let path = "\(folder)/houses.csv"
            try Data("town,area,rooms\nB,80.5,3\nA,,4\n".utf8).write(to: URL(filePath: path))
            let predictions = try model.predict(files: [path])
            #expect(predictions.map { $0["deep"]!.numbers } == [[3, 80.5], [4, 5]])
            #expect(predictions.map { $0["wide"]!.numbers } == [[0, 1, 3], [1, 0, 4]])
            #expect(predictions.map { $0["last"]!.numbers } == [[80.5], [5]])
            #expect(try model.predict(files: [path], samples: 1).map { $0["wide"]!.numbers } == [[0, 1, 3]])
            let row = try model.predict(row: ["town": "B", "area": 80.5, "rooms": 3])
            #expect(row.outputs == predictions[0].outputs)
            // Files of such models hold the columns.
            try model.write(to: "\(folder)/m.apus", kinds: [WideDeep.self])
            let read = try TrainedModel("\(folder)/m.apus", kinds: [WideDeep.self])
            #expect(read.details.inputs == model.details.inputs)
            #expect(try read.predict(csv: path).map(\.outputs) == predictions.map(\.outputs))
        }
    }

    @Test func tablesThatDoNotFit() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/t.csv"
            func problem(_ text: String, _ model: TrainedModel) throws -> String {
                try Data(text.utf8).write(to: URL(filePath: path))
                return message { try model.predict(csv: path) }
            }
            #expect(
                try problem("town,area\nA,1\n", wideDeep())
                    == "\(path): the file lacks the column rooms. Expected the columns that the network was trained on, by their names, "
                    + "in any order; received town, area. Add it; a cell may be empty where the value is not known.")
            // Columns without names are of one input.
            #expect(try problem("1,2,3,4,5\n", wideDeep()).contains("the file lacks the columns rooms, area, town"))
            #expect(
                try problem("1,2\n", TwoWays.trained())
                    == "\(path): the network takes 2 inputs, and not from a table. Expected \"left\" [N, 2], \"right\" [N, 3]; received a "
                    + "table. Predict in Swift, with each input by its name.")
            try NPY.write(try NumericArray(shape: [2], elements: [0, 1] as [Float]), to: "\(folder)/x.npy")
            #expect(
                message { try TwoWays.trained().predict(files: ["\(folder)/x.npy"]) }
                    == "\(folder)/x.npy: the network takes 2 inputs. Expected a table (.csv) with the columns of all inputs, or a file "
                    + "of arrays (.npz) with their names; received an array. Give \"left\" [N, 2], \"right\" [N, 3].")
            try Image(height: 1, width: 1, channels: 1, pixels: [0]).writePNG(to: "\(folder)/x.png")
            #expect(
                message { try TwoWays.trained().predict(files: ["\(folder)/x.png"]) }
                    == "\(folder)/x.png: the network does not take images. Expected the inputs \"left\" [N, 2], \"right\" [N, 3]; received an "
                    + "image. Predict in Swift, with each input by its name, or give a table (.csv) or a file of arrays (.npz)."
            )
        }
    }
}
