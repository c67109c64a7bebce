#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The few functions that the standard library leaves to C.
enum Mathematics {
    static func log10(_ value: Double) -> Double {
        #if canImport(Glibc)
            Glibc.log10(value)
        #elseif canImport(Musl)
            Musl.log10(value)
        #else
            Darwin.log10(value)
        #endif
    }

    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

    static func cubeRoot(_ value: Double) -> Double { cbrt(value) }

    /// 10ⁿ, correctly rounded; 0 and infinity beyond what a Double holds.
    static func powerOfTen(_ exponent: Int) -> Double {
        Double("1e\(min(max(exponent, -400), 400))") ?? (exponent < 0 ? 0 : .infinity)
    }
}
