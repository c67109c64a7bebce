import ApusBackend
import ApusCPU
import ApusGraph
import ApusReference
import ApusTestSupport
import Testing

/// What is fused around batch normalizations, what is computed again or only once, and when.
@Suite(.serialized) struct NormalizationFusionTests {
    /// Residual blocks relu(batchNorm(x · w) + x), one after the other, and the gradients of Σ y · r to everything.
    private func blocks(_ count: Int, channels: Int, _ type: ElementType = .float32) -> Graph {
        let x = input("x", [3, 4, 5, channels], type)
        var inputs = [x]
        var y = x
        for block in 0..<count {
            let w = input("w\(block)", [1, 1, channels, channels])
            let (scale, offset) = (input("s\(block)", [channels]), input("o\(block)", [channels]))
            inputs += [w, scale, offset]
            let convolved = Node(.convolution(ConvolutionGeometry()), [y, w])
            let normalized = Node(
                .batchNormTraining(epsilon: 1e-2), [convolved, scale, offset, Node(.channelMoments, [convolved])])
            y = Node.binary(.add, normalized, y).unary(.relu)
        }
        let r = input("r", y.shape, type)
        let total = Node.binary(.multiply, y, r).cast(to: .float32).reduce(.sum, [0, 1, 2, 3])
        return graph(inputs + [r], [y] + Node.gradients(of: [total], withRespectTo: inputs))
    }

    /// 16 channels have a mask, 5 have none.
    @Test(arguments: [5, 16], [ElementType.float32, .bfloat16])
    func residualBlocksAreFused(channels: Int, type: ElementType) throws {
        let graph = blocks(2, channels: channels, type)
        let values = draw(graph, seed: 3)
        let expected = try ReferenceBackend().run(graph, inputs: values)
        for options in [CompileOptions.fused, .unfused] {
            let received = try CPU.values(graph, values, options: options)
            if type == .float32 { expectClose(received, expected, 2e-5) }
            // What is rounded to eight bits passes other ReLUs than the exact sum.
            #expect(received.count == expected.count)
            for (a, b) in zip(received, expected) { #expect(relativeDifference(a.values, b.values) < 0.15) }
        }
        let names = try CPU.compile(graph).stepNames
        #expect(names.count { $0 == "batchNormTraining+add+relu" } == 2)
        #expect(names.count { $0 == "batchNormGradient+relu′+residual" } == 1)
        #expect(names.count { $0 == "batchNormGradient+add+relu′+residual" } == 1)
    }

    @Test func anOffsetBeforeANormalizationHasNoGradient() throws {
        let (x, b) = (input("x", [6, 3]), input("b", [3]))
        let y = Node.binary(.add, x, b)
        let (scale, offset) = (input("s", [3]), input("o", [3]))
        let z = Node(.batchNormTraining(epsilon: 1e-3), [y, scale, offset, Node(.channelMoments, [y])])
        let total = z.unary(.square).reduce(.sum, [0, 1])
        let all = graph([x, b, scale, offset], Node.gradients(of: [total], withRespectTo: [x, b]))
        let program = try CPU.compile(all)
        #expect(!program.stepNames.contains("sum"))
        #expect(try program.values(draw(all))[1].values == [0, 0, 0])
    }

    /// relu(x ∗ w + b): the gradient to b comes with that through the ReLU, also where two gradients meet.
    @Test(arguments: [5, 32]) func biasGradientsAreFused(channels: Int) throws {
        let x = input("x", [2, 6, 5, channels])
        let (w, b) = (input("w", [3, 3, channels, channels]), input("b", [channels]))
        let convolved = Node.binary(.add, Node(.convolution(ConvolutionGeometry()), [x, w]), b).unary(.relu)
        let y = Node(.convolution(ConvolutionGeometry()), [convolved, w])
        let r = input("r", y.shape)
        let total = Node.binary(
            .add, Node.binary(.multiply, y, r).reduce(.sum, [0, 1, 2, 3]),
            convolved.unary(.square).reduce(.sum, [0, 1, 2, 3]))
        let all = graph([x, w, b, r], Node.gradients(of: [total], withRespectTo: [x, w, b]))
        let values = draw(all)
        let names = try CPU.compile(all).stepNames
        #expect(names.contains { $0.hasPrefix("relu′+sum") } && !names.contains("sum"), "\(names)")
        expectClose(try CPU.values(all, values), try ReferenceBackend().run(all, inputs: values), 1e-5)
    }

    @Test func maximaAreNoted() throws {
        let x = input("x", [2, 6, 6, 16])
        let geometry = PoolGeometry(window: ImageSize(height: 3, width: 3), strides: ImageSize(height: 2, width: 2))
        let y = Node(.maxPool(geometry), [x.unary(.square)])
        let all = graph(
            [x], [y] + Node.gradients(of: [y.unary(.square).reduce(.sum, [0, 1, 2, 3])], withRespectTo: [x]))
        let values = draw(all)
        #expect(try CPU.compile(all).stepNames.contains("maxPool+indices"))
        expectClose(try CPU.values(all, values), try ReferenceBackend().run(all, inputs: values), 1e-6)
    }

    // MARK: Recomputation

    /// Normalized layers without shortcuts, with convolutions whose bits do not depend on the number of threads.
    private func chain(_ count: Int) -> Graph {
        let x = input("x", [16, 16, 16, 32])
        var inputs = [x]
        var y = x
        for layer in 0..<count {
            let w = input("w\(layer)", [3, 3, 32, 32])
            let (scale, offset) = (input("s\(layer)", [32]), input("o\(layer)", [32]))
            inputs += [w, scale, offset]
            let padding = ImagePadding(top: 1, left: 1, bottom: 1, right: 1)
            y = Node(.convolution(ConvolutionGeometry(padding: padding)), [y, w])
            y = Node(.batchNormTraining(epsilon: 1e-2), [y, scale, offset, Node(.channelMoments, [y])]).unary(.relu)
        }
        let total = y.unary(.square).reduce(.mean, [0, 1, 2, 3])
        return graph(inputs, [total] + Node.gradients(of: [total], withRespectTo: inputs))
    }

    @Test func recomputationSavesMemoryAndChangesNoBit() throws {
        let graph = chain(6)
        let values = draw(graph)
        let kept = try CPU.compile(graph), computed = try CPU.compile(graph, options: CompileOptions(recomputes: true))
        #expect(computed.stepNames.count { $0 == "batchNormTraining+relu" } == 11)
        #expect(kept.stepNames.count { $0 == "batchNormTraining+relu" } == 6)
        #expect(Double(computed.arenaByteCount) < 0.75 * Double(kept.arenaByteCount))
        #expect(try kept.values(values).map(\.values) == computed.values(values).map(\.values))
    }

    // MARK: Order

    /// Each large weight is updated right after its gradient, so that gradients do not pile up.
    @Test func updatesComeWithTheirGradients() throws {
        let size = 640
        let x = input("x", [8, size])
        let weights = (0..<4).map { input("w\($0)", [size, size]) }
        let y = weights.reduce(x) { Node.matmul($0, $1).unary(.tanh) }
        let total = y.unary(.square).reduce(.sum, [0, 1])
        let updated = zip(weights, Node.gradients(of: [total], withRespectTo: weights)).map { w, g in
            Node.binary(.subtract, w, Node.binary(.multiply, g, .constant(0.1, [], .float32)))
        }
        let program = try CPU.compile(
            graph([x] + weights, updated + [total], replaces: [1, 2, 3, 4, nil]))
        let names = program.stepNames
        let updates = names.indices.filter { names[$0] == "multiply+subtract" }
        #expect(updates.count == 4)
        #expect(names[updates[0]...].contains { $0.hasPrefix("gemm") })
        // One gradient at a time, and small things.
        #expect(Double(program.arenaByteCount) < 2.2 * Double(size * size * 4))
    }

    // MARK: Constants

    @Test(arguments: [32, 3]) func normalizationsAreFoldedAtInference(channels: Int) throws {
        let x = input("x", [4, 8, 8, channels])
        let (w, b) = (input("w", [3, 3, channels, 32]), input("b", [32]))
        let statistics = ["scale", "offset", "mean"].map { input($0, [32]) }
        let variance = input("variance", [32])
        let convolved = Node.binary(.add, Node(.convolution(ConvolutionGeometry()), [x, w]), b)
        let y = Node(.batchNorm(epsilon: 0.5), [convolved] + statistics + [variance.unary(.square)]).unary(.relu)
        let all = graph([w, b] + statistics + [variance, x], [y])
        let program = try CPU.compile(all, options: CompileOptions(constantInputs: Set(0..<6)))
        #expect(program.steps.count == 1, "\(program.stepNames)")
        var buffers: [Buffer] = []
        for seed in [5, 6] as [UInt64] {
            let values = draw(all, seed: seed)
            let expected = try ReferenceBackend().run(all, inputs: values)[0]
            if buffers.isEmpty { buffers = values.map { Buffer($0) } }
            // The second time the same memory holds other numbers.
            for (buffer, value) in zip(buffers, values) {
                let numbers = Buffer(value)
                withExtendedLifetime(numbers) {
                    buffer.mutableBytes.copyMemory(from: numbers.bytes)
                }
                buffer.generation += 1
            }
            for _ in 0..<2 {
                let received = try program.run(buffers)[0].value(y.type)
                expectClose([received], [expected], 1e-5)
            }
        }
    }
}
