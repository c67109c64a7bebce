/// Dates and times as numbers.
enum CSVTime {
    /// The days since 1970-01-01 of a date, or the hours since midnight of a time; `nil` if the text is none.
    static func value(_ text: [UInt8], _ form: CSVReading.Form) -> Double? {
        var rest = text[...]
        if form == .time {
            guard let hours = hours(&rest), rest.isEmpty else { return nil }
            return hours
        }
        guard let date = date(&rest, form) else { return nil }
        guard let mark = rest.first else { return Double(date) }
        guard mark == UInt8(ascii: "T") || mark == UInt8(ascii: "t") || mark == UInt8(ascii: " ") else { return nil }
        rest.removeFirst()
        guard let hours = hours(&rest), let zone = zone(&rest), rest.isEmpty else { return nil }
        return Double(date) + (hours - zone) / 24
    }

    /// The days since 1970-01-01.
    private static func date(_ text: inout ArraySlice<UInt8>, _ form: CSVReading.Form) -> Int? {
        let isISO = form == .date
        guard let first = digits(&text, isISO ? 4...4 : 1...2), let mark = text.first,
            [UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: ".")].contains(mark),
            // 2024.01 is a number, and a point always has the day first.
            mark != UInt8(ascii: ".") || form == .dayFirst
        else { return nil }
        text.removeFirst()
        guard let second = digits(&text, 1...2), text.first == mark else { return nil }
        text.removeFirst()
        guard let third = digits(&text, isISO ? 1...2 : 4...4) else { return nil }
        let (year, month, day) =
            switch form {
            case .dayFirst: (third, second, first)
            case .monthFirst: (third, first, second)
            default: (first, second, third)
            }
        guard (1...12).contains(month), day >= 1, day <= length(ofMonth: month, year) else { return nil }
        // Howard Hinnant, chrono-Compatible Low-Level Date Algorithms: years begin in March.
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func length(ofMonth month: Int, _ year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// `18:30`, `18:30:15`, `18:30:15.25`.
    private static func hours(_ text: inout ArraySlice<UInt8>) -> Double? {
        guard let hour = digits(&text, 1...2), hour < 24, text.popFirst() == UInt8(ascii: ":"),
            let minute = digits(&text, 2...2), minute < 60
        else { return nil }
        var seconds = 0.0
        if text.first == UInt8(ascii: ":") {
            text.removeFirst()
            // 60 in a leap second.
            guard let whole = digits(&text, 2...2), whole <= 60 else { return nil }
            seconds = Double(whole)
            if text.first == UInt8(ascii: ".") || text.first == UInt8(ascii: ",") {
                text.removeFirst()
                let count = text.count
                guard let fraction = digits(&text, 1...9) else { return nil }
                seconds += (0..<count - text.count).reduce(Double(fraction)) { value, _ in value / 10 }
            }
        }
        return Double(hour) + (Double(minute) + seconds / 60) / 60
    }

    /// `Z`, `+01:00`, `-0530`, or nothing: the hours before UTC.
    private static func zone(_ text: inout ArraySlice<UInt8>) -> Double? {
        if text.first == UInt8(ascii: " ") { text.removeFirst() }
        guard let sign = text.first else { return 0 }
        text.removeFirst()
        if sign | 0x20 == UInt8(ascii: "z") { return 0 }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), let hours = digits(&text, 2...2), hours <= 14
        else {
            return nil
        }
        if text.first == UInt8(ascii: ":") { text.removeFirst() }
        let minutes = text.isEmpty ? 0 : digits(&text, 2...2)
        guard let minutes, minutes < 60 else { return nil }
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (Double(hours) + Double(minutes) / 60)
    }

    /// A whole number of so many digits.
    private static func digits(_ text: inout ArraySlice<UInt8>, _ counts: ClosedRange<Int>) -> Int? {
        let run = text.prefix { (0x30...0x39).contains($0) }
        guard counts.contains(run.count) else { return nil }
        text = text[run.endIndex...]
        return run.reduce(0) { 10 * $0 + Int($1 - 0x30) }
    }
}
