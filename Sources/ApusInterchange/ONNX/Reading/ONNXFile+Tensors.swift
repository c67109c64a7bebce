import ApusBackend
import ApusConfiguration
package import ApusFormats
import ApusGraph
package import ApusTensor
import Foundation

/// A tensor of an ONNX file: its numbers are those of the file, in the type in which they are computed.
package struct ONNXTensor: Sendable {
    let type: ONNXType
    package let tensor: Tensor

    var value: ONNXValue { ONNXValue(tensor, type) }
}

extension ONNXFile {
    /// Reads a tensor: its bytes, one of the lists of numbers, or a piece of another file in the same folder.
    ///
    /// - Parameter what: What messages call it.
    package func tensor(_ proto: Onnx_TensorProto, _ what: String) throws(FormatError) -> ONNXTensor {
        guard let type = ONNXType(rawValue: proto.dataType), type.elementType != nil else {
            let name = ONNXType(rawValue: proto.dataType)?.name ?? "type \(proto.dataType)"
            throw unsupported(
                "\(what) holds elements that are not read", expected: "numbers or truth values", received: name,
                remedy: "Export the model in float32.")
        }
        let shape = try shape(proto.dims, what)
        guard !proto.hasSegment else {
            throw unsupported(
                "\(what) is stored in segments", expected: "whole tensors", received: "a segment",
                remedy: "Write the model again with a current version of onnx.")
        }
        let bytes = try elements(proto, type, count: shape.count, what)
        return ONNXTensor(
            type: type, tensor: Tensor(try buffer(bytes, type, what), TensorType(shape, type.elementType!)))
    }

    /// The shape that a tensor declares.
    func shape(_ dims: [Int64], _ what: String) throws(FormatError) -> Shape {
        let shape = Shape(dims.map { Int($0) })
        let product = dims.reduce(1) { (product: Int, extent: Int64) in product *| max(Int(extent), 1) }
        guard dims.count <= 32, dims.allSatisfy({ $0 >= 0 }), product < 1 << 40 else {
            throw malformed(
                "\(what) declares a shape that no tensor has", expected: "up to 32 extents from 0",
                received: "[\(dims.prefix(33).map(String.init).joined(separator: ", "))]")
        }
        return shape
    }

    /// The elements as bytes in the order of the machine: as the file stores its type.
    private func elements(
        _ proto: Onnx_TensorProto, _ type: ONNXType, count: Int, _ what: String
    ) throws(FormatError) -> Data {
        let width = type.storedByteCount
        if proto.dataLocation == .external { return try external(proto, byteCount: count * width, what) }
        if proto.hasRawData {
            guard proto.rawData.count == count * width else {
                throw malformed(
                    "\(what) has not the bytes of its shape", expected: "\(count * width) bytes",
                    received: "\(proto.rawData.count)")
            }
            return proto.rawData
        }
        func listed<T>(_ numbers: [T]) throws(FormatError) -> Data {
            guard numbers.count == count else {
                throw malformed(
                    "\(what) has not the numbers of its shape", expected: "\(count) numbers",
                    received: "\(numbers.count)")
            }
            return numbers.withUnsafeBytes { Data($0) }
        }
        switch type {
        case .float: return try listed(proto.floatData)
        case .double: return try listed(proto.doubleData)
        case .int64: return try listed(proto.int64Data)
        case .uint64: return try listed(proto.uint64Data)
        case .uint32: return try listed(proto.uint64Data.map { UInt32(truncatingIfNeeded: $0) })
        case .int32: return try listed(proto.int32Data)
        case .int16, .uint16, .float16, .bfloat16:
            return try listed(proto.int32Data.map { UInt16(truncatingIfNeeded: $0) })
        default: return try listed(proto.int32Data.map { UInt8(truncatingIfNeeded: $0) })
        }
    }

    /// The elements in the type in which they are computed.
    private func buffer(_ bytes: Data, _ type: ONNXType, _ what: String) throws(FormatError) -> Buffer {
        func converted<Stored: Sendable, Held>(_ stored: Stored.Type, _ convert: (Stored) -> Held) -> Buffer {
            let count = bytes.count / MemoryLayout<Stored>.stride
            let buffer = Buffer(byteCount: count * MemoryLayout<Held>.stride)
            let held = buffer.mutableBytes
            bytes.withUnsafeBytes { source in
                for index in 0..<count {
                    held.storeBytes(
                        of: convert(
                            source.loadUnaligned(fromByteOffset: index * MemoryLayout<Stored>.stride, as: Stored.self)),
                        toByteOffset: index * MemoryLayout<Held>.stride, as: Held.self)
                }
            }
            return buffer
        }
        switch type {
        case .float16: return converted(UInt16.self, ONNXFile.half)
        case .int8: return converted(Int8.self) { Int32($0) }
        case .int16: return converted(Int16.self) { Int32($0) }
        case .uint16: return converted(UInt16.self) { Int32($0) }
        case .uint32: return converted(UInt32.self) { Int64($0) }
        case .bool: return converted(UInt8.self) { UInt8($0 == 0 ? 0 : 1) }
        case .uint64:
            let buffer = converted(UInt64.self) { Int64(truncatingIfNeeded: $0) }
            if UnsafeRawBufferPointer(buffer.mutableBytes).bindMemory(to: Int64.self).contains(where: { $0 < 0 }) {
                throw unsupported(
                    "\(what) holds greater numbers than are read", expected: "numbers up to \(Int64.max)",
                    received: "a greater one", remedy: "Export the model with int64.")
            }
            return buffer
        default: return bytes.withUnsafeBytes { Buffer(copying: $0) }
        }
    }

    /// A number of 16 bits as one of 32: by its bits, for not every machine's Swift has `Float16`.
    private static func half(_ bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let (exponent, fraction) = (UInt32(bits >> 10) & 0x1f, UInt32(bits & 0x3ff))
        switch exponent {
        case 0:
            let magnitude = Float(fraction) * 0x1p-24
            return sign == 0 ? magnitude : -magnitude
        case 0x1f: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }

    // MARK: Other files

    /// The bytes of a tensor that lie in another file: one in the model's folder, and nowhere else.
    private func external(
        _ proto: Onnx_TensorProto, byteCount: Int, _ what: String
    ) throws(FormatError) -> Data {
        var entries: [String: String] = [:]
        for entry in proto.externalData { entries[entry.key] = entry.value }
        guard let location = entries["location"], !location.isEmpty else {
            throw malformed("\(what) lies in another file, but in none by name", expected: "a location")
        }
        func number(_ key: String, _ missing: Int) throws(FormatError) -> Int {
            guard let text = entries[key] else { return missing }
            guard let number = Int(text), number >= 0 else {
                throw malformed(
                    "\(what) has no place in its file", expected: "a whole number as \(key)", received: text.quoted)
            }
            return number
        }
        let (offset, length) = (try number("offset", 0), try number("length", byteCount))
        guard length == byteCount else {
            throw malformed(
                "\(what) has not the bytes of its shape", expected: "\(byteCount) bytes", received: "\(length)")
        }
        let file = try place(of: location, what)
        let source = try ByteSource(path: file, content: "the numbers of \(what)")
        guard offset <= source.count, length <= source.count - offset else {
            throw FormatError(
                .malformed, path: file, "the file ends before the numbers of \(what)",
                expected: "bytes \(offset)..<\(offset +| length)", received: "\(source.count) bytes",
                remedy: "Copy the file again, or export the model again.")
        }
        return Data(try source.bytes(offset..<offset + length))
    }

    /// The path of a file in the model's folder; names and links that lead elsewhere are refused.
    private func place(of location: String, _ what: String) throws(FormatError) -> String {
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        func outside(_ received: String) -> FormatError {
            FormatError(
                .unsupported, path: path, "\(what) lies outside of the model's folder",
                expected: "a file beside the model or below it", received: received.quoted,
                remedy: "Put the file beside the model, and write the model with its name alone.")
        }
        guard !path.isEmpty else {
            throw unsupported(
                "\(what) lies in another file", expected: "a model by its path", received: "bytes in memory",
                remedy: "Read the model from its file.")
        }
        guard !location.hasPrefix("/"), !parts.contains(".."), !location.utf8.contains(0), !location.contains("\\")
        else { throw outside(location) }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().resolvingSymlinksInPath().path
        let file = URL(fileURLWithPath: folder).appendingPathComponent(location).resolvingSymlinksInPath().path
        guard file.hasPrefix(folder == "/" ? folder : folder + "/") else { throw outside(location) }
        return file
    }
}

extension ONNXType {
    /// The size of one element in files.
    fileprivate var storedByteCount: Int {
        switch self {
        case .double, .int64, .uint64: 8
        case .float, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        default: 1
        }
    }
}
