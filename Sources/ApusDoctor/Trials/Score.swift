import Foundation
import ApusData
import ApusGraph
import ApusNN
import ApusTensor
import ApusTraining

/// How well a network does its task on some samples, whatever loss it was trained with.
struct Score: Sendable {
    /// For classes and answers the share that is right, of labels of positions that of positions; for numbers R², at least −1.
    let value: Double
    /// The mean share that is right over the classes; `value` for other tasks.
    let balanced: Double
    /// What who always gives the same answer reaches.
    let chance: Double
    /// Each sample: 1 or 0, a share of right answers, or a squared error as a share of the variance.
    let samples: [Double]
    /// Whether every sample gets the same answer.
    let isConstant: Bool
    /// Right answers and samples by class; empty for other tasks.
    let classes: [(right: Double, count: Double)]

    static func worst(_ count: Int) -> Score {
        Score(
            value: -1, balanced: -1, chance: 0, samples: Array(repeating: 0, count: count), isConstant: true,
            classes: [])
    }

    /// The score of a training that failed: that of who always gives the same answer.
    static func failed(_ task: Task, on data: Dataset) -> Score {
        guard case .classes = task else { return worst(data.count).withValue(0) }
        let counts = data.classCounts.map(Double.init)
        let share = (counts.max() ?? 0) / max(1, counts.reduce(0, +))
        return Score(
            value: share, balanced: 1 / Double(max(1, counts.filter { $0 > 0 }.count)), chance: share,
            samples: Array(repeating: 0, count: data.count), isConstant: true, classes: [])
    }

    private func withValue(_ value: Double) -> Score {
        Score(
            value: value, balanced: value, chance: chance, samples: samples, isConstant: isConstant, classes: classes)
    }

    /// Measures a trainer on samples: of several outputs the mean over them.
    init(_ trainer: Trainer, _ task: Task, on data: Dataset) throws {
        let (tasks, terms) = (task.parts, trainer.objective.terms)
        var outputs: [[[Float]]] = Array(repeating: [], count: tasks.count)
        var targets = outputs
        var shapes = Array(repeating: Shape([1]), count: tasks.count)
        let positions = zip(tasks, terms).map { task, term in
            task.isPositions ? data.targetType(of: term.target.name(among: data.targetNames)).shape.count : 1
        }
        let size = max(1, min(512, 16_384 / max(1, positions.max() ?? 1)))
        for batch in trainer.scaled(data).batches(of: size, epoch: 0, seed: 0, shuffled: false) {
            let predicted = try trainer.predict(batch.inputs, preprocessing: batch.preprocessing)
            let inputs = batch.preprocessing(batch.inputs)
            for (index, (task, term)) in zip(tasks, terms).enumerated() {
                var output = term.output.isEmpty ? predicted.only : predicted[term.output]
                // Answers and not the scores of all classes, which of many positions fill the memory.
                if task.isPositions { output = output.argmax(axis: -1) }
                let target = term.target.tensor(inputs: inputs, targets: batch.targets)
                try ApusTensor.evaluate([output, target])
                shapes[index] = output.shape
                outputs[index] += Score.rows(try output.cast(to: .float32).evaluated().scalars, batch.count)
                targets[index] += Score.rows(try target.cast(to: .float32).evaluated().scalars, batch.count)
            }
        }
        let ignored = data.ignoredLabels
        let scores = tasks.indices.map { index in
            Score(
                outputs[index], targets[index], tasks[index],
                isProbability: Score.areProbabilities(terms[index].loss, shapes[index]),
                ignored: ignored[terms[index].target.name(among: data.targetNames)].map(Float.init))
        }
        self = scores.count == 1 ? scores[0] : Score(meanOf: scores)
    }

    /// The mean over several outputs.
    private init(meanOf scores: [Score]) {
        func mean(_ numbers: [Double]) -> Double { numbers.reduce(0, +) / Double(max(1, numbers.count)) }
        value = mean(scores.map(\.value))
        balanced = value
        chance = mean(scores.map(\.chance))
        samples = (scores.first?.samples ?? []).indices.map { index in mean(scores.map { $0.samples[index] }) }
        isConstant = scores.allSatisfy(\.isConstant)
        classes = []
    }

    private static func rows(_ values: [Float], _ count: Int) -> [[Float]] {
        let width = values.count / max(1, count)
        return (0..<count).map { Array(values[($0 * width)..<(($0 + 1) * width)]) }
    }

    /// Whether answers of yes are outputs above a half and not above 0: of losses of numbers they are.
    private static func areProbabilities(_ loss: Loss, _ output: Shape) -> Bool {
        switch loss.meaning(of: output, hasClasses: false) {
        case .yesOrNo(let isProbability): isProbability
        case .classes(let areProbabilities): areProbabilities
        case .numbers: true
        case .other: !["softmaxCrossEntropy", "binaryCrossEntropy"].contains(loss.name) || loss.takesProbabilities
        }
    }

    init(_ outputs: [[Float]], _ targets: [[Float]], _ task: Task, isProbability: Bool, ignored: Float? = nil) {
        let count = outputs.count
        guard count > 0, outputs.joined().allSatisfy(\.isFinite) else {
            self = .worst(count)
            return
        }
        let threshold: Float = isProbability ? 0.5 : 0
        switch task {
        case .several: self = .worst(count)
        case .classes, .oneHot:
            let classes: Int =
                if case .oneHot(let count) = task { count } else if case .classes(let count) = task { count } else { 2 }
            let truths = targets.map { row in
                row.count == classes && row.count > 1 ? Score.argmax(row) : Int(row.first ?? 0)
            }
            let answers = outputs.map { row in
                row.count == 1 ? (row[0] > threshold ? 1 : 0) : Score.argmax(row)
            }
            samples = zip(answers, truths).map { $0 == $1 ? 1 : 0 }
            var (right, total) = (Array(repeating: 0.0, count: classes), Array(repeating: 0.0, count: classes))
            for (truth, hit) in zip(truths, samples) where truth >= 0 && truth < classes {
                total[truth] += 1
                right[truth] += hit
            }
            let recalls = zip(right, total).filter { $1 > 0 }.map { $0 / $1 }
            balanced = recalls.reduce(0, +) / Double(max(1, recalls.count))
            value = samples.reduce(0, +) / Double(count)
            chance = (total.max() ?? 0) / Double(count)
            isConstant = Set(answers).count == 1
            self.classes = Array(zip(right, total)).map { (right: $0, count: $1) }
        case .positions:
            samples = zip(outputs, targets).map { answers, truths in
                let counted = zip(answers, truths).filter { $1 != ignored }
                return Double(counted.count { $0 == $1 }) / Double(max(1, counted.count))
            }
            value = samples.reduce(0, +) / Double(count)
            balanced = value
            var counts: [Float: Int] = [:]
            for truth in targets.joined() where truth != ignored { counts[truth, default: 0] += 1 }
            chance = Double(counts.values.max() ?? 0) / Double(max(1, counts.values.reduce(0, +)))
            isConstant = Set(outputs.joined()).count == 1
            classes = []
        case .answers:
            samples = zip(outputs, targets).map { row, truth in
                let hits = zip(row, truth).filter { ($0 > threshold) == ($1 > 0.5) }.count
                return Double(hits) / Double(max(1, truth.count))
            }
            value = samples.reduce(0, +) / Double(count)
            balanced = value
            let shares = (0..<(targets[0].count)).map { column in
                Double(targets.filter { $0[column] > 0.5 }.count) / Double(count)
            }
            chance = shares.map { max($0, 1 - $0) }.reduce(0, +) / Double(max(1, shares.count))
            isConstant = Set(outputs.map { $0.map { $0 > threshold } }).count == 1
            classes = []
        case .numbers:
            let variances = targets[0].indices.map { column in Moments(targets.map { Double($0[column]) }).variance }
            let variance = variances.reduce(0, +) / Double(variances.count)
            samples = zip(outputs, targets).map { row, truth in
                let error = zip(row, truth).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
                return error / Double(max(1, truth.count)) / max(variance, 1e-30)
            }
            value = max(-1, 1 - samples.reduce(0, +) / Double(count))
            balanced = value
            chance = 0
            isConstant = outputs[0].indices.allSatisfy { column in
                let values = outputs.map { Double($0[column]) }
                let size = (values.reduce(0) { $0 + $1 * $1 } / Double(count)).squareRoot()
                return Moments(values).deviation <= 1e-6 * size
            }
            classes = []
        }
    }

    private static func argmax(_ row: [Float]) -> Int { row.indices.max { row[$0] < row[$1] } ?? 0 }

    private init(
        value: Double, balanced: Double, chance: Double, samples: [Double], isConstant: Bool,
        classes: [(right: Double, count: Double)]
    ) {
        self.value = value
        self.balanced = balanced
        self.chance = chance
        self.samples = samples
        self.isConstant = isConstant
        self.classes = classes
    }
}

extension Loss {
    /// Whether cross-entropy takes probabilities and not logits.
    fileprivate var takesProbabilities: Bool {
        switch rule {
        case let rule as SoftmaxCrossEntropy: rule.fromProbabilities
        case let rule as BinaryCrossEntropy: rule.fromProbabilities
        default: false
        }
    }
}
