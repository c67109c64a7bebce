import ApusGraph

extension Fusion {
    /// Finds the chains of few-channel convolutions, poolings and elementwise operations that run in the lanes layout.
    mutating func findLanes() {
        for number in graph.nodes.indices where isLanesConvolution(number) && unitOf[number] == nil {
            let pattern = lanesConvolution(number)
            markLanes(pattern.result)
            add(Unit(kind: .lanesConvolution(pattern), nodes: fusedNodes(of: pattern)))
        }
        guard !units.isEmpty else { return }
        for number in graph.nodes.indices where unitOf[number] == nil {
            if let gradient = lanesGradient(at: number) {
                if let output = gradient.pattern.inputGradient { markLanes(output) }
                add(Unit(kind: .lanesGradient(gradient.pattern), nodes: gradient.members))
            } else if staysInLanes(number) {
                markLanes(number)
            }
        }
    }

    /// Whether a convolution gains from having 16 samples in a vector: few channels, simple geometry.
    private func isLanesConvolution(_ number: Int) -> Bool {
        guard case .convolution(let geometry) = graph.nodes[number].operation else { return false }
        let (x, kernel) = (graph.nodes[number].inputs[0], graph.nodes[number].inputs[1])
        return isLanesGeometry(geometry, image: x.type, kernel: kernel.type)
    }

    private func isLanesGeometry(_ geometry: ConvolutionGeometry, image x: TensorType, kernel: TensorType) -> Bool {
        let unit = ImageSize(height: 1, width: 1)
        return x.elementType == .float32 && geometry.strides == unit && geometry.dilation == unit
            && geometry.groups == 1
            && max(x.shape[3], kernel.shape[3]) < 32 && max(kernel.shape[0], kernel.shape[1]) <= 11
            && isFull(batch: x.shape[0])
    }

    /// Whether at least three quarters of the lanes would hold samples.
    private func isFull(batch: Int) -> Bool {
        4 * batch >= 3 * ((batch + 15) / 16 * 16) && batch > 0
    }

    // MARK: Forward

    /// The convolution with as much of bias, ReLU and 2 × 2 pooling as can be fused.
    private func lanesConvolution(_ number: Int) -> LanesConvolutionPattern {
        var pattern = LanesConvolutionPattern(
            convolution: number, bias: nil, relu: false, pools: false, result: number, needsMasks: false)
        if let add = graph.onlyUser(number), case .binary(.add) = graph.nodes[add].operation,
            let bias = rowBroadcast(among: graph.inputs(add), besides: number)
        {
            pattern.bias = bias
            pattern.result = add
        }
        if let relu = graph.onlyUser(pattern.result), case .unary(.relu) = graph.nodes[relu].operation {
            pattern.relu = true
            pattern.result = relu
        }
        return pooled(pattern) ?? pattern
    }

    /// The pattern with the pooling after it, if whatever else reads the unpooled result is the gradient that undoes both.
    private func pooled(_ pattern: LanesConvolutionPattern) -> LanesConvolutionPattern? {
        let readers = graph.users[pattern.result]
        guard !graph.isOutput[pattern.result],
            let pool = readers.first(where: { isHalvingPool(graph.nodes[$0].operation) })
        else { return nil }
        var next = pattern
        next.pools = true
        next.result = pool
        let others = readers.filter { $0 != pool }
        guard !others.isEmpty else { return next }
        guard let undone = unpooling(of: pattern) else { return nil }
        guard others.allSatisfy({ undone.members.contains($0) }),
            gradients(
                of: undone.result, arriving: undone.gradient, masksOf: pattern.convolution, members: undone.members)
                != nil
        else { return nil }
        next.needsMasks = true
        return next
    }

    private func isHalvingPool(_ operation: Operation) -> Bool {
        guard case .maxPool(let geometry) = operation else { return false }
        return isHalving(geometry)
    }

    private func isHalving(_ geometry: PoolGeometry) -> Bool {
        let two = ImageSize(height: 2, width: 2)
        return geometry.window == two && geometry.strides == two && geometry.padding == .zero && !geometry.ceilMode
    }

    /// The nodes between the gradient of the pooled result and the gradient of the convolution's result.
    private func unpooling(
        of pattern: LanesConvolutionPattern
    ) -> (gradient: Int, result: Int, members: [Int])? {
        let readers = graph.users[pattern.result]
        guard
            let unpool = readers.first(where: {
                if case .maxPoolGradient(let geometry) = graph.nodes[$0].operation {
                    isHalving(geometry) && graph.inputs($0)[0] == pattern.result
                } else {
                    false
                }
            })
        else { return nil }
        let gradient = graph.inputs(unpool)[1]
        guard pattern.relu else { return (gradient, unpool, [unpool]) }
        guard let user = graph.onlyUser(unpool), let mask = derivative(of: unpool, at: user),
            mask.activation == .relu, mask.output == pattern.result
        else { return nil }
        // A comparison that somebody else reads as well would need the unpooled result.
        guard mask.members.count == 2 else { return nil }
        return (gradient, mask.result, [unpool] + mask.members)
    }

    private func fusedNodes(of pattern: LanesConvolutionPattern) -> [Int] {
        var nodes = [pattern.convolution]
        while nodes.last! != pattern.result {
            let last = nodes.last!
            nodes.append(
                graph.users[last].first { next in
                    next == pattern.result || graph.onlyUser(last) == next
                }!)
        }
        return nodes
    }

    // MARK: Backward

    /// The gradients of a lanes convolution that start at a node: at the unpooling, or at one of the gradients themselves.
    private func lanesGradient(at number: Int) -> (pattern: LanesGradientPattern, members: [Int])? {
        if case .maxPoolGradient = graph.nodes[number].operation,
            let unit = graph.inputs(number).first.flatMap({ unpooledUnit(of: $0) }),
            case .lanesConvolution(let forward) = units[unit].kind, forward.needsMasks,
            let undone = unpooling(of: forwardBeforePool(forward)), undone.members.contains(number)
        {
            return gradients(
                of: undone.result, arriving: undone.gradient, masksOf: forward.convolution, members: undone.members)
        }
        switch graph.nodes[number].operation {
        case .convolutionKernelGradient, .convolutionInputGradient:
            let gradient = graph.inputs(number)[graph.nodes[number].operation.isKernelGradient ? 1 : 0]
            return gradients(of: gradient, arriving: gradient, masksOf: nil, members: [])
        default: return nil
        }
    }

    /// The unit inside which a node's value vanished by fused pooling.
    private func unpooledUnit(of node: Int) -> Int? {
        guard let unit = unitOf[node], case .lanesConvolution(let pattern) = units[unit].kind, pattern.pools else {
            return nil
        }
        return unit
    }

    private func forwardBeforePool(_ pattern: LanesConvolutionPattern) -> LanesConvolutionPattern {
        var before = pattern
        before.result = graph.inputs(pattern.result)[0]
        before.pools = false
        return before
    }

    /// Collects kernel, input and bias gradient that read `gradient`, the gradient of one convolution's result.
    private func gradients(
        of gradient: Int, arriving: Int, masksOf: Int?, members: [Int]
    ) -> (pattern: LanesGradientPattern, members: [Int])? {
        var pattern: LanesGradientPattern?
        var members = members
        func matches(_ candidate: LanesGradientPattern) -> Bool {
            guard let known = pattern else { return true }
            return known.geometry == candidate.geometry && shapes(of: known) == shapes(of: candidate)
        }
        var sums: [Int] = []
        for user in graph.users[gradient] where unitOf[user] == nil {
            let inputs = graph.inputs(user)
            switch graph.nodes[user].operation {
            case .convolutionKernelGradient(let geometry, _)
            where inputs[1] == gradient && inputs[0] != gradient && pattern?.kernelGradient == nil:
                let x = graph.nodes[inputs[0]].type
                guard isLanesGeometry(geometry, image: x, kernel: graph.nodes[user].type) else { continue }
                let found = LanesGradientPattern(
                    gradient: arriving, masksOf: masksOf, input: inputs[0], kernel: -1, geometry: geometry,
                    kernelGradient: user)
                guard matches(found) else { continue }
                if pattern == nil {
                    pattern = found
                } else {
                    (pattern!.input, pattern!.kernelGradient) = (inputs[0], user)
                }
            case .convolutionInputGradient(let geometry, _)
            where inputs[0] == gradient && inputs[1] != gradient && pattern?.inputGradient == nil:
                guard isLanesGeometry(geometry, image: graph.nodes[user].type, kernel: graph.nodes[inputs[1]].type)
                else {
                    continue
                }
                let found = LanesGradientPattern(
                    gradient: arriving, masksOf: masksOf, input: -1, kernel: inputs[1], geometry: geometry,
                    inputGradient: user)
                guard matches(found) else { continue }
                if pattern == nil {
                    pattern = found
                } else {
                    (pattern!.kernel, pattern!.inputGradient) = (inputs[1], user)
                }
            case .reduce(.sum, let axes) where axes == [0, 1, 2]:
                sums.append(user)
            default: break
            }
        }
        guard var pattern else { return nil }
        pattern.biasGradient = sums.first
        let results = [pattern.inputGradient, pattern.kernelGradient, pattern.biasGradient].compactMap { $0 }
        // None may be needed for another.
        guard results.allSatisfy({ result in !depends(results.filter { $0 != result }, on: result) }) else {
            return nil
        }
        members += results
        // Masks are undone inside; nobody else may need the gradient in between.
        if masksOf != nil {
            guard !graph.isOutput[gradient], graph.users[gradient].allSatisfy({ members.contains($0) }) else {
                return nil
            }
        }
        return (pattern, members.sorted())
    }

    /// The shapes of image and kernel.
    private func shapes(of pattern: LanesGradientPattern) -> [Shape] {
        [pattern.inputGradient ?? pattern.input, pattern.kernelGradient ?? pattern.kernel].map { graph.nodes[$0].shape }
    }

    // MARK: Between

    /// Whether an operation on a value in the lanes layout keeps that layout.
    private func staysInLanes(_ number: Int) -> Bool {
        let node = graph.nodes[number]
        guard node.shape.rank == 4, node.elementType == .float32 || node.elementType == .bool else { return false }
        let inputs = graph.inputs(number)
        switch node.operation {
        case .maxPool, .averagePool, .maxPoolGradient, .averagePoolGradient:
            return lanes.contains(inputs[0]) || (inputs.count > 1 && lanes.contains(inputs[1]))
        case .unary, .binary, .select, .clamp:
            return inputs.contains { lanes.contains($0) }
                && inputs.allSatisfy { input in
                    lanes.contains(input) || isChannelBroadcast(input) || graph.nodes[input].constantValue != nil
                }
        default: return false
        }
    }

    /// Whether a node is one value a channel, stretched over an image batch.
    private func isChannelBroadcast(_ number: Int) -> Bool {
        guard case .broadcast = graph.nodes[number].operation else { return false }
        let source = graph.nodes[graph.inputs(number)[0]].shape
        return source.count == 1 || (source.count == source[-1])
    }
}

extension Operation {
    var isKernelGradient: Bool {
        if case .convolutionKernelGradient = self { true } else { false }
    }
}
