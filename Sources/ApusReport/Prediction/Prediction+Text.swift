import ApusConfiguration
import ApusCharts
import ApusFormats
public import ApusInference
public import Foundation

extension [Prediction] {
    /// One line a sample, for people; of several outputs each begins with its name.
    public var text: String {
        let rows = map { prediction in
            [prediction.input]
                + prediction.outputs.flatMap { output in
                    let isOne = prediction.outputs.count == 1
                    return (isOne ? [] : ["\(output.name):"])
                        + (output.classes.isEmpty
                            ? [output.numbers.map { NumberFormat.short($0, digits: 5) }.joined(separator: "  ")]
                            : output.classes.map { "\($0.name) \(NumberFormat.percent($0.probability))" })
                }
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

    /// A table: `input,class,probability`, or `class1,probability1,class2…`, or `value…`, of several outputs after their names:
    /// `kind.class,kind.probability,price.value`; numbers that are not finite are `nan`, `inf` and `-inf`.
    public var csv: String {
        let outputs = Swift.max(1, map(\.outputs.count).max() ?? 0)
        let columns = (0..<outputs).flatMap { place in
            let answers = compactMap { $0.outputs.indices.contains(place) ? $0.outputs[place] : nil }
            let width = answers.map { $0.classes.isEmpty ? $0.numbers.count : $0.classes.count }.max() ?? 0
            let hasClasses = answers.contains { !$0.classes.isEmpty }
            let name = answers.first?.name ?? ""
            let prefix = outputs == 1 ? "" : "\(name)."
            return (1...Swift.max(1, width)).flatMap { place in
                let number = width > 1 ? "\(place)" : ""
                return (hasClasses ? ["class\(number)", "probability\(number)"] : ["value\(number)"]).map {
                    prefix + $0
                }
            }
        }
        let rows = map { prediction in
            [prediction.input]
                + prediction.outputs.flatMap { output in
                    output.classes.isEmpty
                        ? output.numbers.map { FileNumber.text(Float($0)) }
                        : output.classes.flatMap { [$0.name, decimals($0.probability)] }
                }
        }
        return CSVRows.text([["input"] + columns] + rows)
    }

    /// A list of objects, several outputs by their names; numbers that are not finite are texts.
    public func json() throws -> Data { try FileJSON.encoder(isPretty: true).encode(self) }
}
