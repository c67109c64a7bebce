/// One record of an event file: the messages `Event`, `Summary`, `HistogramProto` and their like, encoded.
///
/// Source: `event.proto`, `summary.proto`, `histogram.proto` and `tensor.proto` in `tensorboard/compat/proto`.
struct TensorBoardEvent {
    enum Content {
        /// The first record of every file.
        case version
        case summary([(tag: String, value: TensorBoardValue)])
        /// The training starts (again) here: what earlier files say of this step and later ones is void.
        case sessionStart
    }

    let time: Double
    let step: Int
    let content: Content

    /// The record with its frame: length, checksum of the length, data, checksum of the data.
    var record: [UInt8] {
        let data = message.bytes
        let length = withUnsafeBytes(of: UInt64(data.count).littleEndian, Array.init)
        func checksum(_ bytes: [UInt8]) -> [UInt8] {
            withUnsafeBytes(of: CRC32C.masked(bytes).littleEndian, Array.init)
        }
        return length + checksum(length) + data + checksum(data)
    }

    private var message: ProtobufMessage {
        var event = ProtobufMessage()
        event.addUnlessZero(1, time)
        if step != 0 { event.add(2, integer: step) }
        switch content {
        case .version: event.add(3, text: "brain.Event:2")
        case .summary(let values):
            var summary = ProtobufMessage()
            for (tag, value) in values { summary.add(1, message: Self.message(tag, value)) }
            event.add(5, message: summary)
        case .sessionStart:
            var session = ProtobufMessage()
            session.add(1, integer: 1)
            event.add(7, message: session)
        }
        return event
    }

    /// `Summary.Value`.
    private static func message(_ tag: String, _ value: TensorBoardValue) -> ProtobufMessage {
        var message = ProtobufMessage()
        if !tag.isEmpty { message.add(1, text: tag) }
        switch value {
        case .scalar(let number): message.add(2, float: Float(number.bounded))
        case .image(let image): message.add(4, message: Self.message(image))
        case .histogram(let histogram): message.add(5, message: Self.message(histogram))
        case .text(let text):
            message.add(8, message: tensor(text))
            message.add(9, message: metadata(plugin: "text"))
        }
        return message
    }

    /// `Summary.Image`.
    private static func message(_ image: TensorBoardImage) -> ProtobufMessage {
        var message = ProtobufMessage()
        if image.height != 0 { message.add(1, integer: image.height) }
        if image.width != 0 { message.add(2, integer: image.width) }
        if image.channels != 0 { message.add(3, integer: image.channels) }
        if !image.png.isEmpty { message.add(4, bytes: image.png) }
        return message
    }

    /// `HistogramProto`.
    private static func message(_ histogram: TensorBoardHistogram) -> ProtobufMessage {
        var message = ProtobufMessage()
        // TensorBoard draws in float32.
        message.addUnlessZero(1, histogram.minimum.bounded)
        message.addUnlessZero(2, histogram.maximum.bounded)
        message.addUnlessZero(3, histogram.count)
        message.addUnlessZero(4, histogram.sum)
        message.addUnlessZero(5, histogram.sumOfSquares)
        if !histogram.limits.isEmpty { message.add(6, packed: histogram.limits.map(\.bounded)) }
        if !histogram.counts.isEmpty { message.add(7, packed: histogram.counts) }
        return message
    }

    /// `TensorProto` of one text: type `DT_STRING`, shape [1].
    private static func tensor(_ text: String) -> ProtobufMessage {
        var dimension = ProtobufMessage()
        dimension.add(1, integer: 1)
        var shape = ProtobufMessage()
        shape.add(2, message: dimension)
        var tensor = ProtobufMessage()
        tensor.add(1, integer: 7)
        tensor.add(2, message: shape)
        tensor.add(8, text: text)
        return tensor
    }

    /// `SummaryMetadata`, which names the part of TensorBoard that shows the value; its class is `DATA_CLASS_TENSOR`.
    private static func metadata(plugin: String) -> ProtobufMessage {
        var data = ProtobufMessage()
        data.add(1, text: plugin)
        var metadata = ProtobufMessage()
        metadata.add(1, message: data)
        metadata.add(4, integer: 2)
        return metadata
    }
}

extension ProtobufMessage {
    /// Zero is what a missing number means; −0 is another number.
    fileprivate mutating func addUnlessZero(_ field: UInt64, _ double: Double) {
        if double.bitPattern != 0 { add(field, double: double) }
    }
}

extension Double {
    /// The number, moved into the range of float32 if it is finite.
    fileprivate var bounded: Double {
        guard isFinite else { return self }
        let bound = Double(Float.greatestFiniteMagnitude)
        return Swift.min(Swift.max(self, -bound), bound)
    }
}
