import ApusConfiguration
import ApusGraph
import ApusTensor

/// How a window moves over the axes behind samples and channels: what convolutions and poolings have in common.
struct ONNXWindow {
    /// The extents of the input.
    let extents: [Int]
    let size: [Int]
    let strides: [Int]
    let dilations: [Int]
    /// What lies before and behind each axis; negative where it is cut.
    var low: [Int]
    var high: [Int]
    /// Whether an incomplete window at the end counts.
    var countsIncomplete = false

    /// - Parameters:
    ///   - size: The window, where the kernel says it.
    ///   - isTransposed: Whether the pads are those of the output, which the caller sets.
    init(_ call: ONNXCall, _ x: ONNXValue, size given: [Int]? = nil, isTransposed: Bool = false) throws {
        try call.demand(
            (3...5).contains(x.rank), "expected 1 to 3 axes behind samples and channels, received \(x.shape)")
        extents = Array(x.shape.dropFirst(2))
        let axes = extents.count
        func setting(_ name: String, _ otherwise: Int) throws -> [Int] {
            let values = try call.ints(name) ?? Array(repeating: otherwise, count: axes)
            try call.demand(
                values.count == axes && values.allSatisfy { (1...1 << 20).contains($0) },
                "\(name) must be \(axes) positive numbers, received \(values)")
            return values
        }
        let kernel = try call.ints("kernel_shape") ?? given
        guard let kernel, kernel.count == axes, kernel.allSatisfy({ (1...1 << 20).contains($0) }) else {
            throw ONNXProblem("the window must be \(axes) positive numbers, received \(kernel ?? [])")
        }
        if let given { try call.demand(given == kernel, "kernel_shape \(kernel) is not that of the kernel, \(given)") }
        size = kernel
        strides = try setting("strides", 1)
        dilations = try setting("dilations", 1)
        let pads = try call.ints("pads") ?? Array(repeating: 0, count: 2 * axes)
        try call.demand(
            pads.count == 2 * axes && pads.allSatisfy { (-(1 << 24)...1 << 24).contains($0) },
            "pads must be \(2 * axes) numbers, received \(pads)")
        low = Array(pads[..<axes])
        high = Array(pads[axes...])
        countsIncomplete = try call.int("ceil_mode", 0) != 0
        guard !isTransposed else { return }
        switch try call.string("auto_pad", "NOTSET") {
        case "NOTSET", "": break
        case "VALID": (low, high) = (low.map { _ in 0 }, high.map { _ in 0 })
        case let mode where mode == "SAME_UPPER" || mode == "SAME_LOWER":
            for axis in 0..<axes {
                let count = (extents[axis] + strides[axis] - 1) / strides[axis]
                let total = Swift.max(0, (count - 1) * strides[axis] + covered[axis] - extents[axis])
                low[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
                high[axis] = total - low[axis]
            }
        case let mode: throw ONNXProblem("auto_pad \(mode.quoted) is not known")
        }
        _ = try outputs()
    }

    /// How many positions a window covers along each axis.
    var covered: [Int] { zip(size, dilations).map { ($0 - 1) * $1 + 1 } }

    /// The extents of the output.
    func outputs() throws -> [Int] {
        try extents.indices.map { axis in
            let room = extents[axis] + low[axis] + high[axis] - covered[axis]
            guard room >= 0 else {
                throw ONNXProblem(
                    "the window of \(covered[axis]) does not fit the \(extents[axis]) positions of axis \(axis + 2)")
            }
            guard countsIncomplete else { return room / strides[axis] + 1 }
            let count = (room + strides[axis] - 1) / strides[axis] + 1
            return (count - 1) * strides[axis] >= extents[axis] + low[axis] ? count - 1 : count
        }
    }

    // MARK: Two axes

    /// Whether the pooling of two axes of the engine does it.
    var isPlainPooling: Bool {
        extents.count <= 2 && dilations.allSatisfy { $0 == 1 }
            && zip(low + high, size + size).allSatisfy { (0..<$1).contains($0) }
    }

    /// As over an image: a sequence is one of height 1.
    var poolGeometry: PoolGeometry {
        PoolGeometry(
            window: image(size, 1), strides: image(strides, 1), padding: padding, ceilMode: countsIncomplete)
    }

    func image(_ values: [Int], _ other: Int) -> ImageSize {
        values.count == 1
            ? ImageSize(height: other, width: values[0])
            : ImageSize(height: values[values.count - 2], width: values[values.count - 1])
    }

    var padding: ImagePadding {
        let (before, behind) = (image(low, 0), image(high, 0))
        return ImagePadding(top: before.height, left: before.width, bottom: behind.height, right: behind.width)
    }

    // MARK: Any number of axes

    /// The places in the window, the last axis fastest.
    func offsets() throws -> [[Int]] {
        guard size.product <= 4096 else { throw ONNXProblem("the window \(size) is too great") }
        return size.reduce([[]]) { places, extent in places.flatMap { place in (0..<extent).map { place + [$0] } } }
    }

    /// x [N, ..., C] with all that windows reach around it.
    ///
    /// - Parameter fill: What lies around x.
    private func padded(_ x: Tensor, fill: Double, outputs: [Int]) throws -> Tensor {
        let edges = extents.indices.map { axis -> (low: Int, high: Int) in
            let end = (outputs[axis] - 1) * strides[axis] + covered[axis]
            return (low[axis], Swift.max(0, end - low[axis] - extents[axis]))
        }
        guard edges.allSatisfy({ $0.low >= 0 }) else { throw ONNXProblem("negative pads are not computed here") }
        return x.padded([(0, 0)] + edges + [(0, 0)], value: fill)
    }

    /// What lies at one place of windows along one axis of the window.
    private func piece(_ x: Tensor, _ axis: Int, _ place: Int, _ output: Int) -> Tensor {
        ONNXValue(x, .float).sliced(axis: axis + 1, place * dilations[axis], output, stride: strides[axis]).tensor
    }

    /// Of x [N, ..., C] what lies in each window, combined, [N, outputs..., C]: axis by axis.
    func folded(_ x: Tensor, fill: Double, _ combine: (Tensor, Tensor) -> Tensor) throws -> Tensor {
        guard size.allSatisfy({ $0 <= 4096 }) else { throw ONNXProblem("the window \(size) is too great") }
        let outputs = try outputs()
        var result = try padded(x, fill: fill, outputs: outputs)
        for axis in extents.indices {
            let whole = result
            result = (1..<size[axis]).reduce(piece(whole, axis, 0, outputs[axis])) {
                combine($0, piece(whole, axis, $1, outputs[axis]))
            }
        }
        return result
    }

    /// Of x [N, ..., C] what lies at each place of the window, [N, outputs..., C].
    func pieces(_ x: Tensor, fill: Double) throws -> [Tensor] {
        let outputs = try outputs()
        let whole = try padded(x, fill: fill, outputs: outputs)
        return try offsets().map { place in
            extents.indices.reduce(whole) { piece($0, $1, place[$1], outputs[$1]) }
        }
    }
}
