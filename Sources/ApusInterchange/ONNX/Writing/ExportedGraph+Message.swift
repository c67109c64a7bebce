import ApusGraph
import ApusTensor
import Foundation

extension ExportedGraph {
    /// The version of the operators.
    package static let operatorSet = 17
    /// The version of the format.
    private static let formatVersion: Int64 = 8

    /// Where the bytes of a large initializer are.
    struct Place {
        /// The file beside that of the graph.
        var file: String
        var offset: Int
        var count: Int
    }

    /// The model as a message.
    ///
    /// - Parameter place: Where the bytes of an initializer are, by its number; `nil` for those in the message.
    func message(_ description: Description, place: (Int) -> Place?) -> Onnx_ModelProto {
        var model = Onnx_ModelProto()
        model.irVersion = ExportedGraph.formatVersion
        model.producerName = "Apus"
        model.producerVersion = description.version
        var operators = Onnx_OperatorSetIdProto()
        operators.version = Int64(ExportedGraph.operatorSet)
        model.opsetImport = [operators]
        model.graph.name = description.name
        model.graph.node = nodes.map(\.message)
        model.graph.input = inputs.map(\.message)
        model.graph.output = outputs.map(\.message)
        model.graph.initializer = initializers.enumerated().map { $1.message(place($0)) }
        model.metadataProps = description.metadata.map { key, value in
            var entry = Onnx_StringStringEntryProto()
            (entry.key, entry.value) = (key, value)
            return entry
        }
        return model
    }

    /// What a file says of a graph.
    package struct Description: Sendable {
        /// The graph's name.
        package var name: String
        /// The version of the program that writes.
        package var version: String
        /// Texts by name, in order.
        package var metadata: [(key: String, value: String)]

        package init(name: String, version: String, metadata: [(key: String, value: String)]) {
            self.name = name
            self.version = version
            self.metadata = metadata
        }
    }
}

extension ExportedGraph.Node {
    fileprivate var message: Onnx_NodeProto {
        var message = Onnx_NodeProto()
        message.name = name
        message.opType = type
        message.input = inputs
        message.output = outputs
        message.attribute = attributes.sorted { $0.key < $1.key }.map { name, value in
            var attribute = Onnx_AttributeProto()
            attribute.name = name
            switch value {
            case .integer(let number):
                attribute.type = .int
                attribute.i = Int64(number)
            case .integers(let numbers):
                attribute.type = .ints
                attribute.ints = numbers.map(Int64.init)
            case .number(let number):
                attribute.type = .float
                attribute.f = Float(number)
            case .text(let text):
                attribute.type = .string
                attribute.s = Data(text.utf8)
            case .texts(let texts):
                attribute.type = .strings
                attribute.strings = texts.map { Data($0.utf8) }
            }
            return attribute
        }
        return message
    }
}

extension ExportedGraph.Port {
    fileprivate var message: Onnx_ValueInfoProto {
        var message = Onnx_ValueInfoProto()
        message.name = name
        message.type.tensorType.elemType = Int32(elementType.exportedNumber)
        message.type.tensorType.shape.dim = extents.map { extent in
            var dimension = Onnx_TensorShapeProto.Dimension()
            switch extent {
            case .fixed(let count): dimension.dimValue = Int64(count)
            case .open(let name): dimension.dimParam = name
            }
            return dimension
        }
        return message
    }
}

extension ExportedGraph.Initializer {
    fileprivate func message(_ place: ExportedGraph.Place?) -> Onnx_TensorProto {
        var message = Onnx_TensorProto()
        message.name = name
        message.dims = tensor.shape.dimensions.map(Int64.init)
        message.dataType = Int32(tensor.elementType.exportedNumber)
        if let place {
            message.dataLocation = .external
            message.externalData = [
                ("location", place.file), ("offset", "\(place.offset)"), ("length", "\(place.count)"),
            ].map { key, value in
                var entry = Onnx_StringStringEntryProto()
                (entry.key, entry.value) = (key, value)
                return entry
            }
        } else {
            message.rawData = Data(tensor.elements().bytes)
        }
        return message
    }
}
