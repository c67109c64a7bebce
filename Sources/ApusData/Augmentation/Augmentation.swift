public import ApusConfiguration

/// A random change of samples while batches are gathered, so that no two epochs show the same samples.
///
/// A list of augmentations is applied in its order. Every random choice is a pure function of the seed, the epoch, the
/// sample's place in the data set and the augmentation's place in the list: neither the batch size nor threads nor a
/// training that is stopped and resumed change a bit.
///
/// Images are `[height, width, channels]`, bytes or `float32`; bytes stay bytes, rounded to nearest and kept in 0…255.
/// The *range* is 255 for bytes and 1 for numbers; numbers are not clamped. What comes in from outside of an image
/// is 0. Changes of geometry that follow each other (rotation, translation, zoom) are one bilinear sampling of the
/// image, about its middle.
///
/// ```swift
/// let data = try FashionMNIST.load()
/// var trainer = Trainer(Zoo.lenet5.model(), loss: .softmaxCrossEntropy, optimizer: .adam())
/// try trainer.fit(
///     data.training, epochs: 1, batchSize: 128,
///     augmentations: [.flip(), .translation(fraction: 0.1)])
/// ```
public enum Augmentation: Hashable, Sendable {
    /// Mirrors the image with the given probability.
    case flip(direction: Direction = .horizontal, probability: Double = 0.5)
    /// A random window of the image's size from the image with `padding` pixels more on each side.
    case randomCrop(padding: Int = 4, mode: Padding = .zeros)
    /// Rotates by an angle of uniform distribution in −degrees…degrees.
    case rotation(degrees: Double = 10)
    /// Shifts along both axes by parts of the image's side, uniform in −fraction…fraction.
    case translation(fraction: Double = 0.1)
    /// Enlarges by a factor of uniform distribution in 1 − range…1 + range.
    case zoom(range: Double = 0.1)
    /// x + d · range of x, with d uniform in −delta…delta, as in Keras.
    case brightness(delta: Double = 0.1)
    /// (x − m) f + m, with f uniform in 1 − delta…1 + delta and m the mean of the image's channel, as in Keras.
    case contrast(delta: Double = 0.1)
    /// Sets a square to 0; its middle is any pixel, and what lies outside of the image is cut off.
    /// DeVries & Taylor (2017).
    case cutout(size: Int = 8)
    /// x + ε · range of x, with ε of N(0, standardDeviation²) for each element; for samples of any shape.
    case noise(standardDeviation: Double = 0.05)
    /// λ x + (1 − λ) x′, with λ of Beta(α, α) and x′ another sample, for samples of any shape.
    /// Zhang, Cissé, Dauphin & Lopez-Paz (2018).
    ///
    /// The other sample is drawn from the whole data set, as the augmentations before this one show it in this
    /// epoch. Labels become `float32` `[N, classes]`: λ for the sample's class and 1 − λ for the other's.
    case mixup(alpha: Double = 0.2)
    /// A rectangle of 1 − λ of the image, with λ of Beta(α, α), comes from another sample. Yun et al. (2019).
    ///
    /// The rectangle has the image's proportions, its middle is uniform and what lies outside is cut off; labels as of
    /// `mixup`, by the fractions of the pixels.
    case cutmix(alpha: Double = 1)

    /// Left and right, or top and bottom change places.
    public enum Direction: String, NamedChoice {
        /// Along the rows of an image.
        case horizontal
        /// Along the columns of an image.
        case vertical
        public static let what = "direction"
    }

    /// What lies around an image.
    public enum Padding: String, NamedChoice {
        /// Nothing.
        case zeros
        /// The image mirrored at its outermost pixels, which do not repeat.
        case reflect
        public static let what = "padding mode"
    }
}

extension Augmentation: CheckedCases {
    public static let what = "augmentation"

    public static let cases: [Case<Augmentation>] = [
        Case(.flip()) { .flip(direction: try $0.next(), probability: try $0.next()) },
        Case(.randomCrop()) { .randomCrop(padding: try $0.next(), mode: try $0.next()) },
        Case(.rotation()) { .rotation(degrees: try $0.next()) },
        Case(.translation()) { .translation(fraction: try $0.next()) },
        Case(.zoom()) { .zoom(range: try $0.next()) },
        Case(.brightness()) { .brightness(delta: try $0.next()) },
        Case(.contrast()) { .contrast(delta: try $0.next()) },
        Case(.cutout()) { .cutout(size: try $0.next()) },
        Case(.noise()) { .noise(standardDeviation: try $0.next()) },
        Case(.mixup()) { .mixup(alpha: try $0.next()) },
        Case(.cutmix()) { .cutmix(alpha: try $0.next()) },
    ]

    /// Whether labels of two samples are mixed.
    public var mixesSamples: Bool {
        switch self {
        case .mixup, .cutmix: true
        default: false
        }
    }
}
