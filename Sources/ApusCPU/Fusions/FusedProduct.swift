import ApusGraph
import CKernels

/// A matrix product with what follows it: `act(a · b + bias + residual)`, or `(a · b) ⊙ act′(y)` by the activation's output y; with
/// the sums over the rows of b, which are the bias gradient.
struct FusedProduct: Fusion {
    static let name = "product"

    /// The matmul node.
    var product: Int
    /// A node of shape [n].
    var bias: Int?
    /// A node of the result's shape that is added.
    var residual: Int?
    var activation: FusedActivation?
    var derivative: (activation: FusedActivation, output: Int)?
    /// A node Σ over rows of b: the bias gradient.
    var columnSums: Int?
    /// The last node: what the unit yields.
    var result: Int

    /// A product by itself.
    init(_ product: Int) {
        self.product = product
        result = product
    }

    // MARK: Finding

    static func find(in units: inout Units) {
        let graph = units.graph
        for number in graph.nodes.indices where units.unitOf[number] == nil {
            guard case .matmul = graph.nodes[number].operation, graph.nodes[number].elementType == .float32 else {
                continue
            }
            var found = FusedProduct(number)
            var members = [number]
            while let next = found.extended(in: units) {
                found = next.product
                members += next.members
            }
            if let sums = found.findColumnSums(in: units), !units.depends(members, on: sums) {
                found.columnSums = sums
                members.append(sums)
            }
            units.add(found, members.sorted())
        }
    }

    /// The product with one more node in its epilogue.
    private func extended(in units: Units) -> (product: FusedProduct, members: [Int])? {
        guard activation == nil, derivative == nil else { return nil }
        let graph = units.graph
        // A ReLU's gradient reads the result twice over only in the sense that y is another node.
        guard let user = units.freeUser(result) else { return nil }
        let node = graph.nodes[user]
        var next = self
        next.result = user
        switch node.operation {
        case .reshape:
            // Rows may be regrouped, columns not.
            guard bias == nil, residual == nil, node.shape.rank >= 1, node.shape[-1] == graph.nodes[product].shape[-1]
            else {
                return nil
            }
            return (next, [])
        case .binary(.add):
            if bias == nil, let bias = units.rowBroadcast(among: graph.inputs(user), besides: result) {
                next.bias = bias
            } else if residual == nil, let residual = units.residual(at: user, besides: result) {
                next.residual = residual
            } else {
                return nil
            }
            return (next, [user])
        case .unary(let unary):
            guard let activation = FusedActivation(unary) else { return nil }
            next.activation = activation
            return (next, [user])
        case .select, .binary(.multiply):
            guard bias == nil, residual == nil, let derivative = units.derivative(of: result, at: user) else {
                return nil
            }
            next.derivative = (derivative.activation, derivative.output)
            next.result = derivative.result
            return (next, derivative.members)
        default: return nil
        }
    }

    /// The node Σ over the rows of the right operand, if the graph computes it: with `aᵀ · g` comes the bias gradient Σ g.
    private func findColumnSums(in units: Units) -> Int? {
        let right = units.graph.inputs(product)[1]
        guard units.graph.nodes[right].shape.rank == 2 else { return nil }
        return units.graph.users[right].first { user in
            guard units.unitOf[user] == nil, case .reduce(.sum, let axes) = units.graph.nodes[user].operation else {
                return false
            }
            return axes == [0]
        }
    }

    // MARK: Lowering

    /// One call of the project's own kernel for float32.
    func lower(_ nodes: [Int], into lowering: inout Lowering) {
        let graph = lowering.graph
        let node = graph.nodes[product]
        let (m, n, k) = (node.shape[-2], node.shape[-1], node.inputs[0].shape[-1])
        let batch = node.shape.dimensions.dropLast(2).reduce(1, *)
        let a = lowering.matrices(graph[node.inputs[0]])
        let b = lowering.matrices(graph[node.inputs[1]])
        var parameters = apus_gemm_parameters()
        (parameters.batch, parameters.m, parameters.n, parameters.k) = (Int64(batch), Int64(m), Int64(n), Int64(k))
        parameters.a_batch_stride = Int64(a.strides.batch)
        (parameters.a_row_stride, parameters.a_column_stride) = (Int64(a.strides.row), Int64(a.strides.column))
        parameters.b_batch_stride = Int64(b.strides.batch)
        (parameters.b_row_stride, parameters.b_column_stride) = (Int64(b.strides.row), Int64(b.strides.column))
        (parameters.c_batch_stride, parameters.c_row_stride) = (Int64(m * n), Int64(n))
        parameters.alpha = 1
        parameters.has_bias = bias != nil ? 1 : 0
        let function = activation ?? derivative?.activation
        parameters.activation = Int32((function?.kernelCode ?? APUS_ACTIVATION_NONE).rawValue)
        // Not which function, but whether its derivative is taken.
        parameters.derivative = derivative != nil ? 1 : 0
        parameters.column_sums = columnSums != nil ? 1 : 0
        parameters.adds = residual != nil ? 1 : 0

        let bias = bias.map { lowering.value($0) }
        let residual = residual.map { lowering.value($0) }
        let output = derivative.map { lowering.value($0.output) }
        let result = lowering.result(result)
        let sums = columnSums.map { lowering.result($0) }
        let scratch = Int(withUnsafePointer(to: parameters, apus_gemm_scratch_bytes))
        let parts = [
            "gemm", bias != nil ? "bias" : nil, residual != nil ? "add" : nil, activation.map { "\($0)" },
            derivative.map { "\($0.activation)′" }, sums != nil ? "columnSums" : nil,
        ]
        let tensors = [node.type, node.inputs[0].type, node.inputs[1].type] + (residual != nil ? [node.type] : [])
        let bytes = tensors.reduce(0) { $0 + $1.byteCount }
        lowering.step(
            parts.compactMap { $0 }.joined(separator: "+"), apus_gemm_float32,
            [
                .read(a.value), .read(b.value), .write(result), bias.map { .read($0) } ?? .none,
                output.map { .read($0) } ?? .none, sums.map { .write($0) } ?? .none,
                residual.map { .read($0) } ?? .none,
                scratch > 0 ? .scratch(byteCount: scratch) : .none,
            ],
            parameters, cost: Cost(flops: node.cost.flops, bytes: bytes))
    }
}

extension FusedActivation {
    fileprivate var kernelCode: apus_activation {
        switch self {
        case .relu: APUS_ACTIVATION_RELU
        case .sigmoid: APUS_ACTIVATION_SIGMOID
        case .tanh: APUS_ACTIVATION_TANH
        }
    }
}
