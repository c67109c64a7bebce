import ApusFormats
import ApusFuzzing
import ApusGraph
import ApusNN
import ApusTensor
import Foundation
import Testing

import ApusInterchange

/// Damaged files must lead to errors or models, and models to errors or graphs; see `Fuzzing`.
@Suite struct FuzzTests {
    #if compiler(>=6.2)
        @Test(.enabled(if: !Fuzzing.isHere)) func reading() async {
            await #expect(processExitsWith: .success) { try Fuzzing.onnx(limited: true) }
        }

        @Test(.enabled(if: !Fuzzing.isHere)) func tracing() async {
            await #expect(processExitsWith: .success) { try Fuzzing.onnxTraced() }
        }
    #endif

    @Test(.enabled(if: Fuzzing.isHere)) func readingHere() throws { try Fuzzing.onnx(limited: false) }
    @Test(.enabled(if: Fuzzing.isHere)) func tracingHere() throws { try Fuzzing.onnxTraced() }
}

extension Fuzzing {
    static func onnx(limited: Bool) throws {
        let samples = try [Sample.network, .shapes, .windows, .kinds].map { try $0.bytes() }
        try run(samples, limited: limited) { bytes, _ throws(FormatError) in _ = try ONNXModel(bytes: bytes) }
    }

    static func onnxTraced() throws {
        let samples = try [Sample.network, .shapes, .windows, .kinds].map { try $0.bytes() }
        try run(samples, limited: false) { bytes, _ in
            let model = try ONNXModel(bytes: bytes)
            let inputs = model.inputs.map { name, input in
                // Sizes that are open, or greater than anybody has.
                let shape = input.shape.dimensions.map { (1...64).contains($0) ? $0 : 2 }
                return (name: name, input: Signature.Input(Shape(shape), input.elementType))
            }
            for mode in [Mode.inference, .training] {
                _ = try model.traced(Signature(inputs), batch: 2, mode: mode)
            }
        }
    }
}

extension Sample {
    /// What computes with shapes.
    fileprivate static var shapes: Sample {
        Sample().input("x", [-1, 3, 4, 4]).output("y").output("z").whole("zero", [0]).whole("one", [1]).whole(
            "rest", [-1]
        )
        .whole("two", [2]).whole("pads", [0, 1, 0, 0, 0, 0, 0, -1])
        .node("Shape", ["x"], ["s"]).node("Slice", ["s", "zero", "one"], ["n"])
        .node("Concat", ["n", "rest"], ["t"], [.int("axis", 0)]).node("Reshape", ["x", "t"], ["r"])
        .node("Gather", ["s", "one"], ["c"]).node(
            "ConstantOfShape", ["c"], ["k"], [.tensor("value", tensor("", [1], [3]))]
        )
        .node("Expand", ["k", "one"], ["e"]).node("Pad", ["x", "pads"], ["p"], [.text("mode", "reflect")])
        .node("Split", ["p"], ["a", "b"], [.int("axis", 2)]).node(
            "Transpose", ["a"], ["u"], [.ints("perm", [0, 2, 3, 1])]
        )
        .node("Unsqueeze", ["u", "two"], ["v"]).node("Tile", ["e", "two"], ["w"])
        .node("ReduceMean", ["v"], ["m"], [.ints("axes", [1, -1]), .int("keepdims", 0)])
        .node("Flatten", ["m"], ["z"]).node("Softmax", ["r"], ["y"], [.int("axis", 1)])
    }

    /// Convolutions and poolings with everything that they may say.
    fileprivate static var windows: Sample {
        Sample(version: 19).input("x", [1, 4, 9, 7]).output("y").output("i")
            .weight("k", [4, 2, 3, 2]).weight("b", [4]).weight("t", [4, 3, 2, 2]).weight("scales", [4], [1, 1, 2, 0.5])
            .node(
                "Conv", ["x", "k", "b"], ["c"],
                [
                    .int("group", 2), .ints("strides", [2, 1]), .ints("dilations", [1, 2]),
                    .ints("pads", [1, 0, 1, 2]),
                ]
            )
            .node(
                "MaxPool", ["c"], ["m", "i"],
                [.ints("kernel_shape", [2, 2]), .int("ceil_mode", 1), .ints("pads", [0, 1, 1, 0])]
            )
            .node("AveragePool", ["m"], ["a"], [.ints("kernel_shape", [2, 3]), .text("auto_pad", "SAME_UPPER")])
            .node("ConvTranspose", ["a", "t"], ["u"], [.ints("strides", [2, 2]), .ints("output_padding", [1, 0])])
            .node("Resize", ["u", "", "scales"], ["y"], [.text("mode", "linear")])
    }

    /// Operators of other families, with attributes of other types.
    fileprivate static var kinds: Sample {
        Sample(version: 13).input("x", [2, 6, 8]).input("n", [2, 4], 7).output("y").output("o").output("q")
            .weight("d", [], [5]).weight("pair", [2], [0, 1]).whole("k", [3]).weight("scale", [6])
            .node("LRN", ["x"], ["l"], [.int("size", 3)]).node("InstanceNormalization", ["l", "scale", "scale"], ["i"])
            .node("TopK", ["i", "k"], ["v", "j"]).node("OneHot", ["n", "d", "pair"], ["h"], [.int("axis", 1)])
            .node("ArgMax", ["h"], ["o"], [.int("select_last_index", 1)]).node("Cast", ["j"], ["f"], [.int("to", 1)])
            .node("Add", ["v", "f"], ["g"]).node("Clip", ["g", "d"], ["y"]).node("Dropout", ["y"], ["q"])
    }
}
