import Foundation

/// How the learning rate changes: a pure function of the step.
public enum Schedule: Sendable, Hashable, Codable {
    /// The optimizer's rate at every step.
    case constant
    /// Rises linearly for `warmupSteps` steps, then falls to 0 along half a cosine: η (1 + cos(π t / T)) / 2.
    /// Loshchilov & Hutter (2017).
    case cosine(warmupSteps: Int = 0)

    /// The factor on the optimizer's rate.
    ///
    /// - Parameters:
    ///   - step: The steps done so far.
    ///   - total: The steps of the whole training.
    public func factor(step: Int, total: Int) -> Double {
        switch self {
        case .constant: return 1
        case .cosine(let warmup):
            if step < warmup { return Double(step + 1) / Double(warmup) }
            let progress = Double(step - warmup) / Double(Swift.max(1, total - warmup))
            return (1 + cos(.pi * Swift.min(1, progress))) / 2
        }
    }
}
