import ApusConfiguration
import ApusGraph
import ApusTensor
import Foundation

/// A resizing: of each axis, which elements of the input make each element of the output, and with which weights.
struct ONNXResizing {
    private let call: ONNXCall
    private let x: ONNXValue
    /// The output's extent over the input's, by axis.
    private var scales: [Double]
    private var extents: [Int]
    private let mode: String
    private let coordinates: String
    private let rounding: String
    private let coefficient: Double
    private let excludesOutside: Bool
    private let antialiases: Bool
    /// The part that `tf_crop_and_resize` takes, by axis.
    private var region: [(start: Double, end: Double)]

    init(_ call: ONNXCall, isUpsample: Bool) throws {
        self.call = call
        x = try call.input()
        let isOld = isUpsample || call.version < 11
        mode = try call.string("mode", "nearest")
        coordinates = isOld ? "asymmetric" : try call.string("coordinate_transformation_mode", "half_pixel")
        rounding = isOld ? "floor" : try call.string("nearest_mode", "round_prefer_floor")
        coefficient = try call.float("cubic_coeff_a", -0.75)
        excludesOutside = try call.int("exclude_outside", 0) != 0
        antialiases = try call.int("antialias", 0) != 0
        let axes = try call.axes(try call.ints("axes") ?? Array(0..<x.rank), of: x.rank)
        (scales, extents) = (Array(repeating: 1, count: x.rank), x.shape)
        region = Array(repeating: (0, 1), count: x.rank)
        if coordinates == "tf_crop_and_resize", let given = call.optional(1) {
            let numbers = try call.numbers(given, "the region")
            try call.demand(numbers.count == 2 * axes.count, "expected \(2 * axes.count) ends of the region")
            for (index, axis) in axes.enumerated() { region[axis] = (numbers[index], numbers[index + axes.count]) }
        }
        try readSizes(axes, isOld: isOld)
        try call.demand(
            scales.allSatisfy { $0 > 0 && $0.isFinite } && x.shape.allSatisfy { $0 > 0 },
            "\(x.shape) can't be resized by \(scales)")
        extents = try call.checked(extents).dimensions
        try call.demand(extents.allSatisfy { $0 > 0 && $0 < 1 << 20 }, "the output would have the shape \(extents)")
    }

    /// The scales, or the sizes that they follow from.
    private mutating func readSizes(_ axes: [Int], isOld: Bool) throws {
        let given =
            isOld
            ? try call.floats("scales", orInput: 1) : try call.optional(2).map { try call.numbers($0, "the scales") }
        if let given, !given.isEmpty {
            try call.demand(given.count == axes.count, "expected \(axes.count) scales, received \(given.count)")
            for (index, axis) in axes.enumerated() {
                scales[axis] = given[index]
                let extent = (Double(x.shape[axis]) * given[index]).rounded(.down)
                try call.demand(extent >= 0 && extent < 0x1p20, "the axis \(axis) can't be scaled by \(given[index])")
                extents[axis] = Int(extent)
            }
            return
        }
        guard let sizes = try call.optional(3).map({ try call.known($0, "the sizes") }), sizes.count == axes.count
        else {
            throw ONNXProblem("expected \(axes.count) scales or sizes")
        }
        let ratios = zip(axes, sizes).map { Double($1) / Double(Swift.max(1, x.shape[$0])) }
        let policy = try call.string("keep_aspect_ratio_policy", "stretch")
        let common: Double? =
            switch policy {
            case "not_larger": ratios.min()
            case "not_smaller": ratios.max()
            default: nil
            }
        for (index, axis) in axes.enumerated() {
            scales[axis] = common ?? ratios[index]
            let extent = common.map { ($0 * Double(x.shape[axis]) + 0.5).rounded(.down) } ?? Double(sizes[index])
            try call.demand(extent >= 0 && extent < 0x1p20, "the axis \(axis) can't have the size \(extent)")
            extents[axis] = Int(extent)
        }
    }

    /// The resized tensor.
    func applied() throws -> ONNXValue {
        var result = x
        for axis in 0..<x.rank
        where extents[axis] != x.shape[axis] || scales[axis] != 1 || coordinates == "tf_crop_and_resize" {
            let points = try (0..<extents[axis]).map { try coordinate(Double($0), axis) }
            try call.demand(points.allSatisfy { Swift.abs($0) < 0x1p40 }, "the axis \(axis) can't be resized so")
            result = mode == "nearest" ? try nearest(result, axis, points) : try weighed(result, axis, points)
        }
        return try extrapolated(result)
    }

    // MARK: Places

    /// Where an element of the output lies on an axis of the input.
    private func coordinate(_ place: Double, _ axis: Int) throws -> Double {
        let (size, scale, length) = (Double(x.shape[axis]), scales[axis], Double(extents[axis]))
        switch coordinates {
        case "half_pixel": return (place + 0.5) / scale - 0.5
        case "half_pixel_symmetric":
            let offset = size / 2 * (1 - length / (scale * size))
            return offset + (place + 0.5) / scale - 0.5
        case "pytorch_half_pixel": return length > 1 ? (place + 0.5) / scale - 0.5 : 0
        case "tf_half_pixel_for_nn": return (place + 0.5) / scale
        case "align_corners":
            let exact = scale * size
            return length == 1 || exact == 1 ? 0 : place * (size - 1) / (exact - 1)
        case "asymmetric": return place / scale
        case "tf_crop_and_resize":
            let (start, end) = region[axis]
            return length > 1
                ? start * (size - 1) + place * (end - start) * (size - 1) / (length - 1)
                : 0.5 * (start + end) * (size - 1)
        default: throw ONNXProblem("the coordinates \(coordinates.quoted) are not known")
        }
    }

    private func nearest(_ value: ONNXValue, _ axis: Int, _ points: [Double]) throws -> ONNXValue {
        let last = Double(x.shape[axis] - 1)
        let places = try points.map { point -> Int in
            let place: Double
            switch rounding {
            case "round_prefer_floor": place = (point - 0.5).rounded(.up)
            case "round_prefer_ceil": place = (point + 0.5).rounded(.down)
            case "floor": place = point.rounded(.down)
            case "ceil": place = point.rounded(.up)
            default: throw ONNXProblem("the rounding \(rounding.quoted) is not known")
            }
            return Int(Swift.min(Swift.max(place, 0), last))
        }
        let axis = value.place(axis)
        return value.map { $0.gathered(Tensor(places), axis: axis) }
    }

    // MARK: Weights

    private func weighed(_ value: ONNXValue, _ axis: Int, _ points: [Double]) throws -> ONNXValue {
        let size = x.shape[axis]
        try call.demand(size * points.count < 1 << 26, "an axis of \(size) can't be resized to \(points.count)")
        let scale = antialiases ? Swift.min(scales[axis], 1) : 1
        let reach = (mode == "cubic" ? 2 : 1) / scale
        try call.demand(reach < 0x1p16, "the scale \(scale) is too small")
        var matrix = Array(repeating: 0.0, count: size * points.count)
        for (column, point) in points.enumerated() {
            let taps = Int((point - reach).rounded(.down))...Int((point + reach).rounded(.up))
            var weights = taps.map { (place: $0, weight: kernel(abs(point - Double($0)) * scale)) }
            if excludesOutside { weights.removeAll { !(0..<size).contains($0.place) } }
            let sum = weights.reduce(0) { $0 + $1.weight }
            for (place, weight) in weights where weight != 0 {
                let row = Swift.min(Swift.max(place, 0), size - 1)
                matrix[row * points.count + column] += weight / (antialiases || excludesOutside ? sum : 1)
            }
        }
        // The axis moves to the end, where it is multiplied; the others follow when somebody asks for them.
        let order = value.order.filter { $0 != axis } + [axis]
        let weights = Tensor(matrix, shape: [size, points.count], type: value.tensor.elementType)
        return ONNXValue(value.laid(order).matmul(weights), value.type, order: order)
    }

    /// The weight at a distance.
    private func kernel(_ t: Double) -> Double {
        let a = coefficient
        if mode != "cubic" { return Swift.max(0, 1 - t) }
        if t <= 1 { return ((a + 2) * t - (a + 3)) * t * t + 1 }
        return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0
    }

    /// What lies outside of the input has a value of its own.
    private func extrapolated(_ value: ONNXValue) throws -> ONNXValue {
        guard coordinates == "tf_crop_and_resize", value.tensor.problems.isEmpty else { return value }
        let outside = try call.float("extrapolation_value", 0)
        var result = value
        for axis in 0..<x.rank {
            let last = Double(x.shape[axis] - 1)
            let isInside = try (0..<extents[axis]).map { (0...last).contains(try coordinate(Double($0), axis)) }
            guard isInside.contains(false) else { continue }
            var shape = Array(repeating: 1, count: x.rank)
            shape[result.place(axis)] = extents[axis]
            let mask = Tensor(isInside, shape: Shape(shape))
            result = result.map { select(mask, $0, Tensor.full([], outside, type: $0.elementType)) }
        }
        return result
    }
}
