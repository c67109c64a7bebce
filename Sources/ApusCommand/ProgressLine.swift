import Foundation

/// How far an epoch is, and how fast it goes.
package struct Pace {
    /// How much of the epoch is done, 0…1.
    package let fraction: Double
    /// Samples a second; NaN as long as none was counted.
    package let rate: Double
    /// The seconds that this epoch and those after it take.
    package let left: Double

    /// - Parameters:
    ///   - samples: Those of the epoch that are done, before an interruption as well.
    ///   - counted: Those that took `seconds`.
    package init(
        samples: Int, of samplesPerEpoch: Int, in epoch: Int, of epochs: Int, counted: Int, seconds: Double
    ) {
        fraction = Double(samples) / Double(max(1, samplesPerEpoch))
        rate = counted > 0 && seconds > 0 ? Double(counted) / seconds : .nan
        left = Double(samplesPerEpoch - samples + (epochs - epoch) * samplesPerEpoch) / rate
    }
}

/// The line that shows a running epoch, as wide as the terminal allows.
package struct ProgressLine {
    /// Which epoch it is: `epoch 3/10`.
    let head: String
    /// How much of the epoch is done, 0…1.
    let fraction: Double
    /// Loss and metrics so far.
    let measured: String
    /// Samples a second.
    let rate: String
    /// The time that is left.
    let left: String

    package init(head: String, fraction: Double, measured: String, rate: String, left: String) {
        (self.head, self.fraction, self.measured, self.rate, self.left) = (head, fraction, measured, rate, left)
    }

    init(head: String, measured: String, pace: Pace) {
        self.init(
            head: head, fraction: pace.fraction, measured: measured, rate: ProgressLine.rate(pace.rate),
            left: ProgressLine.duration(pace.left))
    }

    /// The line in at most `width` − 1 columns, for a cursor in the last column would begin a new line.
    ///
    /// What matters least goes first: the speed, then the length of the bar, then the bar, then the time; what is measured is cut last.
    package func text(width: Int, dim: (String) -> String) -> String {
        let room = max(0, width - 1)
        let candidates = [
            (24, "\(measured)  \(rate)  \(left) left"), (24, "\(measured)  \(left) left"),
            (16, "\(measured)  \(left) left"), (8, "\(measured)  \(left) left"), (0, "\(measured)  \(left) left"),
            (0, measured),
        ]
        for (bar, rest) in candidates where columns(head) + (bar > 0 ? bar + 1 : 0) + 1 + columns(rest) <= room {
            guard bar > 0 else { return "\(head) \(rest)" }
            let done = Int(Double(bar) * min(1, max(0, fraction)))
            let drawn = String(repeating: "━", count: done) + dim(String(repeating: "━", count: bar - done))
            return "\(head) \(drawn) \(rest)"
        }
        var (text, used) = ("", 0)
        for character in "\(head) \(measured)" {
            used += columns(String(character))
            guard used <= room else { break }
            text.append(character)
        }
        return text
    }

    // MARK: Numbers

    /// Samples a second as text: whole numbers, thousands from 10 000 on.
    package static func rate(_ samplesPerSecond: Double) -> String {
        guard samplesPerSecond >= 0, samplesPerSecond < 1e15 else { return "? samples/s" }
        return samplesPerSecond >= 10_000
            ? "\(Int(samplesPerSecond / 1000))k samples/s" : "\(Int(samplesPerSecond)) samples/s"
    }

    /// A time as text: tenths of seconds below ten of them, then seconds, minutes, hours.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e7 else { return "?" }
        if seconds < 10 { return String(format: "%.1f s", seconds) }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return String(format: "%d:%02d min", whole / 60, whole % 60) }
        return String(format: "%d:%02d h", whole / 3600, whole / 60 % 60)
    }
}

/// The columns of a terminal that a text takes: two for wide characters of East Asia and pictures, none for marks that combine.
package func columns(_ text: String) -> Int {
    text.reduce(0) { sum, character in
        guard let scalar = character.unicodeScalars.first else { return sum }
        if scalar.properties.generalCategory == .nonspacingMark || scalar.value < 32 { return sum }
        let isWide =
            switch scalar.value {
            case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
                0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
                0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
                true
            default: false
            }
        return sum + (isWide ? 2 : 1)
    }
}
