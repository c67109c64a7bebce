public import ApusNN

extension Sequential {
    /// A network of dense layers with ReLU: 256 and 128 units unless given otherwise.
    public static func mlp(hidden: [Int] = [256, 128], classes: Int = 10) -> Sequential {
        Sequential {
            Flatten()
            for units in hidden { Dense(units, activation: .relu) }
            Dense(classes)
        }
    }

    /// LeNet-5 for 28 × 28 images: two convolutions with pooling, three dense layers; 61,706 weights for ten classes.
    ///
    /// The layers and sizes of LeCun et al. (1998) in today's form: ReLU in place of tanh, maximum in place of trained average
    /// pooling, every map connected to every map, softmax in place of radial basis functions. Image [28, 28, channels].
    public static func lenet5(classes: Int = 10) -> Sequential {
        Sequential {
            Conv2D(filters: 6, kernelSize: 5, padding: .same, activation: .relu)
            MaxPool2D(2)
            Conv2D(filters: 16, kernelSize: 5, activation: .relu)
            MaxPool2D(2)
            Flatten()
            Dense(120, activation: .relu)
            Dense(84, activation: .relu)
            Dense(classes)
        }
    }

    /// LeNet-5 as in the paper: tanh, means of windows with a trained factor and offset, a table of connections.
    ///
    /// The layers C1 to F6 have 60,000 weights; a dense layer takes the place of the radial basis functions, and tanh is not
    /// scaled. Grey images [28, 28, 1], which are extended to 32 × 32. LeCun et al. (1998).
    static func lenet5Of1998(classes: Int) -> Sequential {
        modules([
            "C1": Conv2D(filters: 6, kernelSize: 5, padding: .same, activation: .tanh), "S2": trainedPooling,
            "C3": SparseConv2D(kernelSize: 5, connections: connections, activation: .tanh), "S4": trainedPooling,
            "C5": Conv2D(filters: 120, kernelSize: 5, activation: .tanh), "flatten": Flatten(),
            "F6": Dense(84, activation: .tanh), "output": Dense(classes),
        ])
    }

    private static var trainedPooling: Sequential {
        Sequential {
            AveragePool2D(2).named("mean")
            ChannelScale(useBias: true, activation: .tanh).named("")
        }
    }

    /// Table I of the paper: six maps see three neighbours, six see four, three see two pairs, the last sees all.
    private static let connections: [[Int]] =
        (0..<6).map { first in (0..<3).map { (first + $0) % 6 }.sorted() }
        + (0..<6).map { first in (0..<4).map { (first + $0) % 6 }.sorted() }
        + [[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]]
}
