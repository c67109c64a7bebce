import Apus
import ApusGraph

/// One axis of a window that moves over a picture: a convolution or a pooling.
struct SlidingWindow: Hashable {
    /// The numbers that it covers; with a dilation they lie apart.
    var size: Int
    var stride = 1
    /// Zeros before and after.
    var padding = (before: 0, after: 0)
    var dilation = 1
    var isPooling = false
    var hasCeilMode = false

    static func == (a: SlidingWindow, b: SlidingWindow) -> Bool { a.numbers == b.numbers }
    func hash(into hasher: inout Hasher) { hasher.combine(numbers) }
    private var numbers: [Int] {
        [size, stride, padding.before, padding.after, dilation, isPooling ? 1 : 0, hasCeilMode ? 1 : 0]
    }

    /// How far it reaches.
    var extent: Int { dilation * (size - 1) + 1 }

    /// The least side of a picture that it fits on.
    var least: Int { max(1, extent - padding.before - padding.after) }

    /// The course's formula: ⌊(n + 2p − f) / s⌋ + 1. In ceil mode it rounds up, but the last window starts
    /// inside the picture or before it.
    func formula(_ n: Int) -> Int {
        let room = n + padding.before + padding.after - extent
        guard hasCeilMode else { return room / stride + 1 }
        let count = (room + stride - 1) / stride + 1
        return (count - 1) * stride >= n + padding.before ? count - 1 : count
    }

    /// The columns at the end that no window covers.
    func dropped(_ n: Int) -> Int {
        max(0, (n + padding.before + padding.after - extent) % stride - padding.after)
    }

    /// The columns of picture and padding that the window covers at a place.
    func columns(at place: Int) -> [Int] { (0..<size).map { place * stride + $0 * dilation } }
}

/// The windows of a network, and the chain of them that sees most of the picture.
struct NetworkGeometry {
    /// Every window with the sides of what it moves over and of what it makes.
    private(set) var windows: [(window: SlidingWindow, from: Int, to: Int)] = []
    /// The chain from the picture to what sees most of it: each window, the side and channels of its result, and
    /// how much of one axis of the picture a number of the result depends on.
    private(set) var chain: [(window: SlidingWindow, side: Int, channels: Int, field: Int)] = []

    init(_ model: Sequential, input: Shape) throws {
        let trace = try model.traced(input: input, batch: 1, mode: .inference)
        struct Seen {
            var field = 1
            var step = 1
            var chain: [(window: SlidingWindow, side: Int, channels: Int, field: Int)] = []
        }
        var seen: [Node: Seen] = [:]
        var most = Seen()
        for node in Node.sorted(trace.outputs.leaves.map(\.node)) {
            if node.inputs.isEmpty { seen[node] = Seen() }
            guard var best = node.inputs.compactMap({ seen[$0] }).max(by: { $0.field < $1.field }) else { continue }
            if let window = NetworkGeometry.window(of: node) {
                // Weights are no picture.
                best = seen[node.inputs[0]] ?? best
                windows.append((window, node.inputs[0].shape[2], node.shape[2]))
                best.field += (window.extent - 1) * best.step
                best.step *= window.stride
                best.chain.append((window, node.shape[2], node.shape[3], best.field))
                if best.field > most.field { most = best }
            }
            seen[node] = best
        }
        chain = most.chain
    }

    private static func window(of node: Node) -> SlidingWindow? {
        switch node.operation {
        case .convolution(let geometry):
            SlidingWindow(
                size: node.inputs[1].shape[1], stride: geometry.strides.width,
                padding: (geometry.padding.left, geometry.padding.right), dilation: geometry.dilation.width)
        case .maxPool(let geometry), .averagePool(let geometry):
            SlidingWindow(
                size: geometry.window.width, stride: geometry.strides.width,
                padding: (geometry.padding.left, geometry.padding.right), isPooling: true,
                hasCeilMode: geometry.ceilMode)
        default: nil
        }
    }

    /// How much of the input the middle number of the result of a chain depends on, as its gradient says: windows of
    /// ones in one dimension, without padding.
    static func measuredField(of windows: [SlidingWindow], seed: UInt64) throws -> Int {
        let net = Sequential(
            windows.map {
                Conv1D(
                    filters: 1, kernelSize: $0.size, strides: $0.stride, dilation: $0.dilation, useBias: false,
                    kernelInitializer: .ones)
            })
        // Three numbers at the end: the middle one has neighbours on both sides.
        let length = windows.reversed().reduce(3) { ($0 - 1) * $1.stride + $1.extent }
        let weights = try net.initialized(input: [length, 1], seed: seed)
        let slopes = gradient(at: Tensor.ones([1, length, 1])) { net($0, weights)[0, 1, 0] }.scalars
        guard let first = slopes.firstIndex(where: { $0 != 0 }), let last = slopes.lastIndex(where: { $0 != 0 }) else {
            return 0
        }
        return last - first + 1
    }
}
