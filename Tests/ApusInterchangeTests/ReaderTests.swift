import ApusFormats
import ApusGraph
import ApusTensor
import ApusTestKit
import Foundation
import Testing

import ApusInterchange

/// What is wrong with files, in the words that people read.
@Suite struct ReaderTests {
    private func problem(_ sample: Sample) -> String { message { try sample.model() } }

    private var relu: Sample { Sample().input("x", [2]).output("y").node("Relu", ["x"], ["y"]) }

    @Test("Names that are not defined, later or twice")
    func names() {
        #expect(
            problem(Sample().input("x", [2]).output("y").node("Relu", ["z"], ["y"]))
                == "the node \"y\" (Relu) reads \"z\", which nothing yields. Expected an input, a weight or the output of a node. "
                + "Export the model again; onnx.checker of Python says more.")
        let circle = Sample().input("x", [2]).output("y").node("Add", ["x", "b"], ["a"]).node("Neg", ["a"], ["b"])
            .node("Neg", ["b"], ["y"])
        #expect(
            problem(circle).hasPrefix(
                "the node \"a\" (Add) reads \"b\", which a later node yields. Expected nodes in order, and no cycle."))
        #expect(
            problem(relu.node("Neg", ["x"], ["y"])).hasPrefix(
                "the node \"y\" (Neg) yields \"y\", which there is already."))
        #expect(problem(relu.input("x", [2])).hasPrefix("two inputs have one name, or one has none."))
        #expect(problem(relu.output("q")).hasPrefix("nothing yields the output \"q\"."))
        #expect(problem(relu.output("y")).hasPrefix("an output stands twice."))
        #expect(
            problem(relu.weight("w", [1], [1]).weight("w", [1], [1])).hasPrefix(
                "two tensors have one name, or one has none."))
        #expect(problem(Sample().input("x", [2]).node("Relu", ["x"], ["y"])).hasPrefix("the model yields nothing."))
    }

    @Test("Operators that are not known, all at once with how often they occur")
    func operators() {
        let sample = Sample().input("x", [2]).output("y").node("Foo", ["x"], ["a"]).node("Foo", ["a"], ["b"])
            .node("Bar", ["b"], ["y"])
        #expect(problem(sample).hasPrefix("the model uses operators that are not known."))
        #expect(problem(sample).contains("received Foo (2×), Bar (1×)."))
        let other = relu.change { $0.graph.node[0].domain = "com.acme" }
        #expect(problem(other).contains("received com.acme.Relu (1×)."))
        // Those of graphs within nodes count, too.
        let inner = relu.change {
            $0.graph.node[0].attribute = [
                .with {
                    $0.name = "body"; $0.type = .graph; $0.g.node = [.with { $0.opType = "Baz" }]
                }
            ]
        }
        #expect(problem(inner).contains("received Baz (1×)."))
    }

    @Test("Versions that are not known")
    func versions() {
        #expect(
            problem(relu.change { $0.opsetImport[0].version = 99 }).contains(
                "Expected opset 1 to 27; received opset 99."))
        #expect(problem(relu.change { $0.opsetImport[0].version = -1 }).contains("received opset -1."))
        #expect(problem(Sample().change { $0.clearGraph() }).hasPrefix("the file holds no model."))
    }

    @Test("Tensors whose shapes and numbers do not fit")
    func tensors() {
        func problem(_ change: (inout Onnx_TensorProto) -> Void) -> String {
            self.problem(
                relu.weight("w", [2], [1, 2]).node("Add", ["y", "w"], ["z"]).change { change(&$0.graph.initializer[0]) }
            )
        }
        #expect(problem { _ in } == "no error")
        #expect(
            problem { $0.dims = [3] }.hasPrefix(
                "the tensor \"w\" has not the numbers of its shape. Expected 3 numbers; received 2."))
        #expect(
            problem { $0.rawData = Data([1, 2, 3]) }.contains(
                "has not the bytes of its shape. Expected 8 bytes; received 3."))
        #expect(
            problem { $0.dims = [-2] }.contains(
                "declares a shape that no tensor has. Expected up to 32 extents from 0; received [-2]."))
        #expect(problem { $0.dims = [1 << 40, 1 << 40] }.contains("declares a shape that no tensor has."))
        #expect(problem { $0.dims = Array(repeating: 1, count: 40) }.contains("declares a shape that no tensor has."))
        #expect(
            problem { $0.dataType = 8 }.contains(
                "holds elements that are not read. Expected numbers or truth values; received STRING."))
        #expect(problem { $0.dataType = 77 }.contains("received type 77."))
        #expect(problem { $0.segment.begin = 1 }.contains("is stored in segments."))
        #expect(
            problem {
                $0.dataType = 13; $0.uint64Data = [1 << 63, 1]
            }.contains("holds greater numbers than are read."))
    }

    @Test("Sequences, sparse weights, types of inputs")
    func unsupported() {
        #expect(
            problem(relu.change { $0.graph.input[0].type = .with { $0.sequenceType.elemType.tensorType.elemType = 1 } })
                .contains("\"x\" is no tensor. Expected tensors as inputs and outputs;"))
        #expect(
            problem(relu.change { $0.graph.sparseInitializer = [Onnx_SparseTensorProto()] }).contains(
                "the model holds sparse weights."))
        #expect(problem(relu.change { $0.graph.input[0].type.tensorType.elemType = 8 }).contains("received STRING."))
    }

    @Test("Bytes that are no model, or cut short")
    func bytes() throws {
        #expect(
            message { try ONNXModel(bytes: Array("PK\u{3}\u{4} no model".utf8)) }.hasPrefix(
                "the file is not a model of ONNX, or it is damaged."))
        let whole = try Sample.network.bytes()
        for count in [whole.count / 2, whole.count - 1] {
            #expect(message { try ONNXModel(bytes: Array(whole[..<count])) } != "no error")
        }
        #expect(
            message { try ONNXModel("/nowhere/model.onnx") }.hasPrefix(
                "/nowhere/model.onnx: there is no such file. Expected a model of ONNX."))
        // Graphs within graphs, deeper than anybody writes.
        var deep = Onnx_GraphProto()
        for _ in 0..<60 {
            let inner = deep
            deep = .with {
                $0.node = [
                    .with {
                        $0.opType = "If";
                        $0.attribute = [
                            .with {
                                $0.name = "g"; $0.g = inner
                            }
                        ]
                    }
                ]
            }
        }
        let proto = Sample().change { $0.graph = deep }
        #expect(
            message { try ONNXModel(bytes: try proto.bytes()) }.hasPrefix(
                "the file is not a model of ONNX, or it is damaged."))
    }

    // MARK: Other files

    private func external(_ location: String, offset: String? = nil, length: String? = nil) -> Sample {
        relu.weight("w", [2], []).node("Add", ["y", "w"], ["z"]).output("z").change {
            $0.graph.initializer[0].dataLocation = .external
            $0.graph.initializer[0].externalData =
                [("location", location), ("offset", offset), ("length", length)].compactMap { key, value in
                    value.map { value in
                        .with {
                            $0.key = key; $0.value = value
                        }
                    }
                }
        }
    }

    @Test("Weights in another file of the folder")
    func otherFile() throws {
        try withTemporaryFolder { folder in
            let numbers: [Float] = [9, 1, 2]
            try numbers.withUnsafeBytes { Data($0) }.write(to: URL(filePath: "\(folder)/w.bin"))
            func read(_ sample: Sample) throws -> ONNXModel {
                try Data(sample.bytes()).write(to: URL(filePath: "\(folder)/m.onnx"))
                return try ONNXModel("\(folder)/m.onnx")
            }
            #expect(try read(external("w.bin", offset: "4", length: "8")).variables["w"]?.scalars == [1, 2])
            #expect(
                message { try read(external("w.bin", offset: "8")) }.contains(
                    "the file ends before the numbers of the tensor \"w\""))
            #expect(
                message { try read(external("w.bin", offset: "-1")) }.contains(
                    "has no place in its file. Expected a whole number as offset; received \"-1\"."))
            #expect(
                message { try read(external("w.bin", offset: "9223372036854775807")) }.contains("the file ends before"))
            #expect(message { try read(external("w.bin", length: "4")) }.contains("has not the bytes of its shape."))
            #expect(message { try read(external("")) }.contains("lies in another file, but in none by name."))
            #expect(message { try read(external("none.bin")) }.contains("there is no such file."))
            for location in ["../w.bin", "/etc/hostname", "a/../w.bin", "a/../../w.bin", "a\\..\\w.bin"] {
                #expect(
                    message { try read(external(location)) }.contains("lies outside of the model's folder."),
                    "\(location)")
            }
            // A link that leads out of the folder.
            try FileManager.default.createDirectory(atPath: "\(folder)/inner", withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/inner/link", withDestinationPath: "\(folder)/w.bin")
            try Data(external("link", offset: "4").bytes()).write(to: URL(filePath: "\(folder)/inner/m.onnx"))
            #expect(message { try ONNXModel("\(folder)/inner/m.onnx") }.contains("lies outside of the model's folder."))
            #expect(message { try ONNXModel(bytes: external("w.bin").bytes()) }.contains("lies in another file."))
        }
    }

    // MARK: Types

    @Test("Numbers of every type that is read")
    func types() throws {
        func read(_ type: Int32, _ set: (inout Onnx_TensorProto) -> Void) throws -> [Double] {
            var proto = Onnx_TensorProto()
            (proto.dims, proto.dataType) = ([2], type)
            set(&proto)
            return try ONNXFile(path: "").tensor(proto, "t").tensor.scalars(as: Double.self)
        }
        #expect(try read(10) { $0.int32Data = [0x3c00, 0xc500] } == [1, -5])
        #expect(try read(10) { $0.int32Data = [0x0001, 0x7c00] } == [0x1p-24, .infinity])
        #expect(try read(10) { $0.rawData = Data([0x00, 0x38, 0x00, 0xb8]) } == [0.5, -0.5])
        #expect(try read(16) { $0.int32Data = [0x3f80, 0xc000] } == [1, -2])
        #expect(try read(11) { $0.doubleData = [0.1, -3] } == [0.1, -3])
        #expect(try read(3) { $0.int32Data = [-128, 127] } == [-128, 127])
        #expect(try read(5) { $0.int32Data = [-32768, 7] } == [-32768, 7])
        #expect(try read(4) { $0.rawData = Data([0xff, 0xff, 1, 0]) } == [65535, 1])
        #expect(try read(12) { $0.uint64Data = [4_294_967_295, 1] } == [4_294_967_295, 1])
        #expect(try read(13) { $0.uint64Data = [1, 2] } == [1, 2])
        #expect(try read(9) { $0.int32Data = [0, 2] } == [0, 1])
        #expect(try read(2) { $0.rawData = Data([7, 255]) } == [7, 255])
    }
}
