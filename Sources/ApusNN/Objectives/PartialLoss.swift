import ApusConfiguration
import ApusTensor

/// The loss of one of several outputs, gathered as a metric: [sum over samples, samples], or [sum, 0].
struct PartialLoss: MetricRule {
    let isMean: Bool

    static let schema = Schema(PartialLoss(isMean: true))
    var accumulation: MetricAccumulation { .sum }

    /// What a batch of a size adds, where its loss is known.
    func contribution(_ loss: Tensor, count: Tensor) -> Tensor {
        isMean ? .stacked([loss * count, count]) : .stacked([loss, Tensor.zeros([])])
    }

    func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        .invalid("the loss of an output is measured by its term")
    }

    func value(_ gathered: [Double], classes: Int) -> MetricValue {
        .number(isMean ? gathered[0] / gathered[1] : gathered[0])
    }

}
