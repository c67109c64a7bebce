public import ApusConfiguration
import Foundation

/// How the learning rate changes: a pure function of the step.
///
/// ```swift
/// let schedule = Schedule.cosine(warmupSteps: 100)
/// print(schedule.factor(step: 100, total: 1000))  // 1.0: the whole learning rate after the warm-up
/// let triangle = Schedule.custom("triangle") { step, total in
///     1 - abs(2 * Double(step) / Double(total) - 1)
/// }
/// ```
public struct Schedule: Sendable, Hashable {
    /// The factor on the optimizer's rate after the warm-up.
    package var curve: Curve
    /// The steps at the start in which the rate rises linearly to the first rate of the curve, which begins after them.
    public var warmupSteps: Int
    /// The largest fraction of all steps that the warm-up takes; with 1 it takes its steps whatever the training has.
    public var warmupShare: Double

    package init(_ curve: Curve, warmupSteps: Int = 0, warmupShare: Double = 1) {
        self.curve = curve
        self.warmupSteps = warmupSteps
        self.warmupShare = warmupShare
    }

    /// A factor on the optimizer's rate at step s of T, after the warm-up.
    package enum Curve: ConfigurableCases {
        /// 1
        case constant
        /// factor^⌊s / size⌋
        case step(size: Int = 1000, factor: Double = 0.1)
        /// factor^(number of milestones ≤ s)
        case multiStep(milestones: [Int] = [], factor: Double = 0.1)
        /// factors[number of boundaries < s], one factor more than boundaries. As in Keras.
        case piecewise(boundaries: [Int] = [], factors: [Double] = [1])
        /// factor^(s / steps), in whole powers as a staircase
        case exponential(steps: Int = 1000, factor: Double = 0.96, staircase: Bool = false)
        /// 1 / (1 + rate · s / steps), in whole quotients as a staircase
        case inverseTime(steps: Int = 1000, rate: Double = 0.5, staircase: Bool = false)
        /// (1 − end) (1 − s / T)^power + end
        case polynomial(end: Double = 0, power: Double = 1)
        /// end + (1 − end) (1 + cos(π s / T)) / 2. Loshchilov & Hutter (2017).
        case cosine(end: Double = 0)
        /// The cosine over periods, each `periodFactor` times as long, from peaks, each `peakFactor` times as high. Loshchilov &
        /// Hutter (2017); as in Keras.
        case cosineRestarts(firstPeriod: Int = 1000, periodFactor: Double = 2, peakFactor: Double = 1, end: Double = 0)
        /// Up from `start` to 1 along half a cosine in a fraction `rise` of the steps, then down to `end`; the optimizer's rate is the
        /// peak. Smith & Topin (2018); as in PyTorch.
        case oneCycle(rise: Double = 0.3, start: Double = 0.04, end: Double = 4e-6)
        /// A function of the program: the step, and the steps of the whole training.
        case function(NamedFunction<@Sendable (Int, Int) -> Double>)

        package static let what = "schedule"

        package static let cases: [Case<Curve>] = [
            Case(.constant), Case(.step()) { .step(size: try $0.next(), factor: try $0.next()) },
            Case(.multiStep()) { .multiStep(milestones: try $0.next(), factor: try $0.next()) },
            Case(.piecewise()) { .piecewise(boundaries: try $0.next(), factors: try $0.next()) },
            Case(.exponential()) {
                .exponential(steps: try $0.next(), factor: try $0.next(), staircase: try $0.next())
            },
            Case(.inverseTime()) { .inverseTime(steps: try $0.next(), rate: try $0.next(), staircase: try $0.next()) },
            Case(.polynomial()) { .polynomial(end: try $0.next(), power: try $0.next()) },
            Case(.cosine()) { .cosine(end: try $0.next()) },
            Case(.cosineRestarts()) {
                .cosineRestarts(
                    firstPeriod: try $0.next(), periodFactor: try $0.next(), peakFactor: try $0.next(),
                    end: try $0.next())
            },
            Case(.oneCycle()) { .oneCycle(rise: try $0.next(), start: try $0.next(), end: try $0.next()) },
        ]
    }

    /// The factor on the optimizer's rate.
    ///
    /// - Parameters:
    ///   - step: The steps done so far.
    ///   - total: The steps of the whole training.
    public func factor(step: Int, total: Int) -> Double {
        let warmup = warmupSteps(of: total)
        let rest = Swift.max(1, total - warmup)
        guard step < warmup else { return curve.factor(step: step - warmup, total: rest) }
        return curve.factor(step: 0, total: rest) * (Double(step + 1) / Double(warmup))
    }

    /// Whether the factor depends on the steps of the whole training.
    package var needsTotal: Bool {
        switch curve {
        case .polynomial, .cosine, .oneCycle, .function: true
        case .constant, .step, .multiStep, .piecewise, .exponential, .inverseTime, .cosineRestarts:
            warmupSteps > 0 && warmupShare < 1
        }
    }

    /// The steps that the warm-up takes of all.
    private func warmupSteps(of total: Int) -> Int {
        warmupShare < 1 ? min(warmupSteps, Int(warmupShare * Double(total))) : warmupSteps
    }

    /// What deserves a word in a training of that many steps.
    package func remark(steps: Int) -> String? {
        let warmup = warmupSteps(of: steps)
        guard warmup > 1, 2 * warmup > steps else { return nil }
        let reached = warmup > steps ? ", which ends at \(steps) / \(warmup) of its value" : ""
        return "the warm-up of the learning rate takes \(min(warmup, steps)) of \(steps) steps\(reached); "
            + "give less warmupSteps or a warmupShare, smaller batches or more epochs"
    }

    /// What is wrong with the arguments.
    package func validate() throws(OptimizerError) {
        if warmupSteps < 0 {
            throw OptimizerError("the schedule's warmupSteps is \(warmupSteps) but must be at least 0")
        }
        if !(0...1).contains(warmupShare) {
            throw OptimizerError("the schedule's warmupShare is \(warmupShare) but must be in 0...1")
        }
        if let problem = curve.problem { throw OptimizerError("the schedule's \(problem)") }
    }
}

extension Schedule.Curve {
    fileprivate func factor(step: Int, total: Int) -> Double {
        func quotient(_ steps: Int, _ isStaircase: Bool) -> Double {
            isStaircase ? Double(step / steps) : Double(step) / Double(steps)
        }
        /// From `high` at 0 to `low` at 1 along half a cosine.
        func cosine(_ progress: Double, from high: Double, to low: Double) -> Double {
            low + (high - low) * (1 + cos(.pi * Swift.min(1, progress))) / 2
        }
        let progress = Swift.min(1, Double(step) / Double(total))
        switch self {
        case .constant: return 1
        case .step(let size, let factor): return pow(factor, Double(step / size))
        case .multiStep(let milestones, let factor): return pow(factor, Double(milestones.count { $0 <= step }))
        case .piecewise(let boundaries, let factors): return factors[boundaries.count { $0 < step }]
        case .exponential(let steps, let factor, let isStaircase): return pow(factor, quotient(steps, isStaircase))
        case .inverseTime(let steps, let rate, let isStaircase): return 1 / (1 + rate * quotient(steps, isStaircase))
        case .polynomial(let end, let power): return (1 - end) * pow(1 - progress, power) + end
        case .cosine(let end): return cosine(progress, from: 1, to: end)
        case .cosineRestarts(let first, let periodFactor, let peakFactor, let end):
            var (position, period, peak) = (Double(step), Double(first), 1.0)
            while position >= period {
                position -= period
                period *= periodFactor
                peak *= peakFactor
            }
            return (1 - end) * cosine(position / period, from: peak, to: 0) + end
        case .oneCycle(let rise, let start, let end):
            let (top, last) = (rise * Double(total) - 1, Double(total - 1))
            if Double(step) <= top { return top <= 0 ? 1 : cosine(Double(step) / top, from: start, to: 1) }
            return cosine(last > top ? (Double(step) - top) / (last - top) : 1, from: 1, to: end)
        case .function(let named): return named.function(step, total)
        }
    }

    fileprivate var problem: String? {
        func positive(_ name: String, _ value: Int) -> String? {
            value > 0 ? nil : "\(name) is \(value) but must be positive"
        }
        switch self {
        case .step(let size, _): return positive("size", size)
        case .exponential(let steps, _, _), .inverseTime(let steps, _, _): return positive("steps", steps)
        case .piecewise(let boundaries, let factors) where factors.count != boundaries.count + 1:
            return "piecewise needs one factor more than boundaries, received \(factors.count) and \(boundaries.count)"
        case .piecewise(let steps, _), .multiStep(let steps, _):
            return steps == steps.sorted() ? nil : "steps must rise, received \(steps)"
        case .cosineRestarts(let first, let factor, _, _):
            return factor >= 1 ? positive("firstPeriod", first) : "periodFactor is \(factor) but must be at least 1"
        case .oneCycle(let rise, _, _): return (0...1).contains(rise) ? nil : "rise is \(rise) but must be in 0...1"
        default: return nil
        }
    }
}

extension Schedule: CustomStringConvertible {
    public var description: String {
        guard warmupSteps != 0 else { return "\(curve)" }
        let limit = warmupShare < 1 ? ", at most \(warmupShare) of the training" : ""
        return "\(curve) after \(warmupSteps) steps of warm-up\(limit)"
    }
}

extension Schedule: FileRepresentable {
    public static var form: Form {
        var kinds = Curve.kindsForm
        let warmup = [
            Form.Constant(
                "warmupSteps", .integer, defaultJSON: "0",
                help: "The steps at the start in which the rate rises linearly"),
            Form.Constant(
                "warmupShare", .number, defaultJSON: "1",
                help: "The largest fraction of all steps that the warm-up takes"),
        ]
        kinds.kinds = kinds.kinds.map { $0.adding(warmup) }
        return .kinds(kinds)
    }
}

extension Schedule: Codable {
    /// Reads `cosine`, or `cosine: {warmupSteps: 200}`.
    public init(from decoder: any Decoder) throws {
        let named = try NamedFields(decoder, Curve.what)
        self.init(
            try Curve(named.name, named.fields, besides: ["warmupSteps", "warmupShare"], at: decoder.codingPath),
            warmupSteps: try named.fields.value("warmupSteps", isLeading: false) ?? 0,
            warmupShare: try named.fields.value("warmupShare", isLeading: false) ?? 1)
    }

    public func encode(to encoder: any Encoder) throws {
        try curve.encode(
            to: encoder,
            options: warmupSteps == 0
                ? nil
                : {
                    try $0.encode(warmupSteps, forKey: NameKey("warmupSteps"))
                    if warmupShare < 1 { try $0.encode(warmupShare, forKey: NameKey("warmupShare")) }
                })
    }
}
