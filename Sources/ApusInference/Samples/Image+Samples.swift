public import ApusFormats
import ApusGraph
public import ApusTensor

extension Image {
    /// The pixels of an image that is a tensor of bytes: [height, width, channels], or [height, width] where it is gray.
    ///
    /// - Throws: `PredictionError` for tensors of other types and shapes; `GraphError` for one that carries an error.
    public init(_ tensor: Tensor) throws {
        guard tensor.problems.isEmpty else { throw GraphError(tensor.problems) }
        let dimensions = tensor.shape.dimensions
        let channels = dimensions.count == 3 ? dimensions[2] : 1
        guard tensor.elementType == .uint8, dimensions.count == 2 || dimensions.count == 3,
            channels == 1 || channels == 3, dimensions[0] > 0, dimensions[1] > 0
        else {
            throw PredictionError(
                "the tensor is no image",
                expected: "uint8 [height, width], [height, width, 1] or [height, width, 3]",
                received: "\(tensor.elementType)\(tensor.shape)",
                remedy: "Take one image, and give pixels from 0 to 255: x.cast(to: .uint8).")
        }
        try self.init(
            height: dimensions[0], width: dimensions[1], channels: channels,
            pixels: Array(tensor.elements().bytes))
    }

    /// The pixels as bytes, [height, width, channels].
    public var tensor: Tensor { Tensor(bytes: pixels, TensorType(shape, .uint8)) }
}

extension ModelDescription.Input {
    /// The size of images that are samples; `nil` where samples are no images.
    var imageSize: (height: Int, width: Int, channels: Int)? {
        let shape = shape.dimensions
        if shape.count == 2 { return (shape[0], shape[1], 1) }
        return shape.count == 3 && [1, 3].contains(shape[2]) ? (shape[0], shape[1], shape[2]) : nil
    }

    /// Images as samples [N, ...]: with the channels and in the size that the model takes, as bytes.
    func samples(_ images: [Image]) throws -> Tensor {
        guard let size = imageSize else {
            throw PredictionError(
                "the model takes no images\(name.isEmpty ? "" : " as its input\(name.asName)")",
                expected: "samples \(batchText)", received: "an image",
                remedy: "Give a tensor, or the row of a table: model.predict(row: [\"column\": 1.5]).")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(images.count * shape.count)
        for image in images {
            bytes += try image.fitted(height: size.height, width: size.width, channels: size.channels).pixels
        }
        return Tensor(bytes: bytes, TensorType(Shape([images.count] + shape.dimensions), .uint8))
    }
}
