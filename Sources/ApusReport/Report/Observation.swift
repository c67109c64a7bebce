import ApusCharts
import ApusNN
import ApusTraining

/// One thing that the numbers of a run say, in plain words.
///
/// ```swift
/// let observation = Observation(.warning, "Overfitting", "The validation loss has risen since epoch 4.")
/// print(observation.title, observation.text)
/// ```
public struct Observation: Sendable, Hashable {
    /// How good the news is.
    public enum Tone: String, Sendable, Hashable {
        /// As it should be.
        case good
        /// Worth knowing.
        case note
        /// Likely to hurt.
        case warning
    }

    /// How good the news is.
    public var tone: Tone
    /// The matter in a few words.
    public var title: String
    /// The numbers behind it, and what may help.
    public var text: String

    /// Creates a value; arguments set the properties of their names.
    public init(_ tone: Tone, _ title: String, _ text: String) {
        self.tone = tone
        self.title = title
        self.text = text
    }
}

/// The rules, with their thresholds; each looks at numbers alone.
enum Observations {
    /// - Parameter keepsBest: Whether the weights of the best epoch are what the run leaves.
    static func all(
        _ history: History, _ evaluation: Evaluation?, _ survey: LayerSurvey?, keepsBest: Bool
    ) -> [Observation] {
        let found =
            nonFinite(history, survey) + rate(history.epochs) + course(history.epochs, keepsBest: keepsBest)
            + gap(history.epochs)
            + (evaluation?.outputs ?? []).flatMap(results)
            + (survey.map { units($0) + scales($0) } ?? [])
        // Warnings first; otherwise in the order above.
        return found.filter { $0.tone == .warning } + found.filter { $0.tone != .warning }
    }

    /// What is to be said of one output; of several the title names it.
    private static func results(_ output: Evaluation.Output) -> [Observation] {
        let found = (output.classification.map(classes) ?? []) + (output.regression.map(numbers) ?? [])
        guard !output.name.isEmpty else { return found }
        return found.map { Observation($0.tone, "\(output.name): \($0.title)", $0.text) }
    }

    private static func number(_ value: Double) -> String { NumberFormat.short(value) }
    private static func percent(_ value: Double) -> String {
        // The sign stays with its number.
        NumberFormat.percent(value).replacing(" ", with: "\u{202F}")
    }

    static func nonFinite(_ history: History, _ survey: LayerSurvey?) -> [Observation] {
        var found: [Observation] = []
        if let epoch = history.epochs.first(where: { !($0.validation ?? $0.training).loss.isFinite }) {
            found.append(
                Observation(
                    .warning, "The loss is not finite",
                    "From epoch \(epoch.epoch) on. A smaller learning rate, clipping of gradients, or cleaning NaN from the data may help."
                ))
        }
        let broken = (survey?.weights ?? []).filter { $0.nonFiniteCount > 0 }.map(\.path)
        if !broken.isEmpty {
            found.append(
                Observation(.warning, "Weights are not finite", "In " + broken.prefix(5).joined(separator: ", ") + "."))
        }
        return found
    }

    /// Whether the learning rate never came to its value.
    static func rate(_ epochs: [EpochRecord]) -> [Observation] {
        let rates = epochs.map(\.learningRate)
        guard let first = rates.first, let last = rates.last, rates.count >= 2,
            zip(rates, rates.dropFirst()).allSatisfy({ $0 < $1 })
        else { return [] }
        return [
            Observation(
                .warning, "The learning rate rose to the end",
                "From \(number(first)) in the first epoch to \(number(last)) in the last: the warm-up is longer than the training. "
                    + "A shorter warm-up, smaller batches or more epochs would let the network learn.")
        ]
    }

    /// Whether training lasted too long, stopped too early, or stands still.
    static func course(_ epochs: [EpochRecord], keepsBest: Bool) -> [Observation] {
        guard let last = epochs.last, epochs.count >= 2 else {
            return epochs.isEmpty
                ? [] : [Observation(.note, "One epoch only", "Curves and trends need at least two epochs.")]
        }
        let hasValidation = last.validation != nil
        let losses = epochs.map { ($0.validation ?? $0.training).loss }
        guard let best = RunReport.bestEpoch(epochs), losses.allSatisfy(\.isFinite) else { return [] }
        let lowest = losses[best]
        let what = hasValidation ? "validation loss" : "training loss"
        if best < epochs.count - 1, losses.last! > lowest + 0.02 * abs(lowest) {
            let rise = lowest > 0 ? " (\(percent(losses.last! / lowest - 1)) above it)" : ""
            let fact =
                "The \(what) was lowest there, \(number(lowest)), and ended at \(number(losses.last!))\(rise). "
            // A loss may rise while answers become better: wrong ones become surer.
            let lost = loss(of: "accuracy", epochs, since: best)
            let isHarm = !keepsBest && (lost ?? 1) > 0.01
            return [
                Observation(
                    isHarm ? .warning : .note, "Best in epoch \(epochs[best].epoch) of \(last.epoch)",
                    fact
                        + (keepsBest
                            ? "The weights of that epoch are kept."
                            : (lost.map {
                                "Accuracy \($0 > 0 ? "fell" : "rose") by \(number(abs($0) * 100)) points since. "
                            }
                                ?? "")
                                + "Early stopping, more regularization or a decaying learning rate would keep the best weights.")
                )
            ]
        }
        let window = max(2, epochs.count / 5)
        guard epochs.count > window, lowest > 0 else { return [] }
        let before = losses[..<(losses.count - window)].min()!
        let gain = (before - losses.suffix(window).min()!) / before / Double(window)
        if gain < 0.003 {
            return [
                Observation(
                    .note, "Plateau",
                    "In the last \(window) epochs the \(what) improved by \(percent(max(0, gain))) an epoch. More epochs alone will not help much."
                )
            ]
        }
        if gain > 0.02 {
            return [
                Observation(
                    .note, "Still learning",
                    "The \(what) still fell by \(percent(gain)) an epoch at the end. More epochs are likely to help.")
            ]
        }
        return [
            Observation(
                .good, "Converging",
                "The \(what) was lowest in epoch \(epochs[best].epoch), \(number(lowest)), and fell by \(percent(gain)) an epoch at the end."
            )
        ]
    }

    /// What a metric has lost since an epoch; `nil` where it is not measured.
    private static func loss(of metric: String, _ epochs: [EpochRecord], since best: Int) -> Double? {
        func value(_ record: EpochRecord) -> Double? { (record.validation ?? record.training)[metric] }
        guard let before = value(epochs[best]), let now = epochs.last.flatMap(value), (before - now).isFinite else {
            return nil
        }
        return before - now
    }

    /// The distance between training and validation.
    static func gap(_ epochs: [EpochRecord]) -> [Observation] {
        guard let last = epochs.last, let validation = last.validation else { return [] }
        if let learned = last.training["accuracy"], let held = validation["accuracy"], learned.isFinite, held.isFinite {
            let gap = learned - held
            let facts = "Accuracy is \(percent(learned)) in training and \(percent(held)) in validation"
            if gap > 0.05 {
                return [
                    Observation(
                        .note, "Overfitting",
                        "\(facts), a gap of \(number(gap * 100)) points. Augmentation, dropout, weight decay or more data would narrow it."
                    )
                ]
            }
            if gap > 0.02 {
                return [Observation(.note, "Slight overfitting", "\(facts), a gap of \(number(gap * 100)) points.")]
            }
            if gap < -0.02 {
                return [
                    Observation(
                        .note, "Validation is easier than training",
                        "\(facts). That is usual with dropout or augmentation, and in the first epochs, whose mean is taken while weights improve."
                    )
                ]
            }
            return [Observation(.good, "No overfitting", "\(facts).")]
        }
        guard last.training.loss > 0, validation.loss.isFinite else { return [] }
        let ratio = validation.loss / last.training.loss
        let facts = "The loss is \(number(last.training.loss)) in training and \(number(validation.loss)) in validation"
        return ratio > 1.5
            ? [Observation(.note, "Overfitting", "\(facts), \(number(ratio)) times as much.")]
            : [Observation(.good, "No overfitting", "\(facts).")]
    }

    /// The class that is known worst, and how sure wrong answers are.
    static func classes(_ result: Evaluation.Classification) -> [Observation] {
        var found: [Observation] = []
        let present = result.classes.indices.filter { result.classes[$0].support > 0 }
        if let hardest = present.min(by: { result.classes[$0].recall < result.classes[$1].recall }), present.count > 1 {
            let (score, row) = (result.classes[hardest], result.confusionMatrix[hardest])
            let rival = row.indices.filter { $0 != hardest }.max { row[$0] < row[$1] }
            let taken = rival.flatMap { rival in
                row[rival] > 0
                    ? " It is most often taken for \(result.classNames[rival]) (\(percent(Double(row[rival]) / Double(score.support))))."
                    : nil
            }
            if score.recall < 1 {
                found.append(
                    Observation(
                        .note, "Hardest class: \(score.name)",
                        "\(percent(score.recall)) of its \(score.support) samples are recognized." + (taken ?? "")))
            }
        }
        let missing = result.classes.indices.filter { index in
            result.classes[index].support > 0 && result.confusionMatrix.allSatisfy { $0[index] == 0 }
        }
        if !missing.isEmpty {
            found.append(
                Observation(
                    .warning, "Classes that are never predicted",
                    missing.prefix(8).map { result.classNames[$0] }.joined(separator: ", ")
                        + (missing.count > 8 ? " and \(missing.count - 8) more." : ".")))
        }
        let (sure, right) = (result.meanConfidence, result.accuracy)
        if sure.isFinite, right.isFinite, abs(sure - right) > 0.03 {
            found.append(
                Observation(
                    .note, sure > right ? "Too sure of itself" : "Less sure than it could be",
                    "The predicted classes have a mean probability of \(percent(sure)), but \(percent(right)) of them are right; "
                        + "\(result.confidentErrorCount) wrong answers have a probability above 90\u{202F}%."))
        }
        return found
    }

    static func numbers(_ result: Evaluation.Regression) -> [Observation] {
        result.outputs.enumerated().prefix(4).compactMap { index, score in
            let name = result.outputs.count > 1 ? "Output \(index)" : "The model"
            guard score.r2.isFinite else { return nil }
            if score.r2 < 0 {
                return Observation(
                    .warning, "\(name) is worse than the mean",
                    "R² is \(number(score.r2)): always answering the mean of the truths would be closer.")
            }
            if abs(score.bias) > 0.25 * score.rootMeanSquaredError {
                return Observation(
                    .note, "\(name) is biased",
                    "Predictions are \(score.bias > 0 ? "above" : "below") the truth by \(number(abs(score.bias))) on average; the root mean squared error is \(number(score.rootMeanSquaredError))."
                )
            }
            return nil
        }
    }

    /// Units that yield 0 for every sample of a batch, where fresh networks of the same kind have fewer of them.
    static func units(_ survey: LayerSurvey) -> [Observation] {
        let rectified = survey.activations.filter { $0.deadShare != nil }
        guard !rectified.isEmpty else { return [] }
        if let dead = rectified.first(where: { $0.deadShare == 1 }) {
            return [
                Observation(
                    .warning, "A layer is dead",
                    "\(dead.path) yields 0 for a whole batch, so nothing before it can learn. " + doctor)
            ]
        }
        let unusual = rectified.filter { entry in
            entry.deadShare! > 0.1 + (survey.usual { $0.deadShares[entry.path] }?.upperBound ?? 0)
        }
        if !unusual.isEmpty {
            let facts = unusual.prefix(4).map { entry in
                "\(entry.path): \(percent(entry.deadShare!))"
                    + (survey.usual { $0.deadShares[entry.path] }.map { " (fresh networks: \(range($0, percent)))" }
                        ?? "")
            }
            return [
                Observation(
                    .note, "Dead units",
                    "\(facts.joined(separator: ", ")) of the units are 0 for a whole batch. That may be harmless. \(doctor)"
                )
            ]
        }
        let zeros = rectified.map { "\($0.path) \(percent($0.zeroShare))" }
        return [
            Observation(
                .good, "Rectified units are alive",
                "Fraction of zeros: " + zeros.prefix(5).joined(separator: ", ") + (zeros.count > 5 ? ", …" : "") + ".")
        ]
    }

    /// Whether activations or gradients grow or shrink from layer to layer.
    static func scales(_ survey: LayerSurvey) -> [Observation] {
        var found: [Observation] = []
        let still = survey.activations.filter { $0.standardDeviation == 0 && $0.deadShare != 1 }
        if let first = still.first {
            found.append(
                Observation(
                    .warning, "A layer says nothing",
                    "\(first.path) yields the same number everywhere, so nothing behind it can learn from the input."))
        }
        guard let ratio = survey.depthRatio else { return found }
        let sizes = survey.gradients.filter(\.rootMeanSquare.isFinite)
        var facts =
            "The gradient's root mean square is \(number(sizes.first!.rootMeanSquare)) in \(survey.gradients.first!.path) "
            + "and \(number(sizes.last!.rootMeanSquare)) in \(survey.gradients.last!.path)"
        if let usual = survey.usual(\.depthRatio) {
            facts += ", \(number(ratio)) times as much (fresh networks: \(range(usual, number)))"
        }
        if ratio < 1e-3 {
            found.append(Observation(.note, "Vanishing gradients", "\(facts). That may be harmless. \(doctor)"))
        } else if ratio > 1e3 {
            found.append(Observation(.note, "Exploding gradients", "\(facts). That may be harmless. \(doctor)"))
        } else {
            found.append(Observation(.good, "Gradients reach every layer", "\(facts)."))
        }
        return found
    }

    /// Who finds out whether something unusual does harm.
    private static let doctor = "The command apus doctor finds out by experiment."

    private static func range(_ range: ClosedRange<Double>, _ text: (Double) -> String) -> String {
        let (low, high) = (text(range.lowerBound), text(range.upperBound))
        return low == high ? low : "\(low) to \(high)"
    }
}
