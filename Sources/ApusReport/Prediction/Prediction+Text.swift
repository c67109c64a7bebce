import ApusConfiguration
import ApusCharts
import ApusFormats
public import ApusInference
public import Foundation

extension [Prediction] {
    /// One line a sample, for people.
    public var text: String {
        let rows = map { prediction in
            [prediction.input]
                + (prediction.classes.isEmpty
                    ? [prediction.numbers.map { NumberFormat.short($0, digits: 5) }.joined(separator: "  ")]
                    : prediction.classes.map { "\($0.name) \(NumberFormat.percent($0.probability))" })
        }
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                column == row.count - 1 ? text : text + String(repeating: " ", count: widths[column] - text.count)
            }.joined(separator: "  ") + "\n"
        }.joined()
    }

    /// A table: `input,class,probability`, or `class1,probability1,class2…`, or `value…`; numbers that are not finite are `nan`, `inf`
    /// and `-inf`.
    public var csv: String {
        let width = map { $0.classes.isEmpty ? $0.numbers.count : $0.classes.count }.max() ?? 0
        let hasClasses = contains { !$0.classes.isEmpty }
        let columns = (1...Swift.max(1, width)).flatMap { place in
            let number = width > 1 ? "\(place)" : ""
            return hasClasses ? ["class\(number)", "probability\(number)"] : ["value\(number)"]
        }
        let rows = map { prediction in
            [prediction.input]
                + (prediction.classes.isEmpty
                    ? prediction.numbers.map { FileNumber.text(Float($0)) }
                    : prediction.classes.flatMap { [$0.name, decimals($0.probability)] })
        }
        return CSVRows.text([["input"] + columns] + rows)
    }

    /// A list of objects; numbers that are not finite are texts.
    public func json() throws -> Data { try FileJSON.encoder(isPretty: true).encode(self) }
}
