package import Apus
import Foundation

/// What a classifier gives for some samples: a probability for each class, sample by sample.
package struct Probabilities {
    package let classes: Int
    package private(set) var values: [Double]

    /// The softmax of logits, [samples, classes].
    package init(logits: Tensor) {
        classes = logits.shape[1]
        let scalars = logits.scalars
        var values = [Double](repeating: 0, count: scalars.count)
        for start in stride(from: 0, to: scalars.count, by: classes) {
            let row = scalars[start..<(start + classes)]
            let greatest = Double(row.max() ?? 0)
            let powers = row.map { exp(Double($0) - greatest) }
            let sum = powers.reduce(0, +)
            for (place, power) in powers.enumerated() { values[start + place] = power / sum }
        }
        self.values = values
    }

    /// The mean of some.
    package init(meanOf all: [Probabilities]) {
        classes = all[0].classes
        values = all[0].values
        for other in all.dropFirst() {
            for index in values.indices { values[index] += other.values[index] }
        }
        for index in values.indices { values[index] /= Double(all.count) }
    }

    /// The samples.
    var count: Int { values.count / classes }

    private func row(_ sample: Int) -> ArraySlice<Double> { values[(sample * classes)..<((sample + 1) * classes)] }

    /// The most probable class of each sample.
    package var labels: [Int] {
        (0..<count).map { sample in
            let row = row(sample)
            return row.indices.max { row[$0] < row[$1] }! - row.startIndex
        }
    }

    /// The share of samples whose most probable class is right.
    package func accuracy(_ truth: [Int]) -> Double { Double(zip(labels, truth).count { $0 == $1 }) / Double(count) }

    /// The mean of −ln p of the right class.
    package func loss(_ truth: [Int]) -> Double {
        truth.enumerated().reduce(0) { $0 - log(max(values[$1.offset * classes + $1.element], 1e-12)) } / Double(count)
    }

    /// How often the most probable class is right where its probability lies in each of ten equal bins, and that probability; NaN in empty
    /// bins.
    package func reliability(_ truth: [Int]) -> (confidence: [Double], accuracy: [Double], counts: [Double]) {
        var (sums, hits, counts) = (
            [Double](repeating: 0, count: 10), [Double](repeating: 0, count: 10), [Double](repeating: 0, count: 10)
        )
        for (sample, label) in labels.enumerated() {
            let confidence = values[sample * classes + label]
            let bin = min(9, Int(confidence * 10))
            sums[bin] += confidence
            hits[bin] += label == truth[sample] ? 1 : 0
            counts[bin] += 1
        }
        return (zip(sums, counts).map { $0 / $1 }, zip(hits, counts).map { $0 / $1 }, counts)
    }
}
