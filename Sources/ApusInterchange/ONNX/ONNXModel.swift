public import ApusFormats
import ApusGraph
public import ApusNN
import ApusTensor
import Foundation

/// A model in an ONNX file: it runs, trains and differentiates like every other model.
///
/// Its variables are the floating-point weights of the file under their names there; a trainer begins with the numbers of the file.
/// Kernels lie in them as convolutions here read them, [height, width, in, out], and the matrix of a transposed product lies
/// transposed. The means and variances of batch normalizations are states. Shapes are fixed when the model is traced: what a file
/// computes with shapes is computed then.
///
/// ```swift
/// let onnx = try ONNXModel("mobilenet.onnx")
/// print(onnx.inputs, onnx.variables.trainableCount)
///
/// // Images [N, C, H, W] as in the file
/// let x = Tensor.zeros([1, 3, 224, 224])
/// print(onnx.applied(to: ["input": x], with: onnx.variables, mode: .inference).outputs.names)
///
/// // Or as everywhere else here, [N, H, W, C]: the weights go on from those of the file
/// let trainer = Trainer(onnx.takingChannelsLast(), loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.001))
/// ```
public struct ONNXModel: Model {
    let storage: Storage
    /// Whether images come as [N, H, W, C], where the file speaks of [N, C, H, W].
    public private(set) var takesImagesChannelsLast = false

    /// What was read.
    final class Storage: Sendable {
        let graph: ONNXGraph
        /// The model without the numbers of its weights, as a file holds it.
        let definition: [UInt8]
        /// What the file says of itself.
        let metadata: [String: String]

        init(graph: ONNXGraph, definition: [UInt8], metadata: [String: String] = [:]) {
            self.graph = graph
            self.definition = definition
            self.metadata = metadata
        }
    }

    init(_ storage: Storage) { self.storage = storage }

    /// Reads a file.
    ///
    /// - Parameter path: The file; weights that lie in other files must lie in its folder.
    /// - Throws: `FormatError` if there is no such file, it is damaged, or uses what is not known: it lists all operators that are not.
    public init(_ path: String) throws(FormatError) {
        let content = "a model of ONNX"
        let proto = try ONNXFile.message(Onnx_ModelProto.self, path: path, content: content)
        try self.init(proto, ONNXFile(path: path))
    }

    /// Reads the bytes of a file; weights that lie in other files are refused.
    ///
    /// - Throws: `FormatError` as `init(_:)` does.
    public init(bytes: [UInt8]) throws(FormatError) {
        let file = ONNXFile(path: "")
        try self.init(try file.message(Onnx_ModelProto.self, bytes, content: "a model of ONNX"), file)
    }

    init(_ proto: Onnx_ModelProto, _ file: ONNXFile) throws(FormatError) {
        let graph = try ONNXReader.graph(proto, file)
        let metadata = Dictionary(proto.metadataProps.map { ($0.key, $0.value) }) { first, _ in first }
        self.init(Storage(graph: graph, definition: try ONNXModel.definition(proto, file), metadata: metadata))
    }

    // MARK: What it takes and yields

    /// One sample of each input, without the batch; an extent that the file leaves open is −1.
    public var inputs: Signature {
        Signature(
            storage.graph.inputs.map { port in
                let declared = (port.shape ?? []).map { $0 ?? -1 }
                let shape =
                    takesChannelsLast(port) ? ONNXValue.channelsLast(declared.count).map { declared[$0] } : declared
                return (port.name, Signature.Input(Shape(Array(shape.dropFirst())), port.type.elementType ?? .float32))
            })
    }

    /// The names of the outputs.
    public var outputNames: [String] { storage.graph.outputs.map(\.name) }

    /// How many nodes there are of each operator.
    public var operators: [String: Int] {
        storage.graph.nodes.reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
    }

    /// The model for images [N, H, W, C] in place of [N, C, H, W], as data sets and other layers have them.
    ///
    /// So do volumes: every input of the file with four or five axes has its channels last, unless there are 1 to 4 of them in its
    /// last axis and not in its second.
    public func takingChannelsLast() -> ONNXModel {
        var copy = self
        copy.takesImagesChannelsLast = true
        return copy
    }

    /// Whether an input comes with its channels last although the file has them second.
    func takesChannelsLast(_ port: ONNXGraph.Port) -> Bool {
        guard takesImagesChannelsLast, port.type != .int64, let shape = port.shape, (4...5).contains(shape.count) else {
            return false
        }
        func isFew(_ extent: Int?) -> Bool { extent.map { (1...4).contains($0) } ?? false }
        return isFew(shape[1]) || !isFew(shape[shape.count - 1])
    }

    // MARK: Weights

    /// The weights of the file.
    public var variables: Variables {
        var variables = Variables()
        for weight in storage.graph.weights {
            guard let start = weight.start else { continue }
            variables.set(weight.name, Variables.Variable(value: start, description: weight.description))
        }
        return variables
    }

    // MARK: Equality

    public static func == (a: ONNXModel, b: ONNXModel) -> Bool {
        a.takesImagesChannelsLast == b.takesImagesChannelsLast
            && (a.storage === b.storage || a.storage.definition == b.storage.definition)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(takesImagesChannelsLast)
        hasher.combine(storage.definition)
    }
}

extension ONNXWeight {
    fileprivate var description: VariableDescription {
        VariableDescription(shape: variableShape, initializer: initializer, isTrainable: isTrainable)
    }
}

extension ONNXModel: CustomStringConvertible {
    public var description: String {
        "ONNX: \(storage.graph.nodes.count) nodes, \(storage.graph.weights.count) variables"
    }
}
