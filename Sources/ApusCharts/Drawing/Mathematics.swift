/// What neither the standard library nor C has.
enum Mathematics {
    /// 10ⁿ, correctly rounded; 0 and infinity beyond what a Double holds.
    static func powerOfTen(_ exponent: Int) -> Double {
        Double("1e\(min(max(exponent, -400), 400))") ?? (exponent < 0 ? 0 : .infinity)
    }
}
