public import ApusConfiguration

/// How the normalization of samples is found: `normalize: standardize` in files.
///
/// What is measured is measured on the training part only, by `fitted(to:)`, and then belongs to all parts.
///
/// ```swift
/// var (training, validation) = try Dataset.linear(features: 3, seed: 1).split(
///     validation: 0.2, seed: 7)
/// // Measured on the training part
/// training.preprocessing = try Scaling.standardize().fitted(to: training)
/// validation.preprocessing = training.preprocessing
/// ```
public enum Scaling: Hashable, Sendable {
    /// Samples as they are.
    case none
    /// Bytes to 0…1: x / 255.
    case unitRange
    /// Bytes of color images, red first, as published networks take them: x / 255 less (0.485, 0.456, 0.406), divided by
    /// (0.229, 0.224, 0.225), the means and standard deviations of ImageNet.
    case imagenet
    /// (x − mean) / standard deviation, measured; what does not vary is only centred.
    case standardize(per: Scope = .channel)
    /// (x − minimum) / (maximum − minimum) · (high − low) + low, measured; what does not vary becomes `low`.
    case minMax(per: Scope = .channel, low: Double = 0, high: Double = 1)
    /// (x − mean) / standardDeviation with given numbers, in the units of the samples as stored: 0…255 for bytes.
    case constants(mean: ChannelNumbers = 0, standardDeviation: ChannelNumbers = 1)

    /// What is measured together.
    public enum Scope: String, NamedChoice {
        /// Each place of the last axis by itself: the channels of images, the features of tables.
        case channel
        /// All elements together.
        case all
        public static let what = "scope"
    }
}

extension Scaling: CheckedCases {
    public static let what = "normalization"

    public static let cases: [Case<Scaling>] = [
        Case(.none), Case(.unitRange), Case(.imagenet), Case(.standardize()) { .standardize(per: try $0.next()) },
        Case(.minMax()) { .minMax(per: try $0.next(), low: try $0.next(), high: try $0.next()) },
        Case(.constants(), isRequired: true) { .constants(mean: try $0.next(), standardDeviation: try $0.next()) },
    ]

    package var problem: String? {
        switch self {
        case .none, .unitRange, .imagenet, .standardize: return nil
        case .minMax(_, let low, let high):
            return low.isFinite && high.isFinite && low < high
                ? nil : "minMax needs low < high, received \(low.plainText) and \(high.plainText)"
        case .constants(let mean, let deviation):
            if !mean.numbers.allSatisfy(\.isFinite) || !deviation.numbers.allSatisfy({ $0 > 0 && $0.isFinite }) {
                return "constants need finite means and positive standard deviations, received \(mean) and \(deviation)"
            }
            let counts = (mean.numbers.count, deviation.numbers.count)
            return counts.0 > 0 && counts.1 > 0 && (counts.0 == counts.1 || counts.0 == 1 || counts.1 == 1)
                ? nil
                : "constants need one number or one a channel, received \(counts.0) means and \(counts.1) standard deviations"
        }
    }

    /// The normalization for samples like these; of several inputs each by itself, those of whole numbers other than bytes left out.
    ///
    /// - Parameter training: The samples to measure: those of the training part.
    /// - Throws: `DatasetError` if there is nothing to measure, if an element is not finite, or if constants are not as
    ///   many as there are channels.
    public func fitted(to training: Dataset) throws(DatasetError) -> Preprocessing {
        try fitted(to: training, except: [])
    }

    /// - Parameter unscaled: Inputs that stay as they are.
    func fitted(to training: Dataset, except unscaled: Set<String>) throws(DatasetError) -> Preprocessing {
        if let problem { throw DatasetError(.impossible, problem, remedy: "Change the arguments.") }
        return try training.forEachInput(except: unscaled) { (column) throws(DatasetError) in
            try fitted(to: training, column)
        }
    }

    private func fitted(to training: Dataset, _ column: Column) throws(DatasetError) -> Preprocessing {
        switch self {
        case .none: return .identity
        case .unitRange: return .unitRange
        case .imagenet:
            guard column.row.elementType == .uint8, column.channelCount == 3 else {
                throw DatasetError(
                    .impossible, "the samples are no color images as bytes, which imagenet scales",
                    expected: "uint8 of 3 channels", received: "\(column.row)",
                    remedy: "Read images with channels: 3, or give constants.")
            }
            return Scaling.preprocessing(Array(zip([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))) {
                (1 / (255 * $0.1), -$0.0 / $0.1)
            }
        case .standardize(.all): return try training.standardization(of: column)
        case .standardize(.channel):
            return Scaling.preprocessing(try training.channelMoments(column, "standardized")) {
                let scale = $0.deviation > 0 ? 1 / $0.deviation : 1
                return (scale, -$0.mean * scale)
            }
        case .minMax(let scope, let low, let high):
            var ranges = try training.channelRanges(column, "scaled")
            if scope == .all {
                ranges = [
                    (ranges.map(\.minimum).min() ?? 0, ranges.map(\.maximum).max() ?? 0)
                ]
            }
            return Scaling.preprocessing(ranges) {
                let scale = $0.maximum > $0.minimum ? (high - low) / ($0.maximum - $0.minimum) : 1
                return (scale, low - $0.minimum * scale)
            }
        case .constants(let mean, let deviation):
            let count = max(mean.numbers.count, deviation.numbers.count)
            guard count == 1 || count == column.channelCount else {
                throw DatasetError(
                    .impossible, "the constants of the normalization do not fit the samples",
                    expected: "one number, or \(column.channelCount) for \(column.row)",
                    received: "\(count)", remedy: "Give one number a channel.")
            }
            return Scaling.preprocessing(Array(0..<count)) {
                (1 / deviation[$0], -mean[$0] / deviation[$0])
            }
        }
    }

    private static func preprocessing<Measured>(
        _ channels: [Measured], _ rule: (Measured) -> (scale: Double, offset: Double)
    ) -> Preprocessing {
        let rules = channels.map(rule)
        return Preprocessing(scales: rules.map(\.scale), offsets: rules.map(\.offset))
    }
}
