import ApusGraph
import ApusNN
import ApusTensor
import Foundation

/// How many numbers each metric of a program yields, and how they are gathered; shared by all its results.
final class MetricLayout: Sendable {
    let measured: [Objective.Measured]
    /// The number of outputs a sample of each: the last axis, 1 for a vector.
    let classes: [Int]
    /// The shape of each metric's contribution.
    let shapes: [Shape]

    init(_ measured: [Objective.Measured], contributions: [Shape], classes: [Int]) {
        self.measured = measured
        shapes = contributions
        self.classes = classes
    }

    /// The layout of what a program measures.
    convenience init(_ objective: Objective, _ program: BoundProgram<StepRole>, classes: [Int]) {
        let measured = objective.measured
        self.init(
            measured, contributions: measured.indices.map { program.type(ofOutput: .metric($0)).shape },
            classes: classes)
    }

    var count: Int { shapes.reduce(0) { $0 + $1.count } }

    /// Whether the numbers of a batch fit into a result without memory of their own.
    var isSmall: Bool { count <= Contributions.capacity && measured.allSatisfy { $0.rule.accumulation == .sum } }
}

/// The numbers that metrics gather: of a batch, or of all batches so far.
struct Contributions: Sendable {
    static let capacity = 16

    let layout: MetricLayout
    /// All numbers one after the other, if they are few.
    private var few = SIMD16<Double>()
    /// The numbers of each metric otherwise.
    private var many: [[Double]] = []

    init(_ layout: MetricLayout) {
        self.layout = layout
        if !layout.isSmall {
            many = zip(layout.measured, layout.shapes).map { metric, shape in
                metric.rule.accumulation == .sum ? Array(repeating: 0, count: shape.count) : []
            }
        }
    }

    /// Adds what a metric yielded for a batch.
    mutating func add(_ metric: Int, _ numbers: UnsafePointer<Float>) {
        let count = layout.shapes[metric].count
        if many.isEmpty {
            let start = layout.shapes[..<metric].reduce(0) { $0 + $1.count }
            for index in 0..<count { few[start + index] += Double(numbers[index]) }
        } else if layout.measured[metric].rule.accumulation == .sum {
            for index in 0..<count { many[metric][index] += Double(numbers[index]) }
        } else {
            many[metric].append(contentsOf: (0..<count).map { Double(numbers[$0]) })
        }
    }

    /// Adds the numbers of another batch.
    mutating func add(_ other: Contributions) {
        few += other.few
        for metric in many.indices {
            if layout.measured[metric].rule.accumulation == .rows {
                many[metric] += other.many[metric]
            } else {
                for index in many[metric].indices { many[metric][index] += other.many[metric][index] }
            }
        }
    }

    /// The value of a metric over everything that was added.
    func value(_ metric: Int) -> MetricValue {
        let numbers: [Double]
        if many.isEmpty {
            let start = layout.shapes[..<metric].reduce(0) { $0 + $1.count }
            numbers = (0..<layout.shapes[metric].count).map { few[start + $0] }
        } else {
            numbers = many[metric]
        }
        return layout.measured[metric].rule.value(numbers, classes: layout.classes[metric])
    }

    // MARK: Checkpoints

    init(_ layout: MetricLayout, _ saved: [Data]) {
        self.init(layout)
        func doubles(_ data: Data) -> [Double] {
            data.withUnsafeBytes { bytes in
                (0..<bytes.count / 8).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
            }
        }
        if many.isEmpty {
            for (index, number) in (saved.first.map(doubles) ?? []).prefix(Contributions.capacity).enumerated() {
                few[index] = number
            }
        } else {
            for (index, data) in saved.enumerated() where many.indices.contains(index) { many[index] = doubles(data) }
        }
    }

    /// All numbers as bytes, of each metric if they are many.
    var numbers: [Data] {
        func data(_ numbers: [Double]) -> Data { numbers.withUnsafeBytes { Data($0) } }
        return many.isEmpty ? [data((0..<layout.count).map { few[$0] })] : many.map(data)
    }
}
