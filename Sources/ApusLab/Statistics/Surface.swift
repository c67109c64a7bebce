import Apus
import Foundation

/// A function of two numbers to walk down.
enum Surface: String, Codable {
    /// x²/20 + y²
    case ravine
    /// x² − y²
    case saddle
    /// x cos πx
    case wave

    func callAsFunction(_ x: Tensor, _ y: Tensor) -> Tensor {
        switch self {
        case .ravine: x * x / 20 + y * y
        case .saddle: x * x - y * y
        case .wave: x * cos(x * Float.pi) + y * 0
        }
    }

    func callAsFunction(_ x: Double, _ y: Double) -> Double {
        switch self {
        case .ravine: x * x / 20 + y * y
        case .saddle: x * x - y * y
        case .wave: x * cos(x * Double.pi)
        }
    }

    /// The contour lines that pictures of the ravine have.
    static let ravineLevels = [0.05, 0.2, 0.5, 1, 2, 4, 7, 11]
}
