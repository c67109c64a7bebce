public import ApusNN

/// Networks by name: values without weights.
///
/// ```swift
/// let net = Zoo.resnet18.model(classes: 100)
/// print(Zoo.allCases.map(\.rawValue))
/// print(try net.summary(input: [32, 32, 3]).parameterCount)
/// ```
public enum Zoo: String, Sendable, CaseIterable {
    /// Dense layers of 256 and 128 units.
    case mlp
    /// LeNet-5 for images of 28 × 28.
    case lenet5
    /// Residual networks with the stem for images of about 32 × 32.
    case resnet18
    /// ResNet with 34 layers.
    case resnet34
    /// VGG-16 for images of about 32 × 32, with batch normalization and without.
    case vgg16BN = "vgg16-bn"
    /// VGG-16 without batch normalization.
    case vgg16

    /// The model for images or feature vectors of `classes` classes; it yields logits.
    public func model(classes: Int = 10) -> Sequential {
        switch self {
        case .mlp: .mlp(classes: classes)
        case .lenet5: .lenet5(classes: classes)
        case .resnet18: .resnet18(classes: classes)
        case .resnet34: .resnet34(classes: classes)
        case .vgg16BN: .vgg16(classes: classes)
        case .vgg16: .vgg16(classes: classes, normalizes: false)
        }
    }
}

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
}
