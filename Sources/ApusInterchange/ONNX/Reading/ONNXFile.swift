import ApusConfiguration
import ApusFormats
import Foundation
import SwiftProtobuf

/// The file of a model, and what is wrong with it in messages.
package struct ONNXFile {
    /// The path, or what messages say in place of one.
    package let path: String

    package init(path: String) { self.path = path }

    /// Files of protocol buffers are never greater.
    private static let limit = 1 << 31

    /// The message in a file.
    static func message<Message: SwiftProtobuf.Message>(
        _ type: Message.Type, path: String, content: String
    ) throws(FormatError) -> Message {
        let source = try ByteSource(path: path, content: content)
        guard source.count < limit else {
            throw FormatError(
                .unsupported, path: path, "the file is too great for \(content)", expected: "less than 2 GiB",
                received: "\(source.count) bytes",
                remedy: "Export the model with its weights in a file beside it (save_as_external_data).")
        }
        return try ONNXFile(path: path).message(type, try source.bytes(0..<source.count), content: content)
    }

    /// The message in some bytes.
    func message<Message: SwiftProtobuf.Message>(
        _ type: Message.Type, _ bytes: [UInt8], content: String
    ) throws(FormatError) -> Message {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 64
        options.discardUnknownFields = true
        do { return try type.init(serializedBytes: bytes, options: options) } catch {
            throw FormatError(
                .malformed, path: path, "the file is not \(content), or it is damaged",
                expected: content, received: "\(bytes.count) bytes that are none (\(error))".shown(200),
                remedy: "Copy or export the file again.")
        }
    }

    // MARK: Messages

    func malformed(_ problem: String, expected: String? = nil, received: String? = nil) -> FormatError {
        FormatError(
            .malformed, path: path, problem, expected: expected, received: received,
            remedy: "Export the model again; onnx.checker of Python says more.")
    }

    func unsupported(_ problem: String, expected: String, received: String, remedy: String) -> FormatError {
        FormatError(
            .unsupported, path: path, problem, expected: expected, received: received, remedy: remedy)
    }
}
