infix operator *| : MultiplicationPrecedence
infix operator +| : AdditionPrecedence
infix operator -| : AdditionPrecedence

// Arithmetic of extents. Sizes come from files and programs and may be anything: what does not fit stays at the greatest or the least
// integer, so that shape rules report it in place of a trap.
extension Int {
    /// The product, or the integer that is nearest to it.
    package static func *| (a: Int, b: Int) -> Int {
        let (product, overflows) = a.multipliedReportingOverflow(by: b)
        return overflows ? ((a < 0) == (b < 0) ? .max : .min) : product
    }

    /// The sum, or the integer that is nearest to it.
    package static func +| (a: Int, b: Int) -> Int {
        let (sum, overflows) = a.addingReportingOverflow(b)
        return overflows ? (a < 0 ? .min : .max) : sum
    }

    /// The difference, or the integer that is nearest to it.
    package static func -| (a: Int, b: Int) -> Int {
        let (difference, overflows) = a.subtractingReportingOverflow(b)
        return overflows ? (a < 0 ? .min : .max) : difference
    }
}

extension Sequence<Int> {
    /// The product of all, or the integer that is nearest to it.
    package var product: Int { contains(0) ? 0 : reduce(1, *|) }
}
