import ApusGraph

/// Sizes of arrays whose dimensions come from a file: nothing may overflow, here or in later arithmetic on the shape.
enum Extent {
    /// The largest number of dimensions, as in NumPy.
    static let maximumRank = 64

    /// The number of elements, or `nil` if a product of some of the dimensions does not fit, or one is negative.
    ///
    /// Zeros are left out of the test, so that strides fit too.
    static func count(_ dimensions: [Int]) -> Int? {
        var product = 1
        var isEmpty = false
        for dimension in dimensions {
            if dimension < 0 { return nil }
            if dimension == 0 {
                isEmpty = true
                continue
            }
            let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
            if overflow { return nil }
            product = next
        }
        return isEmpty ? 0 : product
    }

    /// The size of an array in bytes, or `nil` if it does not fit, even with any zeros left out.
    static func byteCount(_ dimensions: [Int], bytesPerElement: Int) -> Int? {
        guard let result = count(dimensions), let unit = count(dimensions.map { max($0, 1) }),
            !unit.multipliedReportingOverflow(by: bytesPerElement).overflow
        else { return nil }
        return result * bytesPerElement
    }

    static func oversized(_ dimensions: [Int], path: String, offset: Int?) -> FormatError {
        FormatError(
            .malformed, path: path, offset: offset, "the dimensions are too large", expected: "at most 2^63 - 1 bytes",
            received: "dimensions \(Shape(dimensions))", remedy: "The file is damaged: copy or download it again.")
    }

    static func tooManyDimensions(_ rank: Int, path: String, offset: Int?) -> FormatError {
        FormatError(
            .unsupported, path: path, offset: offset, "the array has too many dimensions",
            expected: "at most \(maximumRank)", received: rank > maximumRank ? "\(rank)" : "more",
            remedy: "Reshape it before it is saved.")
    }
}
