import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Pixels to channels and back.
    static let rearrangements: [String: Operator] = [
        "DepthToSpace": { call in
            let x = try call.input()
            let (shape, block) = try blocks(call, x)
            try call.demand(shape[1] % (block * block) == 0, "\(shape[1]) channels are not blocks of \(block)²")
            let channels = shape[1] / (block * block)
            let isColumnFirst = try call.string("mode", "DCR") == "CRD"
            let split =
                isColumnFirst
                ? [shape[0], channels, block, block, shape[2], shape[3]]
                : [shape[0], block, block, channels, shape[2], shape[3]]
            let moved = x.plain.reshaped(to: Shape(split)).transposed(
                isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2])
            return [ONNXValue(moved.reshaped(to: [shape[0], channels, shape[2] * block, shape[3] * block]), x.type)]
        },
        "SpaceToDepth": { call in
            let x = try call.input()
            let (shape, block) = try blocks(call, x)
            try call.demand(
                shape[2] % block == 0 && shape[3] % block == 0,
                "\(shape[2]) × \(shape[3]) pixels are not blocks of \(block)")
            let (height, width) = (shape[2] / block, shape[3] / block)
            let moved = x.plain.reshaped(to: [shape[0], shape[1], height, block, width, block])
                .transposed([0, 3, 5, 1, 2, 4])
            return [ONNXValue(moved.reshaped(to: [shape[0], shape[1] * block * block, height, width]), x.type)]
        },
    ]

    private static func blocks(_ call: ONNXCall, _ x: ONNXValue) throws -> (shape: [Int], block: Int) {
        let block = try call.int("blocksize", 0)
        try call.demand(
            x.rank == 4 && (1...1 << 16).contains(block),
            "expected images and a block, received \(x.shape) and \(block)")
        return (x.shape, block)
    }
}
