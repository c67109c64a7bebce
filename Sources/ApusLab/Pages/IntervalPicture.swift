import ApusCharts
import Foundation

/// The interval of an estimate beside its threshold: a bar on a line, and the claimed side shaded.
struct IntervalPicture {
    private let estimate: Estimate
    private let criterion: Criterion
    private let verdict: Verdict

    init(_ decided: DecidedClaim) {
        (estimate, criterion, verdict) = (decided.estimate, decided.claim.criterion, decided.verdict)
    }

    private static let width = 600.0

    /// The picture; nothing where the numbers have no place.
    var svg: String {
        let (low, high) = (estimate.interval.lowerBound, estimate.interval.upperBound)
        let edges = [criterion.range.lowerBound, criterion.range.upperBound].filter(\.isFinite)
        let shown = (edges + [low, high, estimate.value]).filter(\.isFinite)
        guard estimate.value.isFinite, low.isFinite, high.isFinite, let least = shown.min(), let most = shown.max()
        else { return "" }
        // Positive numbers that lie decades apart are shown by their logarithms.
        let isLogarithmic = least > 0 && most / least > 50
        func place(_ value: Double) -> Double { isLogarithmic ? log10(value) : value }
        let (from, to) = (place(least), place(most))
        let margin = to > from ? (to - from) * 0.25 : max(abs(to), 1) * 0.25
        func x(_ value: Double) -> Double {
            if value == -.infinity { return 0 }
            if value == .infinity { return IntervalPicture.width }
            return (place(value) - from + margin) / (to - from + 2 * margin) * IntervalPicture.width
        }
        func n(_ value: Double) -> String { XML.number(value) }
        let (left, right) = (x(criterion.range.lowerBound), x(criterion.range.upperBound))
        let name =
            switch verdict {
            case .held: "good"
            case .refuted: "warning"
            case .undecided: "note"
            }
        var text =
            "<svg viewBox=\"0 0 \(n(IntervalPicture.width)) 34\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
        text +=
            "<rect x=\"\(n(left))\" y=\"4\" width=\"\(n(max(right - left, 2)))\" height=\"26\" fill=\"var(--goodground)\"/>"
        text += "<rect x=\"0\" y=\"16.5\" width=\"600\" height=\"1\" fill=\"var(--line)\"/>"
        for edge in edges {
            text += "<rect x=\"\(n(x(edge) - 0.75))\" y=\"4\" width=\"1.5\" height=\"26\" fill=\"var(--good)\"/>"
        }
        let (start, end) = (x(low), x(high))
        text +=
            "<rect x=\"\(n(start))\" y=\"14\" width=\"\(n(max(end - start, 1)))\" height=\"6\" rx=\"3\" fill=\"var(--\(name))\" opacity=\"0.45\"/>"
        text +=
            "<rect x=\"\(n(x(estimate.value) - 2.5))\" y=\"9\" width=\"5\" height=\"16\" rx=\"2\" fill=\"var(--\(name))\"/>"
        return text + "</svg>"
    }
}
