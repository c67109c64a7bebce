/// What the cells of one column look like, counted.
struct CSVColumnTally {
    /// How many cells can be read in each way.
    private(set) var counts: [CSVReading: Int] = [:]
    /// Cells that are neither empty nor a word for a missing value.
    private(set) var filled = 0
    /// Whether a cell has a point.
    private(set) var hasPoint = false
    /// The words for missing numbers, and how often they occur.
    private(set) var missingWords: [String: Int] = [:]

    mutating func addMissingWord(_ text: UnsafeRawBufferPointer) {
        missingWords[String(decoding: text, as: UTF8.self), default: 0] += 1
    }

    mutating func add(_ text: UnsafeRawBufferPointer) {
        filled += 1
        if text.contains(UInt8(ascii: ".")) { hasPoint = true }
        // Longer ones are numbers with many digits, or texts.
        guard text.count <= 64 else {
            if CSVNumber.parts(text) != nil { counts[.number, default: 0] += 1 }
            return
        }
        let cell = CSVCell(text)
        for form in cell.forms { counts[CSVReading(form, unit: cell.unit), default: 0] += 1 }
    }

    /// The ways to read the most cells; where there are several, in the order of `CSVReading.Form`.
    var best: (readings: [CSVReading], count: Int) {
        guard let most = counts.values.max() else { return ([], 0) }
        let readings = counts.filter { $0.value == most }.keys
        let order = CSVReading.Form.allCases
        return (
            readings.sorted {
                let (left, right) = (order.firstIndex(of: $0.form)!, order.firstIndex(of: $1.form)!)
                return left == right ? ($0.unit ?? "") < ($1.unit ?? "") : left < right
            }, most
        )
    }

    /// Whether every cell can be read so.
    func fits(_ reading: CSVReading) -> Bool { filled > 0 && counts[reading] == filled }

    /// Whether every cell can be read with the decimal comma, and some are no number otherwise.
    var showsDecimalComma: Bool {
        counts.keys.contains { reading in
            reading.form == .decimalComma && fits(reading)
                && !fits(CSVReading(.thousands, unit: reading.unit)) && !fits(CSVReading(.number, unit: reading.unit))
        }
    }
}
