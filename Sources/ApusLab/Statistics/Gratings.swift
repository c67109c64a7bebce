import Foundation

/// What filters make of gratings: waves of light and dark in one direction.
package enum Gratings {
    /// How much a filter's response depends on the direction of the grating: |Σ R(θ) e^(2iθ)| / Σ R(θ) over twelve directions, R the
    /// greatest response over three wavelengths and all phases. 0 for a spot, 1 for a filter that answers a single direction.
    ///
    /// - Parameters:
    ///   - filter: The weights, row by row.
    ///   - side: How many stand in a row.
    package static func selectivity(_ filter: [Double], side: Int) -> Double {
        var (real, imaginary, sum) = (0.0, 0.0, 0.0)
        for step in 0..<12 {
            let angle = Double(step) * Double.pi / 12
            let greatest =
                [0.15, 0.25, 0.35].map { response(filter, side: side, angle: angle, frequency: $0) }.max() ?? 0
            (real, imaginary) = (real + greatest * cos(2 * angle), imaginary + greatest * sin(2 * angle))
            sum += greatest
        }
        return sum > 0 ? hypot(real, imaginary) / sum : 0
    }

    /// The greatest response over phases: |Σ w e^(2πi f (x cos θ + y sin θ))|.
    private static func response(_ filter: [Double], side: Int, angle: Double, frequency: Double) -> Double {
        var (even, odd) = (0.0, 0.0)
        for (place, weight) in filter.enumerated() {
            let way = Double(place % side) * cos(angle) + Double(place / side) * sin(angle)
            let phase = 2 * Double.pi * frequency * way
            even += weight * cos(phase)
            odd += weight * sin(phase)
        }
        return hypot(even, odd)
    }
}
