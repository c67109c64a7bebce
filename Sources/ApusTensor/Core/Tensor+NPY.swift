import ApusBackend
import ApusGraph
import Foundation

extension Tensor {
    /// Writes the elements to a NumPy file (`numpy.load` reads it), to look at them elsewhere.
    ///
    /// Format 1.0, row-major, little-endian. NumPy has no `bfloat16`: such tensors are written as `float32`, which holds the same
    /// values.
    ///
    /// - Throws: `GraphError` or `ProgramError` if the tensor can't be evaluated, `NPYWritingError` if the file can't be written.
    public func writeNPY(to path: String) throws {
        let tensor = try (elementType == .bfloat16 ? cast(to: .float32) : self).evaluated()
        guard let file = fopen(path, "wb") else { throw NPYWritingError(path: path, code: errno) }
        let header = tensor.headerNPY
        let elements = tensor.elements().bytes
        var isWritten = header.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) == $0.count }
        isWritten = isWritten && fwrite(elements.baseAddress, 1, elements.count, file) == elements.count
        let code = errno
        // Closing writes what is still buffered.
        guard fclose(file) == 0, isWritten else { throw NPYWritingError(path: path, code: isWritten ? errno : code) }
    }

    /// Magic, version, the header's length, and a Python dictionary padded to a multiple of 64 bytes.
    private var headerNPY: [UInt8] {
        let extents = shape.dimensions.map(String.init).joined(separator: ", ") + (rank == 1 ? "," : "")
        let text = "{'descr': '\(elementType.descriptionNPY)', 'fortran_order': False, 'shape': (\(extents)), }"
        let padding = 63 - (10 + text.utf8.count) % 64
        let dictionary = Array(text.utf8) + Array(repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
        let length = [UInt8(dictionary.count & 0xff), UInt8(dictionary.count >> 8)]
        return [0x93] + Array("NUMPY".utf8) + [1, 0] + length + dictionary
    }
}

extension ElementType {
    fileprivate var descriptionNPY: String {
        switch self {
        case .float32, .bfloat16: "<f4"
        case .float64: "<f8"
        case .int32: "<i4"
        case .int64: "<i8"
        case .uint8: "|u1"
        case .bool: "|b1"
        }
    }
}

/// A NumPy file could not be written.
public struct NPYWritingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the file was to be.
    public var path: String
    /// The system's error number.
    public var code: Int32

    public var description: String {
        "can't write \(path): \(String(cString: strerror(code))); check that the folder exists, is writable and has room"
    }
}
