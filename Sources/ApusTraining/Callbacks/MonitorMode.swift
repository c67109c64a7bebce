/// The direction in which a monitored value improves.
///
/// ```swift
/// // .auto knows it, too
/// let stopping = Callback.earlyStopping(monitor: "validation.accuracy", mode: .max, patience: 5)
/// ```
public enum MonitorMode: String, Sendable, Hashable, Codable, CaseIterable {
    /// Smaller values are better.
    case min
    /// Larger values are better.
    case max
    /// Smaller values are better for losses and errors, larger values for everything else.
    case auto

    package func minimizes(_ monitor: String) -> Bool {
        switch self {
        case .min: true
        case .max: false
        case .auto: ["loss", "error", "perplexity"].contains { monitor.lowercased().hasSuffix($0) }
        }
    }
}
