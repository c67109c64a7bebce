/// What was found out about a column when it was read.
package struct CSVColumnFacts: Sendable {
    /// A cell that stands out.
    package struct Cell: Sendable {
        /// Its line in the file, from 1.
        package var line: Int
        package var text: String
    }

    /// The title of the column.
    package var name: String
    /// How its cells are numbers; `nil` for words.
    package var reading: CSVReading?
    /// Rows without a value.
    package var missingCount = 0
    /// The words that were taken for a missing number, the usual ones left out.
    package var missingWords: [String] = []
    /// Why it is read so, where that is not plain.
    package var reason: String?
    /// Of words that are nearly all numbers: how they would be read, how many of them are none, and the first of those.
    package var odd: (reading: CSVReading, count: Int, of: Int, first: Cell)?
    /// The first number that is infinite.
    package var infinite: Cell?
}
