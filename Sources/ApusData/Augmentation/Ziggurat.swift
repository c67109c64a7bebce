import Foundation

/// The half of the normal density under 128 layers of equal area, the lowest with the tail.
///
/// Source: Marsaglia & Tsang, “The ziggurat method” (2000); layer and place from different bits, after Doornik (2005).
struct Ziggurat {
    /// Where the tail begins, and the area of a layer.
    private static let (start, area) = (3.442_619_855_899, 9.912_563_035_262_17e-3)

    /// The right edge of each layer, from the lowest; the last is 0.
    private let edges: [Double]

    static let standard = Ziggurat()

    private init() {
        func density(_ x: Double) -> Double { exp(-x * x / 2) }
        var edges = [Ziggurat.area / density(Ziggurat.start), Ziggurat.start]
        for _ in 2..<128 {
            let edge = edges[edges.count - 1]
            edges.append((-2 * log(Ziggurat.area / edge + density(edge))).squareRoot())
        }
        self.edges = edges + [0]
    }

    /// A number of N(0, 1).
    @inline(__always) func next(_ draws: inout RandomDraws) -> Double {
        while true {
            let word = draws.word()
            let layer = Int(word & 127)
            // A whole number of 25 bits around 0, without 0 itself.
            let x = (Double(Int32(word >> 7) - 1 << 24) + 0.5) * 0x1p-24 * edges[layer]
            if abs(x) < edges[layer + 1] { return x }
            if let x = edge(x, layer, &draws) { return x }
        }
    }

    /// Whether a place beyond the part of its layer that lies wholly under the density is under it; or a place of the tail.
    @inline(never) private func edge(_ x: Double, _ layer: Int, _ draws: inout RandomDraws) -> Double? {
        guard layer > 0 else {
            while true {
                let distance = -log(1 - draws.unit()) / Ziggurat.start
                let height = -log(1 - draws.unit())
                guard 2 * height > distance * distance else { continue }
                return x < 0 ? -Ziggurat.start - distance : Ziggurat.start + distance
            }
        }
        let upper = exp((x * x - edges[layer] * edges[layer]) / 2)
        let lower = exp((x * x - edges[layer + 1] * edges[layer + 1]) / 2)
        return upper + draws.unit() * (lower - upper) < 1 ? x : nil
    }
}
