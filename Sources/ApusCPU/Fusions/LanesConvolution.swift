import ApusGraph
import CKernels

/// A convolution of few channels in the lanes layout with bias, ReLU and 2 × 2 maximum pooling, as much of it as there is.
struct LanesConvolution: Fusion {
    static let name = "lanes convolution"

    var convolution: Int
    var bias: Int?
    var relu = false
    var pools = false
    var result: Int
    /// Whether a gradient needs to know which elements passed ReLU and pooling.
    var needsMasks = false

    /// The nodes between the gradient of the pooled result and the gradient of the convolution's result.
    struct Unpooling {
        /// The gradient of the pooled result.
        var gradient: Int
        /// The gradient of the convolution's result.
        var result: Int
        var members: [Int]
    }

    // MARK: Finding

    static func find(in units: inout Units) {
        for number in units.graph.nodes.indices where units.unitOf[number] == nil {
            guard isLanesConvolution(units.graph.nodes[number]) else { continue }
            let found = LanesConvolution(number, in: units)
            units.markLanes(found.result)
            units.add(found, found.members(in: units.graph))
        }
    }

    private static func isLanesConvolution(_ node: Node) -> Bool {
        guard case .convolution(let geometry) = node.operation else { return false }
        return geometry.suitsLanes(image: node.inputs[0].type, kernel: node.inputs[1].shape)
    }

    private init(_ number: Int, in units: Units) {
        let graph = units.graph
        convolution = number
        result = number
        if let add = graph.onlyUser(number), case .binary(.add) = graph.nodes[add].operation,
            let bias = units.rowBroadcast(among: graph.inputs(add), besides: number)
        {
            self.bias = bias
            result = add
        }
        if let activation = graph.onlyUser(result), case .unary(.relu) = graph.nodes[activation].operation {
            relu = true
            result = activation
        }
        if let pooled = pooled(in: units) { self = pooled }
    }

    /// The convolution with the pooling after it, if whatever else reads the unpooled result is the gradient that undoes both.
    private func pooled(in units: Units) -> LanesConvolution? {
        let graph = units.graph
        let readers = graph.users[result]
        guard !graph.isOutput[result],
            let pool = readers.first(where: {
                if case .maxPool(let geometry) = graph.nodes[$0].operation { geometry.isHalving } else { false }
            })
        else { return nil }
        var next = self
        next.pools = true
        next.result = pool
        let others = readers.filter { $0 != pool }
        guard !others.isEmpty else { return next }
        guard let undone = unpooling(in: units), others.allSatisfy({ undone.members.contains($0) }),
            LanesGradient.find(undone, of: self, in: units) != nil
        else { return nil }
        next.needsMasks = true
        return next
    }

    /// What undoes the pooling of the result of a convolution before it was pooled, and its ReLU.
    private func unpooling(in units: Units) -> Unpooling? {
        let graph = units.graph
        let unpool = graph.users[result].first { user in
            guard case .maxPoolGradient(let geometry) = graph.nodes[user].operation else { return false }
            return geometry.isHalving && graph.inputs(user)[0] == result
        }
        guard let unpool else { return nil }
        let gradient = graph.inputs(unpool)[1]
        guard relu else { return Unpooling(gradient: gradient, result: unpool, members: [unpool]) }
        guard let user = graph.onlyUser(unpool), let mask = units.derivative(of: unpool, at: user),
            mask.activation == .relu, mask.output == result
        else { return nil }
        // A comparison that somebody else reads as well would need the unpooled result.
        guard mask.members.count == 2 else { return nil }
        return Unpooling(gradient: gradient, result: mask.result, members: [unpool] + mask.members)
    }

    /// What undoes ReLU and pooling of a convolution with masks.
    func undone(in units: Units) -> Unpooling? {
        guard needsMasks else { return nil }
        var before = self
        before.result = units.graph.inputs(result)[0]
        before.pools = false
        return before.unpooling(in: units)
    }

    private func members(in graph: IndexedGraph) -> [Int] {
        var nodes = [convolution]
        while nodes.last! != result {
            let last = nodes.last!
            nodes.append(graph.users[last].first { next in next == result || graph.onlyUser(last) == next }!)
        }
        return nodes
    }

    // MARK: Lowering

    /// Which elements passed ReLU and pooling.
    var notes: [SideValue] { needsMasks ? [.lanesMask(of: convolution)] : [] }

    func lower(_ nodes: [Int], into lowering: inout Lowering) {
        let node = lowering.graph.nodes[convolution]
        let inputs = lowering.graph.inputs(convolution)
        guard case .convolution(let geometry) = node.operation else { preconditionFailure("not a convolution") }
        var parameters = apus_lanes_convolution_parameters(
            geometry, image: node.inputs[0].shape, kernel: node.inputs[1].shape)
        parameters.relu = relu ? 1 : 0
        parameters.pool = pools ? 1 : 0
        let operands: [Operand] = [
            .read(lowering.lanesValue(inputs[0])), .read(lowering.value(inputs[1])),
            bias.map { .read(lowering.value($0)) } ?? .none,
        ]
        let target = lowering.lanesResult(result)
        var masks = Operand.none
        if needsMasks {
            let byteCount = Int(withUnsafePointer(to: parameters, apus_lanes_convolution_mask_bytes))
            masks = .write(lowering.note(.lanesMask(of: convolution), byteCount: byteCount))
        }
        let scratch = Int(withUnsafePointer(to: parameters, apus_lanes_convolution_scratch_bytes))
        let parts = [
            "convolution", bias != nil ? "bias" : nil, relu ? "relu" : nil, pools ? "maxPool" : nil,
        ]
        lowering.step(
            "lanes " + parts.compactMap { $0 }.joined(separator: "+"), apus_lanes_convolution,
            operands + [.write(target), masks, .scratch(byteCount: scratch)], parameters, cost: node.cost)
    }
}

extension ConvolutionGeometry {
    /// Whether a convolution gains from having 16 samples in a vector: few channels, simple geometry.
    func suitsLanes(image: TensorType, kernel: Shape) -> Bool {
        let unit = ImageSize(height: 1, width: 1)
        let batch = image.shape[0]
        // At least three quarters of the lanes hold samples.
        let isFull = batch > 0 && 4 * batch >= 3 * ((batch + 15) / 16 * 16)
        return image.elementType == .float32 && strides == unit && dilation == unit && groups == 1
            && max(image.shape[3], kernel[3]) < 32 && max(kernel[0], kernel[1]) <= 11 && isFull
    }
}

extension PoolGeometry {
    /// Whether windows of 2 × 2 lie side by side.
    fileprivate var isHalving: Bool {
        let two = ImageSize(height: 2, width: 2)
        return window == two && strides == two && padding == .zero && !ceilMode
    }
}

extension apus_lanes_convolution_parameters {
    init(_ geometry: ConvolutionGeometry, image: Shape, kernel: Shape) {
        self.init(
            samples: Int64(image[0]), channels_in: Int64(image[3]), channels_out: Int64(kernel[3]),
            height: Int64(image[1]), width: Int64(image[2]), kernel_height: Int64(kernel[0]),
            kernel_width: Int64(kernel[1]), pad_top: Int64(geometry.padding.top),
            pad_left: Int64(geometry.padding.left), pad_bottom: Int64(geometry.padding.bottom),
            pad_right: Int64(geometry.padding.right), relu: 0, pool: 0)
    }
}
