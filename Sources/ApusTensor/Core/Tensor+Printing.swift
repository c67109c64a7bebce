import ApusGraph

extension Tensor: CustomStringConvertible {
    /// The elements, nested as the axes are; long axes are shortened.
    public var description: String {
        guard problems.isEmpty else { return "Tensor with \(GraphError(problems))" }
        let formatter = ElementFormatter(self)
        let text = formatter.text(axis: 0, offset: 0, indent: 0)
        return elementType == .float32 ? text : "\(text) \(elementType)"
    }
}

/// Writes a tensor's elements in columns of equal width.
private struct ElementFormatter {
    private let shape: Shape
    private let strides: [Int]
    private let texts: [Int: String]
    private let width: Int
    /// Of a long axis, this many elements are shown at each end.
    private static let edge = 3
    /// A tensor with more elements than this is shortened.
    private static let limit = 1000

    init(_ tensor: Tensor) {
        shape = tensor.shape
        strides = tensor.shape.strides
        let visible = ElementFormatter.offsets(tensor.shape)
        let buffer = tensor.elements()
        let type = tensor.elementType
        let texts: [String]
        if type.isInteger {
            // Not by way of Double, which does not hold every int64.
            texts = visible.map { String(buffer.element($0, type, as: Int.self)) }
        } else {
            let values = visible.map { buffer.element($0, type, as: Double.self) }
            texts = values.map(ElementFormatter.format(values, type))
        }
        self.texts = Dictionary(uniqueKeysWithValues: zip(visible, texts))
        width = texts.map(\.count).max() ?? 0
    }

    private static func isShortened(_ shape: Shape, _ axis: Int) -> Bool {
        shape.count > limit && shape[axis] > 2 * edge
    }

    private static func visible(_ shape: Shape, _ axis: Int) -> [Int] {
        isShortened(shape, axis) ? Array(0..<edge) + Array((shape[axis] - edge)..<shape[axis]) : Array(0..<shape[axis])
    }

    /// The positions of the elements that are shown.
    private static func offsets(_ shape: Shape) -> [Int] {
        let strides = shape.strides
        return (0..<shape.rank).reduce([0]) { offsets, axis in
            offsets.flatMap { offset in visible(shape, axis).map { offset + $0 * strides[axis] } }
        }
    }

    func text(axis: Int, offset: Int, indent: Int) -> String {
        guard axis < shape.rank else {
            let text = texts[offset] ?? ""
            return String(repeating: " ", count: width - text.count) + text
        }
        var parts = ElementFormatter.visible(shape, axis).map {
            text(axis: axis + 1, offset: offset + $0 * strides[axis], indent: indent + 1)
        }
        if ElementFormatter.isShortened(shape, axis) { parts.insert("...", at: ElementFormatter.edge) }
        let isRow = axis == shape.rank - 1
        let separator =
            isRow
            ? ", "
            : "," + String(repeating: "\n", count: shape.rank - 1 - axis) + String(repeating: " ", count: indent + 1)
        return "[" + parts.joined(separator: separator) + "]"
    }

    /// How numbers of one tensor are written: whole numbers without fraction, others with up to four decimals, or with an exponent
    /// where the range is wide.
    private static func format(_ values: [Double], _ type: ElementType) -> (Double) -> String {
        if type == .bool { return { $0 != 0 ? "true" : "false" } }
        let finite = values.filter(\.isFinite).map(abs)
        let largest = finite.max() ?? 0
        let smallest = finite.filter { $0 > 0 }.min() ?? 0
        if finite.allSatisfy({ $0 == $0.rounded() }) && largest < 1e6 { return { special($0) ?? "\(Int($0))." } }
        let usesExponent = largest >= 1e6 || (smallest > 0 && largest < 1e-3)
        return { value in
            if let text = special(value) { return text }
            return usesExponent ? exponential(value) : fixed(value, decimals: 4)
        }
    }

    private static func special(_ value: Double) -> String? {
        value.isNaN ? "nan" : value.isInfinite ? (value < 0 ? "-inf" : "inf") : nil
    }

    static func fixed(_ value: Double, decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = (abs(value) * scale).rounded()
        let whole = Int(scaled / scale)
        let fraction = String(Int(scaled - Double(whole) * scale))
        let sign = value < 0 && scaled != 0 ? "-" : ""
        return "\(sign)\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    private static func exponential(_ value: Double) -> String {
        guard value != 0 else { return "0.0000e+00" }
        var exponent = 0
        var mantissa = abs(value)
        while mantissa >= 10 { mantissa /= 10; exponent += 1 }
        while mantissa < 1 { mantissa *= 10; exponent -= 1 }
        if (mantissa * 1e4).rounded() >= 1e5 { mantissa /= 10; exponent += 1 }
        let digits = String(abs(exponent))
        return (value < 0 ? "-" : "") + fixed(mantissa, decimals: 4) + "e" + (exponent < 0 ? "-" : "+")
            + (digits.count < 2 ? "0" : "") + digits
    }
}
