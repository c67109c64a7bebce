public import ApusConfiguration

/// A data set that is computed: points of the plane in classes, or a function to fit.
///
/// The same seed gives the same samples, which come in random order. Noise of N(0, noise²) is added to every
/// coordinate of points, and to the targets of `linear` and `sine`.
///
/// ```swift
/// let spirals = DataGenerator.spirals(count: 600, noise: 0.05, classes: 3)
/// let data = try spirals.dataset(seed: 1)
/// print(data.classCounts)   // [200, 200, 200]
/// ```
public enum DataGenerator: Hashable, Sendable {
    /// Two circles about 0, of radius 1 (class 0) and `factor` (class 1); scikit-learn's `make_circles`.
    case circles(count: Int = 500, noise: Double = 0, factor: Double = 0.8)
    /// Two half circles that reach into each other; scikit-learn's `make_moons`.
    case moons(count: Int = 500, noise: Double = 0)
    /// A cloud of N(centre, noise²) for each class, the centres uniform in −10…10; scikit-learn's `make_blobs`.
    case blobs(count: Int = 500, noise: Double = 1, classes: Int = 3, features: Int = 2)
    /// An arm for each class, from 0 to the radius 1: the angle grows with the radius.
    case spirals(count: Int = 500, noise: Double = 0, classes: Int = 2, turns: Double = 1)
    /// Points uniform in −1…1; class 1 where the coordinates differ in sign.
    case xor(count: Int = 500, noise: Double = 0)
    /// y = w · x + b, with x uniform in −1…1, and w and b of N(0, 1).
    case linear(count: Int = 500, noise: Double = 0, features: Int = 1)
    /// y = sin x, with x evenly from −π to π.
    case sine(count: Int = 500, noise: Double = 0)
}

extension DataGenerator: CheckedCases {
    public static let what = "generator"

    public static let cases: [Case<DataGenerator>] = [
        Case(.circles()) { .circles(count: try $0.next(), noise: try $0.next(), factor: try $0.next()) },
        Case(.moons()) { .moons(count: try $0.next(), noise: try $0.next()) },
        Case(.blobs()) {
            .blobs(count: try $0.next(), noise: try $0.next(), classes: try $0.next(), features: try $0.next())
        },
        Case(.spirals()) {
            .spirals(count: try $0.next(), noise: try $0.next(), classes: try $0.next(), turns: try $0.next())
        },
        Case(.xor()) { .xor(count: try $0.next(), noise: try $0.next()) },
        Case(.linear()) { .linear(count: try $0.next(), noise: try $0.next(), features: try $0.next()) },
        Case(.sine()) { .sine(count: try $0.next(), noise: try $0.next()) },
    ]

    /// The name in files.
    public var name: String {
        switch self {
        case .circles: "circles"
        case .moons: "moons"
        case .blobs: "blobs"
        case .spirals: "spirals"
        case .xor: "xor"
        case .linear: "linear"
        case .sine: "sine"
        }
    }

    /// The largest number of samples, and of elements of all samples together.
    private static let limit = 1 << 24

    package var problem: String? {
        func problem(_ name: String, _ count: Int, _ noise: Double, features: Int = 2, classes: Int = 2) -> String? {
            guard count >= 1, count <= DataGenerator.limit else {
                return "\(name) needs a count in 1…\(DataGenerator.limit), received \(count)"
            }
            guard noise >= 0, noise.isFinite else {
                return "\(name) needs a noise of at least 0, received \(noise.plainText)"
            }
            guard features >= 1, features <= DataGenerator.limit / count else {
                return "\(name) needs features in 1…\(DataGenerator.limit / count), received \(features)"
            }
            guard classes >= 1, classes <= count else {
                return "\(name) needs classes in 1…\(count), the count, received \(classes)"
            }
            return nil
        }
        switch self {
        case .circles(let count, let noise, let factor):
            return problem("circles", count, noise)
                ?? (factor >= 0 && factor < 1
                    ? nil : "circles needs a factor of at least 0, less than 1, received \(factor.plainText)")
        case .moons(let count, let noise): return problem("moons", count, noise)
        case .blobs(let count, let noise, let classes, let features):
            return problem("blobs", count, noise, features: features, classes: classes)
        case .spirals(let count, let noise, let classes, let turns):
            return problem("spirals", count, noise, classes: classes)
                ?? (turns.isFinite ? nil : "spirals needs a finite number of turns, received \(turns)")
        case .xor(let count, let noise): return problem("xor", count, noise)
        case .linear(let count, let noise, let features):
            return problem("linear", count, noise, features: features)
        case .sine(let count, let noise): return problem("sine", count, noise)
        }
    }
}
