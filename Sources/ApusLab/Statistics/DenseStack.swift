import Apus
import ApusNN

/// The network of the course's figures on initialization: layers of 100 units without biases, all drawn in one way.
package struct DenseStack: Codable, Hashable, Sendable {
    package var activation: Activation
    package var scale: Scale

    package init(activation: Activation, scale: Scale) {
        self.activation = activation
        self.scale = scale
    }

    static let units = 100

    package enum Activation: String, Codable, CaseIterable {
        case sigmoid, tanh, relu

        func callAsFunction(_ x: Tensor) -> Tensor {
            switch self {
            case .sigmoid: Apus.sigmoid(x)
            case .tanh: Apus.tanh(x)
            case .relu: Apus.relu(x)
            }
        }

        /// φ′ where the output is y.
        func slope(_ y: Tensor) -> Tensor {
            switch self {
            case .sigmoid: y * (1 - y)
            case .tanh: 1 - y * y
            case .relu: (y .> 0).cast(to: .float32)
            }
        }

        var layer: ApusNN.Activation {
            switch self {
            case .sigmoid: .sigmoid
            case .tanh: .tanh
            case .relu: .relu
            }
        }
    }

    /// The standard deviation of the kernels, for n inputs.
    package enum Scale: String, Codable, CaseIterable {
        case one, hundredth, xavier, he, orthogonal, slope

        var title: Words {
            switch self {
            case .one: Words("1")
            case .hundredth: Words("0.01")
            case .xavier: Words("√(1/n)")
            case .he: Words("√(2/n)")
            case .orthogonal: Words("orthogonal", "직교")
            case .slope: Words("4/√n")
            }
        }

        func deviation(_ n: Double) -> Double {
            switch self {
            case .one: 1
            case .hundredth: 0.01
            case .xavier, .orthogonal: (1 / n).squareRoot()
            case .he: (2 / n).squareRoot()
            case .slope: 4 / n.squareRoot()
            }
        }

        /// A kernel [n, m]: the same normal numbers for every scale.
        func kernel(_ n: Int, _ m: Int, _ key: RandomKey) -> Tensor {
            self == .orthogonal
                ? Initializer.orthogonal().tensor([n, m], key: key)
                : .normal([n, m], standardDeviation: deviation(Double(n)), key: key)
        }

        /// The same for a layer of any number of inputs.
        func initializer(inputs n: Int) -> Initializer {
            self == .orthogonal ? .orthogonal() : .normal(standardDeviation: deviation(Double(n)))
        }
    }

    static var all: [DenseStack] {
        Activation.allCases.flatMap { activation in
            Scale.allCases.map { DenseStack(activation: activation, scale: $0) }
        }
    }

    var id: String { "\(activation.rawValue)-\(scale.rawValue)" }

    var title: Words {
        Words(
            "\(activation.rawValue), \(scale.title.english)", "\(activation.rawValue), \(scale.title.korean)")
    }
}
