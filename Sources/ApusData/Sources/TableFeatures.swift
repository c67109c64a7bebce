import ApusConfiguration
import ApusFormats
import ApusGraph
import ApusTensor

/// One feature of the samples of a table: a column of numbers, or a word of a column of words.
struct TableFeature {
    let name: String
    let column: String
    /// The word, if it is one of a column of words.
    let word: String?
    let value: (Int) -> Double

    /// Words of one column that become features; more of them are hardly categories.
    private static let greatestWordCount = 1000
    /// So many different words at least are names of the rows, if nearly every row has another.
    private static let leastNameCount = 11

    /// One feature of a column of numbers, one a word of a column of words.
    ///
    /// - Parameter isAskedFor: Whether the source names the column as one of words.
    static func features(_ column: CSVTable.Column, isAskedFor: Bool, _ path: String) throws -> [TableFeature] {
        switch column.values {
        case .numbers(let numbers):
            return [TableFeature(name: column.name, column: column.name, word: nil) { numbers[$0] }]
        case .categories(let codes, let names) where names.count <= greatestWordCount:
            if !isAskedFor { try checkRepeated(column.name, codes, names, path) }
            return names.enumerated().map { place, word in
                TableFeature(name: "\(column.name)=\(word)", column: column.name, word: word) {
                    Int(codes[$0]) == place ? 1 : 0
                }
            }
        default:
            throw DatasetError(
                .malformed,
                "\(path): the column \(column.name.shown) holds more than \(greatestWordCount) different words",
                expected: "numbers, or a few words", remedy: "Leave it out (ignore: [\(column.name.shown)]).")
        }
    }

    /// Names and numbers of rows say nothing of other rows.
    private static func checkRepeated(_ column: String, _ codes: [Int32], _ names: [String], _ path: String) throws {
        let filled = codes.count { $0 >= 0 }
        guard names.count >= leastNameCount, 4 * names.count > 3 * filled else { return }
        throw DatasetError(
            .malformed,
            "\(path): nearly every row has another word in the column \(column.shown), which would become \(names.count) features",
            expected: "numbers, or words that many rows share",
            received: "\(names.count) different words in \(filled.counted("row")), such as "
                + names.prefix(3).map(\.quoted).joined(separator: ", "),
            remedy: "Leave it out (ignore: [\(column.shown)]), or ask for the features (words: [\(column.shown)]).")
    }
}

/// The features of all rows of a table.
struct TableFeatures {
    let features: [TableFeature]
    let rowCount: Int

    /// A number a row and feature: `float32`, or `float64` where that would lose what sets rows apart.
    func tensor(lossy: [String]) -> Tensor {
        let shape: Shape = [rowCount, features.count]
        func gathered<Number>(_ convert: (Double) -> Number) -> [Number] {
            var numbers: [Number] = []
            numbers.reserveCapacity(rowCount * features.count)
            for row in 0..<rowCount {
                for feature in features { numbers.append(convert(feature.value(row))) }
            }
            return numbers
        }
        return lossy.isEmpty
            ? Tensor(gathered { Float($0) }, shape: shape) : Tensor(gathered { $0 }, shape: shape, type: .float64)
    }

    /// The columns whose numbers differ by so little that `float32` would not hold the difference: timestamps, for instance.
    var lossy: [String] {
        features.filter { feature in
            guard feature.word == nil else { return false }
            var (least, greatest, error) = (Double.infinity, -Double.infinity, 0.0)
            for row in 0..<rowCount {
                let value = feature.value(row)
                guard value.isFinite else { continue }
                least = min(least, value)
                greatest = max(greatest, value)
                error = max(error, abs(value - Double(Float(value))))
            }
            // A step of one in four thousand of the whole range.
            return greatest > least && error > (greatest - least) / 8192
        }.map(\.name)
    }
}
