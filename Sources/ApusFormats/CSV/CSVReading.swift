/// How the cells of a column are read as numbers.
public struct CSVReading: Hashable, Sendable, Codable {
    /// What the cells look like, without a unit.
    public enum Form: String, CaseIterable, Sendable, Codable {
        /// `-12`, `0.5`, `1e-3`.
        case number
        /// `1,234.5`; an apostrophe or a space may divide thousands as well.
        case thousands
        /// `1.234,5`; a space may divide thousands as well.
        case decimalComma
        /// `2024-01-31` or `2024/01/31`, with a time behind it or not: days since 1970-01-01, in UTC.
        case date
        /// `31.01.2024` or `31/01/2024`: days since 1970-01-01.
        case dayFirst
        /// `01/31/2024`: days since 1970-01-01.
        case monthFirst
        /// `18:30` or `18:30:15`: hours since midnight.
        case time
    }

    /// What the cells look like.
    public var form: Form
    /// What every cell has besides: `%`, `$`, `€`, `£` or `¥`. It is left out: `5%` is 5.
    public var unit: String?

    public init(_ form: Form, unit: String? = nil) {
        self.form = form
        self.unit = unit
    }

    /// Numbers as programs write them.
    public static let number = CSVReading(.number)
}

extension CSVReading: CustomStringConvertible {
    /// In words: `numbers with a decimal comma and €`.
    public var description: String {
        let words =
            switch form {
            case .number: "numbers"
            case .thousands: "numbers with thousands separators (1,000 is a thousand)"
            case .decimalComma: "numbers with a decimal comma (1,5 is one and a half)"
            case .date: "dates, as days since 1970-01-01"
            case .dayFirst: "dates with the day first, as days since 1970-01-01"
            case .monthFirst: "dates with the month first, as days since 1970-01-01"
            case .time: "times, as hours since midnight"
            }
        return unit.map { "\(words), with \($0)" } ?? words
    }

    /// Whether numbers are read, not dates or times.
    public var isNumber: Bool {
        switch form {
        case .number, .thousands, .decimalComma: true
        case .date, .dayFirst, .monthFirst, .time: false
        }
    }
}

// MARK: Cells

extension CSVReading {
    /// The number of a cell; `nil` if it does not look so.
    func value(_ text: UnsafeRawBufferPointer) -> Double? {
        if form == .number, unit == nil { return CSVNumber.parse(text) }
        let cell = CSVCell(text)
        return cell.unit == unit ? cell.value(form) : nil
    }
}

/// A cell, taken apart.
struct CSVCell {
    private static let units = ["%", "$", "€", "£", "¥"].map { (name: $0, bytes: Array($0.utf8)) }
    private static let space = UInt8(ascii: " ")

    /// The sign of a unit that it has, if it has one.
    let unit: String?
    /// What is left without the unit; spaces that do not break lines are plain ones.
    private let text: [UInt8]

    init(_ cell: UnsafeRawBufferPointer) {
        var text = CSVCell.withPlainSpaces(cell)
        var found: String?
        let sign = text.first.flatMap { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") ? $0 : nil }
        for unit in CSVCell.units where found == nil {
            if text.count > unit.bytes.count, text.suffix(unit.bytes.count).elementsEqual(unit.bytes) {
                text.removeLast(unit.bytes.count)
                found = unit.name
            } else if unit.name != "%", text.dropFirst(sign == nil ? 0 : 1).starts(with: unit.bytes) {
                text.removeFirst(unit.bytes.count + (sign == nil ? 0 : 1))
                while text.first == CSVCell.space { text.removeFirst() }
                if let sign { text.insert(sign, at: 0) }
                found = unit.name
            }
        }
        while text.last == CSVCell.space { text.removeLast() }
        unit = found
        self.text = text
    }

    /// The forms in which the cell is a number.
    var forms: [CSVReading.Form] {
        guard text.contains(where: { (0x30...0x39).contains($0) }) || value(.number) != nil else { return [] }
        return CSVReading.Form.allCases.filter { value($0) != nil }
    }

    func value(_ form: CSVReading.Form) -> Double? {
        switch form {
        case .number: return CSVCell.number(text)
        case .thousands:
            return CSVCell.digits(
                text, groups: [UInt8(ascii: ","), UInt8(ascii: "'"), CSVCell.space], point: UInt8(ascii: ".")
            )
            .flatMap(CSVCell.number)
        case .decimalComma:
            return CSVCell.digits(text, groups: [UInt8(ascii: "."), CSVCell.space], point: UInt8(ascii: ","))
                .flatMap(CSVCell.number)
        case .date, .dayFirst, .monthFirst, .time:
            // No date has more characters.
            guard unit == nil, text.count <= 40 else { return nil }
            return CSVTime.value(text, form)
        }
    }

    private static func number(_ text: [UInt8]) -> Double? { text.withUnsafeBytes { CSVNumber.parse($0) } }

    /// A number as programs write it, of one with groups of three digits and a point or comma; `nil` if it is none.
    private static func digits(_ text: [UInt8], groups: [UInt8], point: UInt8) -> [UInt8]? {
        var result: [UInt8] = []
        var index = 0
        if let sign = text.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            result.append(sign)
            index = 1
        }
        func run() -> ArraySlice<UInt8> { text[index...].prefix { (0x30...0x39).contains($0) } }
        let first = run()
        result += first
        index = first.endIndex
        if index < text.count, groups.contains(text[index]) {
            // `0,123` is no thousands, nor is `1234,567`.
            guard (1...3).contains(first.count), first.first != 0x30 else { return nil }
            let mark = text[index]
            while index < text.count, text[index] == mark {
                index += 1
                let group = run()
                guard group.count == 3 else { return nil }
                result += group
                index = group.endIndex
            }
        }
        if index < text.count, text[index] == point {
            index += 1
            let fraction = run()
            guard !first.isEmpty || !fraction.isEmpty else { return nil }
            result += [UInt8(ascii: ".")] + fraction
            index = fraction.endIndex
        }
        // An exponent, or nothing; infinities are numbers in any form.
        guard index == text.count || text[index] | 0x20 == UInt8(ascii: "e") || first.isEmpty else { return nil }
        return result + text[index...]
    }

    /// Spaces of typesetting (U+00A0, U+202F) as plain ones.
    private static func withPlainSpaces(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        guard text.contains(where: { $0 >= 0x80 }) else { return Array(text) }
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            let rest = text[index...]
            if rest.starts(with: [0xc2, 0xa0]) {
                result.append(space)
                index += 2
            } else if rest.starts(with: [0xe2, 0x80, 0xaf]) {
                result.append(space)
                index += 3
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }
}
