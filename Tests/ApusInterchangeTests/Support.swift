import ApusFormats
import ApusGraph
import ApusTensor
import Foundation
import SwiftProtobuf

import ApusInterchange

/// A model of ONNX in the making.
struct Sample {
    var proto = Onnx_ModelProto()

    init(version: Int64 = 17) {
        proto.irVersion = 8
        proto.opsetImport = [.with { $0.version = version }]
        proto.graph.name = "test"
    }

    /// An input or output; −1 for a free extent.
    static func port(_ name: String, _ shape: [Int], _ type: Int32 = 1) -> Onnx_ValueInfoProto {
        .with { port in
            port.name = name
            port.type.tensorType.elemType = type
            port.type.tensorType.shape.dim = shape.map { extent in
                .with { if extent >= 0 { $0.dimValue = Int64(extent) } else { $0.dimParam = "N" } }
            }
        }
    }

    func input(_ name: String, _ shape: [Int], _ type: Int32 = 1) -> Sample {
        change { $0.graph.input.append(Sample.port(name, shape, type)) }
    }

    func output(_ name: String, _ shape: [Int] = [], _ type: Int32 = 1) -> Sample {
        change { $0.graph.output.append(Sample.port(name, shape, type)) }
    }

    static func tensor(_ name: String, _ shape: [Int], _ numbers: [Float]) -> Onnx_TensorProto {
        .with {
            $0.name = name
            $0.dims = shape.map { Int64($0) }
            $0.dataType = 1
            $0.floatData = numbers
        }
    }

    static func whole(_ name: String, _ shape: [Int], _ numbers: [Int64]) -> Onnx_TensorProto {
        .with {
            $0.name = name
            $0.dims = shape.map { Int64($0) }
            $0.dataType = 7
            $0.int64Data = numbers
        }
    }

    func weight(_ name: String, _ shape: [Int], _ numbers: [Float]) -> Sample {
        change { $0.graph.initializer.append(Sample.tensor(name, shape, numbers)) }
    }

    /// A weight with numbers that differ.
    func weight(_ name: String, _ shape: [Int], scale: Float = 0.1) -> Sample {
        let count = shape.reduce(1, *)
        return weight(name, shape, (0..<count).map { scale * (Float(($0 * 7919) % 23) - 11) / 11 })
    }

    func whole(_ name: String, _ numbers: [Int64]) -> Sample {
        change { $0.graph.initializer.append(Sample.whole(name, [numbers.count], numbers)) }
    }

    func node(
        _ kind: String, _ inputs: [String], _ outputs: [String], _ attributes: [Onnx_AttributeProto] = []
    ) -> Sample {
        change {
            $0.graph.node.append(
                .with { node in
                    node.opType = kind
                    node.input = inputs
                    node.output = outputs
                    node.attribute = attributes
                })
        }
    }

    func change(_ change: (inout Onnx_ModelProto) -> Void) -> Sample {
        var copy = self
        change(&copy.proto)
        return copy
    }

    func bytes() throws -> [UInt8] { try proto.serializedBytes() }

    func model() throws -> ONNXModel { try ONNXModel(bytes: bytes()) }

    /// The outputs for inputs, as numbers.
    func run(_ inputs: Values) throws -> Values {
        let model = try model()
        let outputs = model.applied(to: inputs, with: model.variables, mode: .inference).outputs
        try evaluate(outputs.leaves)
        return outputs
    }

    // MARK: Networks

    /// Conv, BatchNormalization, Relu, MaxPool, Conv, GlobalAveragePool, Flatten, Gemm over images [N, 2, 8, 8].
    static var network: Sample {
        Sample()
            .input("x", [-1, 2, 8, 8]).output("y", [-1, 3])
            .weight("conv1.weight", [4, 2, 3, 3], scale: 0.4).weight("conv1.bias", [4])
            .weight("bn.weight", [4], [1, 0.9, 1.1, 1.2]).weight("bn.bias", [4])
            .weight("bn.mean", [4]).weight("bn.variance", [4], [1, 0.8, 1.2, 0.9])
            .weight("conv2.weight", [5, 4, 3, 3], scale: 0.4).weight("conv2.bias", [5])
            .weight("fc.weight", [3, 5], scale: 1).weight("fc.bias", [3])
            .node("Conv", ["x", "conv1.weight", "conv1.bias"], ["c1"], [.ints("pads", [1, 1, 1, 1])])
            .node(
                "BatchNormalization", ["c1", "bn.weight", "bn.bias", "bn.mean", "bn.variance"], ["b"],
                [.float("epsilon", 1e-5), .float("momentum", 0.8)]
            )
            .node("Relu", ["b"], ["r"])
            .node("MaxPool", ["r"], ["p"], [.ints("kernel_shape", [2, 2]), .ints("strides", [2, 2])])
            .node("Conv", ["p", "conv2.weight", "conv2.bias"], ["c2"], [.ints("pads", [1, 1, 1, 1])])
            .node("GlobalAveragePool", ["c2"], ["g"])
            .node("Flatten", ["g"], ["f"])
            .node("Gemm", ["f", "fc.weight", "fc.bias"], ["y"], [.int("transB", 1)])
    }
}

extension Onnx_AttributeProto {
    static func int(_ name: String, _ value: Int64) -> Onnx_AttributeProto {
        .with {
            ($0.name, $0.type) = (name, .int)
            $0.i = value
        }
    }

    static func ints(_ name: String, _ values: [Int64]) -> Onnx_AttributeProto {
        .with {
            ($0.name, $0.type) = (name, .ints)
            $0.ints = values
        }
    }

    static func float(_ name: String, _ value: Float) -> Onnx_AttributeProto {
        .with {
            ($0.name, $0.type) = (name, .float)
            $0.f = value
        }
    }

    static func texts(_ name: String, _ values: [String]) -> Onnx_AttributeProto {
        .with {
            ($0.name, $0.type) = (name, .strings)
            $0.strings = values.map { Data($0.utf8) }
        }
    }

    static func text(_ name: String, _ value: String) -> Onnx_AttributeProto {
        .with {
            ($0.name, $0.type) = (name, .string)
            $0.s = Data(value.utf8)
        }
    }

    static func tensor(_ name: String, _ value: Onnx_TensorProto) -> Onnx_AttributeProto {
        .with {
            ($0.name, $0.type) = (name, .tensor)
            $0.t = value
        }
    }
}

/// Numbers that differ, as a tensor.
func numbers(_ shape: Shape, scale: Double = 1) -> Tensor {
    Tensor((0..<shape.count).map { scale * (Double(($0 * 7919) % 101) - 50) / 50 }, shape: shape)
}
