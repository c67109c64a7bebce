import ApusGraph
import ApusNN
import ApusTensor
import ApusTestKit
import Foundation
import Testing

import ApusInterchange

/// What is wrong with a node, in the words that people read: nothing stops the program, and nothing fills the memory.
@Suite struct ProblemTests {
    /// What one node says of x [2, 3, 4, 4] and whole numbers w.
    private func problem(
        _ kind: String, _ more: [String] = [], _ attributes: Onnx_AttributeProto..., w: [Int64] = [], v: [Int64] = [],
        version: Int64 = 17
    ) -> String {
        let sample = Sample(version: version).input("x", [2, 3, 4, 4]).output("y").whole("w", w).whole("v", v)
            .weight("k", [5, 3, 3, 3]).weight("f", [1], [0.5])
            .node(kind, ["x"] + more, ["y"], attributes)
        return message { try sample.run(["x": numbers([2, 3, 4, 4])]) }
    }

    @Test("Attributes of another type, and axes that there are not")
    func attributes() {
        #expect(
            problem("Flatten", [], .text("axis", "one")).contains(
                "Flatten y: the attribute axis must be a whole number, received a text"))
        #expect(
            problem("LeakyRelu", [], .text("alpha", "a")).contains(
                "the attribute alpha must be a number, received a text"))
        #expect(
            problem("Transpose", [], .float("perm", 1)).contains(
                "the attribute perm must be whole numbers, received a number"))
        #expect(
            problem("Gelu", [], .int("approximate", 1), version: 20).contains(
                "the attribute approximate must be a text"))
        #expect(problem("Softmax", [], .int("axis", 4)).contains("the axis 4 is outside of a tensor of 4 axes"))
        #expect(problem("Softmax", [], .int("axis", .min)).contains("is outside of a tensor of 4 axes"))
        #expect(problem("Flatten", [], .int("axis", 7)).contains("the axis 7 is outside"))
        #expect(problem("ReduceMean", [], .ints("axes", [1, 1])).contains("an axis stands twice in [1, 1]"))
        #expect(problem("Transpose", [], .ints("perm", [0, 1, 2])).contains("[0, 1, 2] is no order of the 4 axes"))
        #expect(problem("Squeeze", ["w"], w: [0]).contains("the axis 0 has extent 2, not 1"))
        #expect(problem("Unsqueeze", ["w"], w: Array(repeating: 0, count: 99)).contains("99 new axes are too many"))
        #expect(problem("Concat", ["w"], .int("axis", 0), w: [1]).contains("different numbers of axes"))
        #expect(problem("MatMul").contains("the input 1 is missing"))
    }

    @Test("Shapes that do not fit, or that no memory holds")
    func shapes() {
        #expect(problem("Reshape", ["w"], w: [5, 5]).contains("96 elements do not fill the shape [5, 5]"))
        #expect(problem("Reshape", ["w"], w: [-1, 5]).contains("96 elements do not fill the shape [-1, 5]"))
        #expect(problem("Reshape", ["w"], w: [-1, -1]).contains("at most one extent may be −1"))
        #expect(problem("Reshape", ["w"], w: [-2, 3]) != "no error")
        #expect(
            problem("Reshape", ["w"], w: [0, 0, 0, 0, 0]).contains("0 at place 4 stands for an axis that there is not"))
        #expect(problem("Reshape", ["w"], w: [1 << 40, 1 << 40]).contains("no tensor has the shape"))
        #expect(problem("Expand", ["w"], w: [1 << 40, 2, 3, 4, 4]).contains("no tensor has the shape"))
        #expect(problem("Expand", ["w"], w: [7]).contains("[2, 3, 4, 4] does not stretch to [7]"))
        #expect(problem("Tile", ["w"], w: [1 << 60, 1, 1, 1]).contains("no tensor has the shape"))
        #expect(problem("Tile", ["w"], w: [1]).contains("expected 4 counts from 0"))
        #expect(problem("Pad", ["w"], w: [0, 0, 0, 1 << 50, 0, 0, 0, 0]) != "no error")
        #expect(problem("Pad", ["w"], w: [1, 2]).contains("expected 8 pads, received 2"))
        #expect(problem("Pad", ["w"], w: [0, 0, 0, -3, 0, 0, 0, -3]).contains("the pads cut more than axis 3 has"))
        #expect(problem("Split", ["w"], w: [1, 2]).contains("the parts [1, 2] are not the axis of 2 together"))
        #expect(problem("Slice", ["w", "w", "w", "v"], w: [0], v: [0]).contains("a step can't be 0"))
        #expect(problem("Slice", ["w", "v"], w: [0], v: [1, 2]).contains("do not fit together"))
        #expect(problem("Resize").contains("expected 4 scales or sizes"))
        #expect(
            problem("Resize", ["", "", "w"], w: [1, 1, 1 << 40, 1 << 40]).contains("the axis 2 can't have the size"))
        #expect(problem("Resize", ["", "", "w"], w: [2, 3, 0, 4]).contains("can't be resized by"))
        #expect(problem("TopK", ["w"], w: [9]).contains("9 of 4 elements"))
        #expect(problem("DepthToSpace", [], .int("blocksize", 2)).contains("3 channels are not blocks of 2²"))
        #expect(problem("SpaceToDepth", [], .int("blocksize", 3)).contains("4 × 4 pixels are not blocks of 3"))
    }

    @Test("What makes tensors of numbers of its own has bounds")
    func bombs() {
        func problem(_ kind: String, _ inputs: [(String, [Int64])], _ attributes: Onnx_AttributeProto...) -> String {
            let base = inputs.reduce(Sample().input("x", [1]).output("y")) { $0.whole($1.0, $1.1) }
            let scalars = base.change { proto in
                for index in proto.graph.initializer.indices where kind == "Range" {
                    proto.graph.initializer[index].dims = []
                }
            }
            return message { try scalars.node(kind, inputs.map(\.0), ["y"], attributes).run(["x": Tensor([1])]) }
        }
        #expect(problem("ConstantOfShape", [("s", [1 << 40, 1 << 20])]).contains("no tensor has the shape"))
        #expect(problem("ConstantOfShape", [("s", [-1])]).contains("no tensor has the shape [-1]"))
        #expect(problem("ConstantOfShape", [("s", [1 << 38])]) != "no error")
        #expect(problem("Range", [("a", [0]), ("b", [1 << 50]), ("c", [1])]).contains("no range from 0.0 to"))
        #expect(problem("Range", [("a", [0]), ("b", [5]), ("c", [0])]).contains("no range from"))
        #expect(problem("Constant", [], .text("value_string", "a")).contains("a constant must be a tensor of numbers"))
    }

    @Test("Windows")
    func windows() {
        #expect(problem("MaxPool").contains("the window must be 2 positive numbers"))
        #expect(
            problem("MaxPool", [], .ints("kernel_shape", [9, 9])).contains(
                "the window of 9 does not fit the 4 positions of axis 2"))
        #expect(
            problem("MaxPool", [], .ints("kernel_shape", [2, 2]), .ints("strides", [0, 1])).contains(
                "strides must be 2 positive numbers"))
        #expect(
            problem("AveragePool", [], .ints("kernel_shape", [2, 2]), .ints("pads", [1])).contains(
                "pads must be 4 numbers"))
        #expect(
            problem("AveragePool", [], .ints("kernel_shape", [2, 2]), .text("auto_pad", "SOME")).contains(
                "auto_pad \"SOME\" is not known"))
        #expect(problem("Conv", ["k"], .int("group", 0)).contains("the number of groups must be positive"))
        #expect(
            problem("Conv", ["k"], .ints("kernel_shape", [5, 5])).contains(
                "kernel_shape [5, 5] is not that of the kernel, [3, 3]"))
        #expect(problem("Conv", ["f"]).contains("does not fit"))
        #expect(problem("ConvTranspose", ["k"]).contains("the kernel takes 5 channels, but there are 3"))
        #expect(problem("ConvTranspose", ["k"], .ints("output_shape", [0, 0])) != "no error")
        #expect(problem("Dropout", [], .float("ratio", 2), version: 11).contains("the ratio must be in 0..<1"))
    }

    @Test("Inputs of other shapes, with names and numbers")
    func inputs() throws {
        let sample = Sample().input("x", [-1, 3]).output("y").node("Relu", ["x"], ["y"])
        #expect(
            message { try sample.run(["x": Tensor.zeros([2, 4])]) }.contains(
                "the input x takes [any, 3], but received [2, 4]"))
        #expect(message { try sample.run(["x": Tensor.zeros([2, 3, 1])]) }.contains("the input x takes [any, 3]"))
        #expect(try sample.run(Values(Tensor.zeros([5, 3])))["y"].shape == [5, 3])
        let two = sample.input("z", [3]).node("Add", ["x", "z"], ["s"])
        #expect(message { try two.run(["x": Tensor.zeros([2, 3])]) }.contains("\"z\""))
    }

    @Test("A batch of another size than the file was written for goes through shapes that name it")
    func batches() throws {
        let sample = Sample().input("x", [1, 2, 3]).output("y").output("z").whole("s", [1, 6]).whole("t", [1, -1, 2])
            .node("Reshape", ["x", "s"], ["y"]).node("Reshape", ["x", "t"], ["z"])
        let x = numbers([4, 2, 3])
        let outputs = try sample.run(["x": x])
        #expect(outputs["y"].shape == [4, 6] && outputs["y"].scalars == x.scalars)
        #expect(outputs["z"].shape == [4, 3, 2])
        #expect(try sample.run(["x": x[0..<1]])["y"].shape == [1, 6])
    }

    @Test("What shapes depend on must be known when a model is traced")
    func known() throws {
        let sample = Sample().input("x", [4]).input("s", [2], 7).output("y").node("Reshape", ["x", "s"], ["y"])
        let shape = Tensor([2, 2])
        #expect(try sample.run(["x": numbers([4]), "s": shape])["y"].shape == [2, 2])
        let model = try sample.model()
        let traced = compile { (x: Tensor, s: Tensor) in
            model.applied(to: ["x": x, "s": s], with: Variables(), mode: .inference).output
        }
        #expect(
            message { try traced(numbers([4]), shape) }.contains(
                "shape depends on the inputs of the model; shapes are fixed when a model is traced"))
    }

    @Test("What recurrent operators do not do")
    func recurrent() {
        func problem(_ kind: String, _ attributes: Onnx_AttributeProto..., inputs: [String] = ["x", "w", "r"]) -> String
        {
            let sample = Sample().input("x", [4, 2, 3]).output("y").weight("w", [1, 6, 3]).weight("r", [1, 6, 2])
                .weight("one", [6]).whole("lengths", [1, 2, 3])
                .node(kind, inputs, ["y"], attributes)
            return message { try sample.run(["x": numbers([4, 2, 3])]) }
        }
        #expect(problem("GRU") == "no error")
        #expect(problem("GRU", .text("direction", "both")).contains("GRU y: the direction \"both\" is not known"))
        #expect(
            problem("GRU", .texts("activations", ["Tanh", "Cosine"])).contains("the activation \"Cosine\" is not known")
        )
        #expect(problem("GRU", .texts("activations", ["Tanh"])).contains("expected 2 activations, received 1"))
        #expect(problem("GRU", .int("activations", 1)).contains("the attribute activations must be texts"))
        #expect(problem("LSTM").contains("expected W of [1, 8, 3], received [1, 6, 3]"))
        #expect(problem("GRU", .int("hidden_size", 3)).contains("expected W of [1, 9, 3], received [1, 6, 3]"))
        #expect(problem("GRU", .int("hidden_size", -1)).contains("the hidden_size must be at least 1, received -1"))
        #expect(problem("GRU", .text("direction", "bidirectional")).contains("expected W of [2, 6, 3]"))
        #expect(problem("GRU", .float("clip", -1)).contains("clip must not be negative, received -1.0"))
        #expect(problem("GRU", inputs: ["one", "w", "r"]).contains("expected sequences of 3 axes, received [6]"))
        #expect(problem("GRU", inputs: ["x", "w"]).contains("the input 2 is missing"))
        #expect(
            problem("GRU", inputs: ["x", "w", "r", "", "lengths"]).contains(
                "expected lengths of 2 sequences, received [3]"))
        #expect(
            problem("GRU", inputs: ["x", "w", "r", "", "", "w"]).contains(
                "expected start values of [1, 2, 2], received [1, 6, 3]"))
    }
}
