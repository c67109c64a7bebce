import ApusFormats
import ApusNN
import Foundation
import SwiftProtobuf

// A trained model's file holds the definition, and the numbers beside it as those of every other model.
extension ONNXModel: Codable {
    private enum Keys: String, CodingKey {
        case definition, channelsLast
    }

    /// Reads a description; the weights come from where it stands.
    public init(from decoder: any Swift.Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        let bytes = [UInt8](try container.decode(Data.self, forKey: .definition))
        let file = ONNXFile(path: "")
        let proto = try file.message(Onnx_ModelProto.self, bytes, content: "the definition of a model of ONNX")
        self.init(Storage(graph: try ONNXReader.graph(proto, file, isDescription: true), definition: bytes))
        if try container.decodeIfPresent(Bool.self, forKey: .channelsLast) ?? false { self = takingChannelsLast() }
    }

    /// Writes the description without the weights.
    public func encode(to encoder: any Swift.Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(Data(storage.definition), forKey: .definition)
        if takesImagesChannelsLast { try container.encode(true, forKey: .channelsLast) }
    }

    /// A model without the numbers of its weights, comments and names of what is in between.
    static func definition(_ proto: Onnx_ModelProto, _ file: ONNXFile) throws(FormatError) -> [UInt8] {
        var proto = proto
        let uses = ONNXUses(proto.graph)
        func strip(_ tensor: inout Onnx_TensorProto, _ name: String) {
            guard uses.isWeight(name, tensor) else { return }
            var bare = Onnx_TensorProto()
            (bare.name, bare.dims, bare.dataType) = (tensor.name, tensor.dims, tensor.dataType)
            tensor = bare
        }
        proto.docString = ""
        proto.metadataProps = []
        proto.graph.valueInfo = []
        for index in proto.graph.initializer.indices {
            strip(&proto.graph.initializer[index], proto.graph.initializer[index].name)
        }
        for index in proto.graph.node.indices where proto.graph.node[index].opType == "Constant" {
            guard let output = proto.graph.node[index].output.first,
                let place = proto.graph.node[index].attribute.firstIndex(where: { $0.hasT })
            else { continue }
            strip(&proto.graph.node[index].attribute[place].t, output)
        }
        do { return try proto.serializedBytes() } catch {
            throw file.malformed("the definition of the model can't be written: \(error)")
        }
    }
}
