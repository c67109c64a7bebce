import ApusFormats
import Foundation
import Testing

/// What PyTorch, h5py and Keras wrote (Tests/Fixtures/make_weight_fixtures.py).
enum WeightFixture {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures")

    static func path(_ name: String) -> String { folder.appendingPathComponent("weights/\(name)").path }

    static func bytes(_ name: String) throws -> [UInt8] { try contents(path(name)) }

    /// The arrays of a file by name.
    static func arrays(of name: String) throws -> [String: NumericArray] {
        let file = try SafetensorsFile(folder.appendingPathComponent("weights.safetensors").path)
        var arrays: [String: NumericArray] = [:]
        for full in file.names where full.hasPrefix("\(name)/") {
            arrays[String(full.dropFirst(name.utf8.count + 1))] = try file.array(full)
        }
        return arrays
    }
}

/// Memory of an array's size, filled by a closure.
func memory(_ array: NumericArray, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xaa, count: array.bytes.count)
    try bytes.withUnsafeMutableBytes(fill)
    return bytes
}
