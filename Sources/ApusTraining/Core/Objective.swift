import ApusNN

/// What training minimizes, and what is measured besides.
struct Objective: Sendable {
    /// The loss that training minimizes.
    let loss: Loss
    /// The metrics that are measured with it.
    var metrics: [Metric] = []
}
