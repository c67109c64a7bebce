import ApusConfiguration
import ApusGraph
import ApusTensor

/// Elements of an image, or of a volume, at places that are values themselves.
struct ONNXGridSampling {
    /// [N, C, extents...]
    private let x: ONNXValue
    /// [N, outputs..., axes], from −1 to 1; the last axis first.
    private let grid: Tensor
    private let mode: String
    private let padding: String
    private let alignsCorners: Bool
    private let extents: [Int]

    init(_ call: ONNXCall) throws {
        x = try call.input(0)
        grid = try call.input(1).plain
        extents = Array(x.shape.dropFirst(2))
        try call.demand(
            (1...3).contains(extents.count) && grid.rank == x.rank && grid.shape[-1] == extents.count
                && grid.shape[0] == x.shape[0] && extents.allSatisfy { $0 > 0 },
            "the grid \(grid.shape) does not fit \(x.shape)")
        mode = try call.string("mode", call.version < 20 ? "bilinear" : "linear")
        padding = try call.string("padding_mode", "zeros")
        alignsCorners = try call.int("align_corners", 0) != 0
        try call.demand(
            ["bilinear", "linear", "bicubic", "cubic", "nearest"].contains(mode), "the mode \(mode.quoted) is not known"
        )
        try call.demand(
            ["zeros", "border", "reflection"].contains(padding), "the padding \(padding.quoted) is not known")
    }

    func applied() -> ONNXValue {
        let taps = extents.indices.map(taps)
        let shape = x.shape
        let flat = x.plain.reshaped(to: [shape[0], shape[1], extents.product])
        var sum: Tensor?
        // Every combination of one neighbor along each axis.
        let combinations = taps.reduce([[]]) { rows, axis in rows.flatMap { row in axis.map { row + [$0] } } }
        for combination in combinations {
            var (place, weight) = (combination[0].place, combination[0].weight)
            for (axis, tap) in combination.enumerated().dropFirst() {
                place = place * extents[axis] + tap.place
                weight = weight * tap.weight
            }
            let count = place.count / Swift.max(1, shape[0])
            let indices = place.reshaped(to: [shape[0], 1, count]).broadcast(to: [shape[0], shape[1], count])
            let part = flat.gatheredAlong(indices, axis: 2) * weight.reshaped(to: [shape[0], 1, count])
            sum = sum.map { $0 + part } ?? part
        }
        let outputs = grid.shape.dimensions[1..<(grid.rank - 1)]
        return ONNXValue((sum ?? flat).reshaped(to: Shape(Array(shape.prefix(2)) + outputs)), x.type)
    }

    // MARK: One axis

    /// A neighbor along an axis: which element, int64 [N, outputs...], and with which weight.
    private struct Tap {
        let place: Tensor
        let weight: Tensor
    }

    private func taps(_ axis: Int) -> [Tap] {
        let extent = Double(extents[axis])
        let given = grid[TensorSlice.ellipsis, extents.count - 1 - axis]
        var point = alignsCorners ? (given + 1) * ((extent - 1) / 2) : ((given + 1) * extent - 1) / 2
        if mode == "nearest" { point = round(point) }
        point = moved(point, axis)
        let first = floor(point)
        let rest = point - first
        switch mode {
        case "nearest": return [tap(point, Tensor.ones([]), axis)]
        case "bilinear", "linear": return [tap(first, 1 - rest, axis), tap(first + 1, rest, axis)]
        default:
            return (-1...2).map { step in
                tap(first + Double(step), cubic(abs(rest - Double(step)), isFar: step == -1 || step == 2), axis)
            }
        }
    }

    private func tap(_ point: Tensor, _ weight: Tensor, _ axis: Int) -> Tap {
        let last = Double(extents[axis] - 1)
        let isInside = (point .>= 0) .& (point .<= Tensor.full([], last, type: point.elementType))
        let place = moved(point, axis).clamped(min: 0, max: last).cast(to: .int64)
        return Tap(place: place, weight: padding == "zeros" ? weight * isInside.cast(to: point.elementType) : weight)
    }

    /// A point that lies outside where the padding says; zeros are those of the weight.
    private func moved(_ point: Tensor, _ axis: Int) -> Tensor {
        let last = Double(extents[axis] - 1)
        switch padding {
        case "border": return point.clamped(min: 0, max: last)
        case "reflection":
            let (low, range) = alignsCorners ? (0, last) : (-0.5, last + 1)
            guard range > 0 else { return point * 0 }
            let period = Tensor.full([], 2 * range, type: point.elementType)
            let place = (point - low) % period
            return minimum(place, period - place) + low
        default: return point
        }
    }

    /// The weight at a distance up to 1, or from 1 to 2.
    private func cubic(_ t: Tensor, isFar: Bool) -> Tensor {
        let a = -0.75
        return isFar ? ((t * a - 5 * a) * t + 8 * a) * t - 4 * a : (t * (a + 2) - (a + 3)) * t * t + 1
    }
}
