import ApusFormats
import ApusGraph
import Foundation
import Testing

/// Paths of folders.
extension String {
    /// The path of a file in the folder, which is written if there are bytes for it.
    func file(_ name: String, _ bytes: [UInt8]? = nil) throws -> String {
        let file = "\(self)/\(name)"
        if let bytes { try Data(bytes).write(to: URL(filePath: file)) }
        return file
    }

    /// What is in the folder.
    var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: self).sorted() } }
}

enum Fixture {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    static func path(_ name: String) -> String { folder.appendingPathComponent("Fixtures/\(name)").path }

    static func bytes(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(fileURLWithPath: path(name))))
    }
}

func contents(_ path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) }

extension NumericArray {
    /// The elements, of whatever type.
    var doubles: [Double] {
        get throws {
            switch elementType {
            case .float32: try elements(as: Float.self).map(Double.init)
            case .bfloat16: try elements(as: BFloat16.self).map { Double($0.float) }
            case .float64: try elements(as: Double.self)
            case .int32: try elements(as: Int32.self).map(Double.init)
            case .int64: try elements(as: Int64.self).map(Double.init)
            case .uint8: try elements(as: UInt8.self).map(Double.init)
            case .bool: try elements(as: Bool.self).map { $0 ? 1 : 0 }
            }
        }
    }
}

/// An IDX file, byte for byte.
func idx(_ code: UInt8, _ dimensions: [UInt32], _ data: [UInt8]) -> [UInt8] {
    [0, 0, code, UInt8(dimensions.count)]
        + dimensions.flatMap { size in
            [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) }
        } + data
}

/// A safetensors file of a header and data.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
}
