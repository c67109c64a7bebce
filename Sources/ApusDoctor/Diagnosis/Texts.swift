import ApusCharts

extension Double {
    /// Three digits, for people.
    var short: String {
        isFinite ? NumberFormat.short(self) : self == .infinity ? "∞" : self == -.infinity ? "−∞" : "NaN"
    }
}

extension Int {
    func counted(_ noun: String) -> String { self == 1 ? "1 \(noun)" : "\(self) \(noun)s" }
}
