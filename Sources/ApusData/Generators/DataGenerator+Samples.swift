import Foundation
import ApusTensor

extension DataGenerator {
    /// The samples: features `[N, d]` `float32`, labels of classes or targets `[N, 1]` `float32`.
    ///
    /// - Throws: `DatasetError` for impossible arguments.
    public func dataset(seed: UInt64) throws(DatasetError) -> Dataset {
        if let problem { throw DatasetError(.impossible, problem, remedy: "Change the argument.") }
        let key = RandomKey(seed: seed).child("generate")
        var noise = RandomDraws(key.child("noise"))
        var draws = RandomDraws(key.child("points"))
        switch self {
        case .circles(let count, let deviation, let factor):
            let outer = DataGenerator.steps(count / 2, to: 2 * .pi, reaches: false).map { [cos($0), sin($0)] }
            let inner = DataGenerator.steps(count - count / 2, to: 2 * .pi, reaches: false).map {
                [factor * cos($0), factor * sin($0)]
            }
            return DataGenerator.classes([outer, inner], deviation, &noise, seed)
        case .moons(let count, let deviation):
            let upper = DataGenerator.steps(count / 2, to: .pi).map { [cos($0), sin($0)] }
            let lower = DataGenerator.steps(count - count / 2, to: .pi).map { [1 - cos($0), 0.5 - sin($0)] }
            return DataGenerator.classes([upper, lower], deviation, &noise, seed)
        case .blobs(let count, let deviation, let classes, let features):
            let clouds = DataGenerator.shares(count, classes).map { count in
                Array(repeating: (0..<features).map { _ in draws.within(10) }, count: count)
            }
            return DataGenerator.classes(clouds, deviation, &noise, seed)
        case .spirals(let count, let deviation, let classes, let turns):
            let arms = DataGenerator.shares(count, classes).enumerated().map { arm, count in
                DataGenerator.steps(count, to: 1).map { radius in
                    let angle = 2 * .pi * (turns * radius + Double(arm) / Double(classes))
                    return [radius * cos(angle), radius * sin(angle)]
                }
            }
            return DataGenerator.classes(arms, deviation, &noise, seed)
        case .xor(let count, let deviation):
            let points = (0..<count).map { _ in [draws.within(1), draws.within(1)] }
            let isSame = points.map { ($0[0] > 0) == ($0[1] > 0) }
            return DataGenerator.classes(
                [true, false].map { same in points.indices.filter { isSame[$0] == same }.map { points[$0] } },
                deviation, &noise, seed)
        case .linear(let count, let deviation, let features):
            let weights = (0..<features).map { _ in draws.normal() }
            let bias = draws.normal()
            let points = (0..<count).map { _ in (0..<features).map { _ in draws.within(1) } }
            let values = points.map { zip($0, weights).reduce(bias) { $0 + $1.0 * $1.1 } }
            return DataGenerator.function(points, values, deviation, &noise, seed)
        case .sine(let count, let deviation):
            let points = DataGenerator.steps(count, to: 2 * .pi).map { $0 - .pi }
            return DataGenerator.function(points.map { [$0] }, points.map { sin($0) }, deviation, &noise, seed)
        }
    }

    /// Even steps from 0 to a number, which the last one reaches or precedes.
    private static func steps(_ count: Int, to end: Double, reaches: Bool = true) -> [Double] {
        let intervals = max(1, reaches ? count - 1 : count)
        return (0..<count).map { end * Double($0) / Double(intervals) }
    }

    /// The number of samples of each class; the first ones have one more where they do not divide.
    private static func shares(_ count: Int, _ classes: Int) -> [Int] {
        (0..<classes).map { count / classes + ($0 < count % classes ? 1 : 0) }
    }

    private static func classes(
        _ classes: [[[Double]]], _ deviation: Double, _ noise: inout RandomDraws, _ seed: UInt64
    ) -> Dataset {
        let points = classes.flatMap { $0 }
        let labels = classes.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element.count) }
        let numbers = points.flatMap { point in
            point.map { Float(deviation == 0 ? $0 : $0 + deviation * noise.normal()) }
        }
        return Dataset(
            Column.numbers(numbers, [points.first?.count ?? 0]), Column.labels(labels),
            rows: Array(points.indices), classNames: classes.indices.map { "\($0)" }, preprocessing: .identity
        ).shuffled(seed: seed)
    }

    private static func function(
        _ points: [[Double]], _ values: [Double], _ deviation: Double, _ noise: inout RandomDraws, _ seed: UInt64
    ) -> Dataset {
        let targets = values.map { Float(deviation == 0 ? $0 : $0 + deviation * noise.normal()) }
        return Dataset(
            Column.numbers(points.flatMap { $0.map { Float($0) } }, [points.first?.count ?? 0]),
            Column.numbers(targets, [1]), rows: Array(points.indices), classNames: [], preprocessing: .identity
        ).shuffled(seed: seed)
    }
}
