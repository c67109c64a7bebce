/// What an arm yields with one seed: numbers and series by name.
///
/// ```swift
/// var measurement = LabMeasurement()
/// measurement["accuracy"] = 0.91
/// measurement.series["loss"] = [2.3, 1.1, 0.6]
/// ```
public struct LabMeasurement: Sendable, Hashable, Codable {
    /// Single numbers.
    public var numbers: [String: Double]
    /// Lists of numbers: curves, histograms, the rows of a picture.
    public var series: [String: [Double]]

    /// A measurement of some numbers and series.
    public init(_ numbers: [String: Double] = [:], series: [String: [Double]] = [:]) {
        self.numbers = numbers
        self.series = series
    }

    /// A single number.
    public subscript(_ name: String) -> Double? {
        get { numbers[name] }
        set { numbers[name] = newValue }
    }
}

/// An arm of an experiment: what is done in one way, beside other ways.
///
/// ```swift
/// let arm = LabArm("he", Words("He, √(2/n)", "He, √(2/n)"), 2.0)
/// ```
public struct LabArm<Setting: Codable & Hashable & Sendable>: Sendable {
    /// Its name among the arms of its experiment.
    public var id: String
    /// What pages call it.
    public var title: Words
    /// All that tells it from other arms: with the seed it decides what is measured, and finished measurements are found by it.
    public var setting: Setting

    /// Creates a value; arguments set the properties of their names.
    public init(_ id: String, _ title: Words, _ setting: Setting) {
        self.id = id
        self.title = title
        self.setting = setting
    }
}

/// What was measured of all arms with all seeds.
///
/// ```swift
/// func gain(_ results: LabResults) -> Estimate {
///     Estimate(.mean(results.differences("accuracy", "he", minus: "xavier")))
/// }
/// ```
public struct LabResults: Sendable {
    /// One arm.
    public struct Arm: Sendable {
        /// Its name.
        public let id: String
        /// What pages call it.
        public let title: Words
        /// Its setting, as JSON.
        public let setting: String
        /// Its measurements, in the order of the seeds.
        public var measurements: [LabMeasurement]

        /// A number, one a seed; NaN where it was not measured.
        public func numbers(_ name: String) -> [Double] { measurements.map { $0.numbers[name] ?? .nan } }

        /// The mean of a number over the seeds.
        public func mean(_ name: String) -> Double { Estimate(.mean(numbers(name))).value }

        /// A series of each seed.
        public func series(_ name: String) -> [[Double]] { measurements.map { $0.series[name] ?? [] } }

        /// The mean, least and greatest of a series at each place over the seeds.
        public func band(_ name: String) -> (mean: [Double], lower: [Double], upper: [Double]) {
            let all = series(name)
            let count = all.map(\.count).min() ?? 0
            let columns = (0..<count).map { place in all.map { $0[place] } }
            return (
                columns.map { $0.reduce(0, +) / Double($0.count) }, columns.map { $0.min()! },
                columns.map { $0.max()! }
            )
        }
    }

    /// The seeds, in order.
    public let seeds: [UInt64]
    /// The arms, in order.
    public var arms: [Arm]

    /// An arm; one without measurements if there is none of that name.
    public subscript(_ id: String) -> Arm {
        arms.first { $0.id == id } ?? Arm(id: id, title: Words(id), setting: "null", measurements: [])
    }

    /// A number of one arm minus that of another with the same seed.
    public func differences(_ name: String, _ first: String, minus second: String) -> [Double] {
        zip(self[first].numbers(name), self[second].numbers(name)).map { $0 - $1 }
    }

    /// A number of one arm divided by that of another with the same seed.
    public func ratios(_ name: String, _ first: String, over second: String) -> [Double] {
        zip(self[first].numbers(name), self[second].numbers(name)).map { $0 / $1 }
    }
}
