import ApusConfiguration

// Schedules as arguments write them: `schedule: .cosine(warmupSteps: 200)`.
//
// Every one may begin with a warm-up: `warmupSteps` in which the rate rises linearly to the schedule's first value, at most the
// fraction `warmupShare` of the training.

extension Schedule {
    /// The optimizer's rate at every step.
    public static let constant = Schedule(.constant)

    /// The optimizer's rate at every step after a warm-up.
    public static func constant(warmupSteps: Int, warmupShare: Double = 1) -> Schedule {
        Schedule(.constant, warmupSteps: warmupSteps, warmupShare: warmupShare)
    }

    /// `factor` times the rate every `size` steps: factor^⌊s / size⌋. PyTorch's `StepLR`.
    public static func step(
        every size: Int = 1000, factor: Double = 0.1, warmupSteps: Int = 0, warmupShare: Double = 1
    ) -> Schedule {
        Schedule(.step(size: size, factor: factor), warmupSteps: warmupSteps, warmupShare: warmupShare)
    }

    /// `factor` times the rate from each milestone on: factor^(number of milestones ≤ s). PyTorch's `MultiStepLR`.
    public static func multiStep(
        milestones: [Int] = [], factor: Double = 0.1, warmupSteps: Int = 0, warmupShare: Double = 1
    ) -> Schedule {
        Schedule(.multiStep(milestones: milestones, factor: factor), warmupSteps: warmupSteps, warmupShare: warmupShare)
    }

    /// A factor for each interval: factors[number of boundaries < s], one factor more than boundaries. Keras's `PiecewiseConstantDecay`.
    public static func piecewise(
        boundaries: [Int] = [], factors: [Double] = [1], warmupSteps: Int = 0, warmupShare: Double = 1
    ) -> Schedule {
        Schedule(
            .piecewise(boundaries: boundaries, factors: factors), warmupSteps: warmupSteps, warmupShare: warmupShare)
    }

    /// Exponential decay: factor^(s / steps), in whole powers as a staircase. Keras's `ExponentialDecay`; PyTorch's `ExponentialLR` with
    /// one step a power.
    public static func exponential(
        steps: Int = 1000, factor: Double = 0.96, staircase: Bool = false, warmupSteps: Int = 0, warmupShare: Double = 1
    ) -> Schedule {
        Schedule(
            .exponential(steps: steps, factor: factor, staircase: staircase), warmupSteps: warmupSteps,
            warmupShare: warmupShare)
    }

    /// Inverse time decay: 1 / (1 + rate · s / steps), in whole quotients as a staircase. Keras's `InverseTimeDecay`.
    public static func inverseTime(
        steps: Int = 1000, rate: Double = 0.5, staircase: Bool = false, warmupSteps: Int = 0, warmupShare: Double = 1
    ) -> Schedule {
        Schedule(
            .inverseTime(steps: steps, rate: rate, staircase: staircase), warmupSteps: warmupSteps,
            warmupShare: warmupShare)
    }

    /// Polynomial decay to `end`: (1 − end) (1 − s / T)^power + end. Keras's `PolynomialDecay`,
    /// PyTorch's `PolynomialLR`.
    public static func polynomial(
        end: Double = 0, power: Double = 1, warmupSteps: Int = 0, warmupShare: Double = 1
    ) -> Schedule {
        Schedule(.polynomial(end: end, power: power), warmupSteps: warmupSteps, warmupShare: warmupShare)
    }

    /// Half a cosine down to `end`: end + (1 − end) (1 + cos(π s / T)) / 2. Loshchilov & Hutter (2017). PyTorch's
    /// `CosineAnnealingLR`.
    public static func cosine(
        end: Double = 0, warmupSteps: Int = 0, warmupShare: Double = 1
    ) -> Schedule {
        Schedule(.cosine(end: end), warmupSteps: warmupSteps, warmupShare: warmupShare)
    }

    /// The cosine over periods, each `periodFactor` times as long, from peaks, each `peakFactor` times as high. Loshchilov & Hutter
    /// (2017); as Keras's `CosineDecayRestarts`, PyTorch's `CosineAnnealingWarmRestarts`.
    public static func cosineRestarts(
        firstPeriod: Int = 1000, periodFactor: Double = 2, peakFactor: Double = 1, end: Double = 0,
        warmupSteps: Int = 0, warmupShare: Double = 1
    ) -> Schedule {
        Schedule(
            .cosineRestarts(
                firstPeriod: firstPeriod, periodFactor: periodFactor, peakFactor: peakFactor, end: end),
            warmupSteps: warmupSteps, warmupShare: warmupShare)
    }

    /// Up from `start` to 1 along half a cosine in a fraction `rise` of the steps, then down to `end`; the optimizer's rate is the
    /// peak. Smith & Topin (2018); PyTorch's `OneCycleLR`.
    public static func oneCycle(
        rise: Double = 0.3, start: Double = 0.04, end: Double = 4e-6, warmupSteps: Int = 0, warmupShare: Double = 1
    ) -> Schedule {
        Schedule(.oneCycle(rise: rise, start: start, end: end), warmupSteps: warmupSteps, warmupShare: warmupShare)
    }

    /// The factor by a function of the step, from 0, and the number of all steps:
    /// `.custom("triangle") { step, total in 1 - abs(2 * Double(step) / Double(total) - 1) }`.
    ///
    /// Functions of one name are taken for equal. They can't be written to files.
    public static func custom(
        _ name: String, warmupSteps: Int = 0, warmupShare: Double = 1,
        _ factor: @escaping @Sendable (_ step: Int, _ total: Int) -> Double
    ) -> Schedule {
        Schedule(.function(NamedFunction(name, factor)), warmupSteps: warmupSteps, warmupShare: warmupShare)
    }
}
