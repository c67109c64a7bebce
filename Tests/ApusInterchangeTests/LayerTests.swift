import ApusFormats
import ApusGraph
import ApusNN
import ApusTensor
import ApusTestKit
import Testing

import ApusInterchange

/// Layers that a file describes.
@Suite struct LayerTests {
    /// Whether layers give what the model gives, for images of its size.
    private func isSame(_ sample: Sample, _ shape: Shape, mode: Mode = .inference) throws -> Bool {
        let model = try sample.model().takingChannelsLast()
        let layers = try model.layers()
        let x = numbers(Shape([2] + shape.dimensions))
        let name = model.inputs.names[0]
        let own = model.applied(to: [name: x], with: model.variables, mode: mode).output
        let other = layers.model.applied(to: [name: x], with: layers.variables, mode: mode).output
        #expect(own.shape == other.shape)
        return zip(own.scalars, other.scalars).allSatisfy { abs($0 - $1) < 1e-5 }
    }

    @Test("A chain is a Sequential with the weights of the file")
    func chain() throws {
        #expect(try isSame(.network, [8, 8, 2]))
        #expect(try isSame(.network, [8, 8, 2], mode: .training))
        let layers = try Sample.network.model().layers()
        let net = try #require(layers.model as? Sequential)
        #expect(
            net.layers.map(\.kind) == [
                "conv2D", "batchNorm", "activation", "maxPool2D", "conv2D", "globalAveragePool", "dense",
            ])
        #expect(layers.variables.paths.first == "0.conv2D/kernel")
        #expect(layers.inputs == Signature([("x", Signature.Input([8, 8, 2]))]))
    }

    @Test("The rows of a matrix behind flattened images are those of channels last")
    func flattened() throws {
        let sample = Sample().input("x", [-1, 2, 4, 3]).output("y").weight("w", [4, 2, 2, 2]).weight("b", [4])
            .weight("d", [24, 3]).weight("e", [3])
            .node("Conv", ["x", "w", "b"], ["c"]).node("Flatten", ["c"], ["f"]).node("Relu", ["f"], ["r"])
            .node("MatMul", ["r", "d"], ["m"]).node("Add", ["m", "e"], ["a"])
            .node("Softmax", ["a"], ["y"])
        #expect(try isSame(sample, [4, 3, 2]))
        let net = try #require(try sample.model().layers().model as? Sequential)
        #expect(net.layers.map(\.kind) == ["conv2D", "flatten", "activation", "dense", "activation"])
    }

    @Test("Branches that are added, joined and multiplied are a graph of parts")
    func branches() throws {
        let sample = Sample().input("x", [-1, 2, 6, 6]).output("y")
            .weight("w", [4, 2, 3, 3]).weight("v", [4, 4, 3, 3]).weight("u", [3, 4, 1, 1]).weight("bias", [4])
            .weight("one", [4, 1], scale: 1).weight("back", [7, 4, 1, 1]).weight("f", [2, 7])
            .node("Conv", ["x", "w"], ["stem"], [.ints("pads", [1, 1, 1, 1])])
            .node("Conv", ["stem", "v", "bias"], ["inner"], [.ints("pads", [1, 1, 1, 1])])
            .node("Add", ["stem", "inner"], ["sum"]).node("LeakyRelu", ["sum"], ["relu"])
            .node("Conv", ["relu", "u"], ["side"]).node("Concat", ["relu", "side"], ["both"], [.int("axis", 1)])
            .node("Sigmoid", ["both"], ["gate"]).node("Mul", ["both", "gate"], ["silu"])
            .node("GlobalMaxPool", ["silu"], ["pool"]).node("Flatten", ["pool"], ["flat"])
            .node("Gemm", ["flat", "f"], ["y"], [.int("transB", 1)])
            .change { proto in proto.graph.initializer.removeAll { ["one", "back"].contains($0.name) } }
        #expect(try isSame(sample, [6, 6, 2]))
        let layers = try sample.model().layers()
        let graph = try #require(layers.model as? ModelGraph)
        #expect(graph.outputNames == ["y"])
        #expect(Set(graph.parts.values.map(\.merge)).isSuperset(of: [.add, .concatenate, .multiply]))
    }

    @Test("Settings of convolutions and poolings")
    func settings() throws {
        let sample = Sample().input("x", [-1, 4, 9, 8]).output("y").weight("w", [8, 2, 3, 2]).weight("v", [3, 8, 2, 2])
            .node(
                "Conv", ["x", "w"], ["a"], [.int("group", 2), .ints("strides", [2, 1]), .ints("pads", [1, 0, 2, 1])]
            )
            .node(
                "MaxPool", ["a"], ["b"],
                [.ints("kernel_shape", [2, 3]), .ints("strides", [1, 2]), .ints("pads", [0, 1, 1, 0])]
            )
            .node("Clip", ["b", "zero", "six"], ["c"])
            .node("Conv", ["c", "v"], ["d"], [.text("auto_pad", "SAME_UPPER"), .ints("dilations", [1, 2])])
            .node(
                "AveragePool", ["d"], ["e"],
                [.ints("kernel_shape", [2, 2]), .ints("pads", [1, 1, 0, 0]), .int("count_include_pad", 1)]
            )
            .node("GlobalAveragePool", ["e"], ["f"]).node("Flatten", ["f"], ["y"])
            .weight("zero", [], [0]).weight("six", [], [6])
        #expect(try isSame(sample, [9, 8, 4]))
    }

    @Test("What is no layer is named, and the model stays as it is")
    func unknown() throws {
        let sample = Sample().input("x", [-1, 4]).output("y").weight("w", [4, 4])
            .node("MatMul", ["x", "w"], ["a"]).node("CumSum", ["a", "axis"], ["b"]).node("Sin", ["b"], ["c"])
            .node("Sin", ["c"], ["y"]).whole("axis", [1])
        #expect(
            message { try sample.model().layers() }
                == "not all of the model are layers. Expected chains and branches of convolutions, dense layers, normalizations, "
                + "poolings and activations; received CumSum (1×). Use the model as it is: it trains, too.")
        let pooled = Sample().input("x", [-1, 4, 2, 2]).output("y").node("GlobalAveragePool", ["x"], ["y"])
        #expect(message { try pooled.model().layers() }.contains("the shape of the output y (1×)"))
    }
}
