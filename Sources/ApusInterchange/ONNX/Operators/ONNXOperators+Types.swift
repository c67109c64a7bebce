import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Changes of the type of elements.
    static let types: [String: Operator] = [
        "Cast": { call in [cast(try call.input(), to: try elementType(call, attribute: "to", otherwise: nil))] },
        "CastLike": { call in [cast(try call.input(0), to: try call.input(1).type)] },
    ]

    private static func cast(_ value: ONNXValue, to type: ONNXType) -> ONNXValue {
        guard let elementType = type.elementType, type != value.type else { return value }
        let result = value.with(
            value.tensor.elementType == elementType ? value.tensor : value.tensor.cast(to: elementType), type)
        // Numbers of 16 bits are held as 32, but are those of 16.
        return type == .float16 ? result.map(roundedToHalf) : result.narrowed
    }

    /// The nearest numbers that have 11 significant bits.
    private static func roundedToHalf(_ x: Tensor) -> Tensor {
        let magnitude = abs(x)
        // Below 2⁻¹⁴ all are equally far apart; above, the distance of neighbours doubles with each power of 2.
        let exponent = floor(log(maximum(magnitude, Tensor.full([], 0x1p-14))) * (1 / 0.693_147_180_559_945_3))
        let step = exp((exponent - 10) * 0.693_147_180_559_945_3)
        let power = round(step * 0x1p24) * 0x1p-24
        let rounded = round(x / power) * power
        let isGreat = magnitude .>= Tensor.full([], 65520)
        return select(isFinite(x) .& .!isGreat, rounded, select(isFinite(x), sign(x) * Double.infinity, x))
    }

    /// The type that an attribute names; before opset 6 as a text.
    static func elementType(
        _ call: ONNXCall, attribute: String = "dtype", otherwise: ONNXType?
    ) throws -> ONNXType {
        var type = otherwise
        if case .string(let name)? = call.node.attributes[attribute] {
            type = ONNXType.allCases.first { $0.name == name.uppercased() }
        } else if let number = try call.int(attribute) {
            type = Int32(exactly: number).flatMap { ONNXType(rawValue: $0) }
        }
        guard let type, type.elementType != nil else {
            throw ONNXProblem("elements of the type \(type?.name ?? "that the node names") are not computed here")
        }
        return type
    }
}
