import ApusBackend
import ApusGraph
import ApusNN
import ApusTensor
import Testing

import ApusInterchange

/// How axes lie: convolutions compute on [N, H, W, C], files speak of [N, C, H, W].
@Suite struct LayoutTests {
    /// The operations of a model for one sample, by name.
    private func operations(_ model: ONNXModel, _ shape: Shape) throws -> [Operation] {
        let traced = try model.traced(Signature(shape), batch: 4, mode: .inference)
        return Node.sorted(traced.outputs.leaves.map(\.node)).map(\.operation)
    }

    private func transposes(_ operations: [Operation]) -> Int {
        operations.count { if case .transpose = $0 { true } else { false } }
    }

    @Test("A network of images moves its input once, and nothing where that comes with its channels last")
    func nothingMoves() throws {
        let model = try Sample.network.model()
        #expect(transposes(try operations(model, [2, 8, 8])) == 1)
        #expect(transposes(try operations(model.takingChannelsLast(), [8, 8, 2])) == 0)
    }

    @Test("Kernels lie window first, matrices of transposed products transposed, all else as in the file")
    func weights() throws {
        let variables = try Sample.network.model().variables
        #expect(
            variables.paths == [
                "conv1.weight", "conv1.bias", "bn.weight", "bn.bias", "bn.mean", "bn.variance", "conv2.weight",
                "conv2.bias", "fc.weight", "fc.bias",
            ])
        #expect(variables["conv1.weight"]?.shape == [3, 3, 2, 4])
        #expect(variables["fc.weight"]?.shape == [5, 3])
        #expect(variables.trainableCount == 72 + 4 + 8 + 180 + 5 + 15 + 3)
        #expect(variables.variable("bn.mean")?.description.isTrainable == false)
        #expect(variables.variable("bn.weight")?.description.isTrainable == true)
        // Element [o, i, h, w] of the file is [h, w, i, o].
        let stored = try #require(variables["conv1.weight"])
        let file = Sample.network.proto.graph.initializer[0].floatData
        #expect(stored[1, 2, 0, 3].item() == file[((3 * 2 + 0) * 3 + 1) * 3 + 2])
        #expect(
            variables["fc.weight"]?[4, 1].item()
                == Sample.network.proto.graph.initializer.first { $0.name == "fc.weight" }?.floatData[1 * 5 + 4])
    }

    @Test("Inputs that have their channels last in the file stay as they are")
    func channelsLastInTheFile() throws {
        func shape(_ declared: [Int], _ type: Int32 = 1) throws -> Shape? {
            let sample = Sample().input("x", declared, type).output("y").node("Identity", ["x"], ["y"])
            return try sample.model().takingChannelsLast().inputs.first?.shape
        }
        #expect(try shape([-1, 3, 8, 6]) == [8, 6, 3])
        #expect(try shape([-1, 8, 6, 3]) == [8, 6, 3])
        #expect(try shape([-1, 64, 8, 6]) == [8, 6, 64])
        #expect(try shape([-1, 1, 4, 4]) == [4, 4, 1])
        #expect(try shape([-1, 5, 7]) == [5, 7])
        #expect(try shape([-1, 2, 5, 7, 9]) == [5, 7, 9, 2])
    }

    @Test("A kernel that something else reads, too, lies as in the file")
    func sharedKernel() throws {
        let sample = Sample().input("x", [1, 2, 4, 4]).output("y").output("z").weight("w", [3, 2, 1, 1])
            .node("Conv", ["x", "w"], ["y"]).node("Neg", ["w"], ["z"])
        #expect(try sample.model().variables["w"]?.shape == [3, 2, 1, 1])
        #expect(try sample.run(["x": numbers([1, 2, 4, 4])])["z"].shape == [3, 2, 1, 1])
    }

    @Test("The layers that the file describes compute the same")
    func sameAsLayers() throws {
        let model = try Sample.network.model()
        let layers = Sequential {
            Conv2D(filters: 4, kernelSize: 3, padding: .same)
            BatchNorm(momentum: 0.8, epsilon: 1e-5)
            ActivationLayer(.relu)
            MaxPool2D(2)
            Conv2D(filters: 5, kernelSize: 3, padding: .same)
            GlobalAveragePool()
            Dense(3)
        }
        var weights = try layers.initialized(input: [8, 8, 2], seed: 0)
        for (path, name) in zip(weights.paths, model.variables.paths) {
            try weights.setValue(path, try #require(model.variables[name]))
        }
        let x = numbers([3, 8, 8, 2])
        let images = model.takingChannelsLast()
        for mode in [Mode.inference, .training] {
            let own = images.applied(to: ["x": x], with: model.variables, mode: mode)
            let expected = layers.applied(to: x, with: weights, mode: mode)
            for (a, b) in zip(own.output.scalars, expected.output.scalars) { #expect(abs(a - b) < 1e-5) }
            #expect(own.states.paths.sorted() == (mode == .training ? ["bn.mean", "bn.variance"] : []))
            for (name, path) in zip(["bn.mean", "bn.variance"], expected.states.paths.sorted()) {
                let (new, layer) = (try #require(own.states[name]), try #require(expected.states[path]))
                for (a, b) in zip(new.scalars, layer.scalars) { #expect(abs(a - b) < 1e-6, "\(name)") }
            }
        }
    }

    @Test(
        "Axes lie anywhere, and operators find theirs", arguments: ["ReduceMean", "Concat", "Slice", "Softmax", "Add"])
    func axes(_ kind: String) throws {
        // After a transpose that nothing carries out, and without one.
        func sample(_ isMoved: Bool) -> Sample {
            let start = Sample().input("x", isMoved ? [2, 4, 5, 3] : [2, 3, 4, 5]).output("y").whole("s", [1]).whole(
                "e", [3]
            ).whole("a", [2])
                .weight("w", [3, 1, 5])
            let x = isMoved ? "t" : "x"
            let base = isMoved ? start.node("Transpose", ["x"], ["t"], [.ints("perm", [0, 3, 1, 2])]) : start
            switch kind {
            case "ReduceMean": return base.node(kind, [x], ["y"], [.ints("axes", [1]), .int("keepdims", 0)])
            case "Concat": return base.node(kind, [x, x], ["y"], [.int("axis", 2)])
            case "Slice": return base.node(kind, [x, "s", "e", "a"], ["y"])
            case "Softmax": return base.node(kind, [x], ["y"], [.int("axis", 1)])
            default: return base.node(kind, [x, "w"], ["y"])
            }
        }
        let x = numbers([2, 3, 4, 5])
        let plain = try sample(false).run(["x": x])["y"]
        let moved = try sample(true).run(["x": x.transposed([0, 2, 3, 1])])["y"]
        #expect(plain.shape == moved.shape)
        for (a, b) in zip(plain.scalars, moved.scalars) { #expect(abs(a - b) < 1e-6) }
    }
}
