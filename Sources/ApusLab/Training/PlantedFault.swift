import Apus

/// A function of Float64 numbers, and its gradient as somebody wrote it who made a mistake.
struct PlantedFault {
    /// The mistake.
    enum Kind: String, CaseIterable {
        case sign, missingMask, transposed, epsilonOutside, meanMissing, staleStatistics, wrongAxis, tie
        /// Faults that are as wrong, and that the numbers do not show.
        case smallEpsilon, deadUnit, maskAllOn, noTie

        static let visible: [Kind] = [
            .sign, .missingMask, .transposed, .epsilonOutside, .meanMissing, .staleStatistics, .wrongAxis, .tie,
        ]
        static let hidden: [Kind] = [.deadUnit, .maskAllOn, .noTie]

        var title: Words {
            switch self {
            case .sign: Words("sign", "부호")
            case .missingMask: Words("ReLU mask missing", "ReLU 마스크 빠짐")
            case .transposed: Words("transposed", "전치")
            case .epsilonOutside: Words("ε outside the root, 1e-3", "ε가 제곱근 밖, 1e-3")
            case .meanMissing: Words("batch mean missing", "배치 평균 빠짐")
            case .staleStatistics: Words("stale statistics", "지난 통계")
            case .wrongAxis: Words("bias over wrong axis", "편향의 축")
            case .tie: Words("pooling: every tie", "풀링: 모든 동점")
            case .smallEpsilon: Words("ε outside the root, 1e-5", "ε가 제곱근 밖, 1e-5")
            case .deadUnit: Words("in a dead unit", "죽은 유닛 속")
            case .maskAllOn: Words("mask missing, all on", "마스크 빠짐, 모두 켜짐")
            case .noTie: Words("every tie, without ties", "모든 동점, 동점 없음")
            }
        }

        /// The width of the first point's matrix.
        var columns: Int { self == .tie || self == .noTie ? 8 : PlantedFault.units }
    }

    let kind: Kind
    /// Where the gradient is taken.
    let points: [Tensor]
    let value: ([Tensor]) -> Tensor
    /// The gradient as it was written.
    let written: ([Tensor]) -> [Tensor]

    static let units = 6

    /// All of them, on numbers that the seed draws.
    static func all(seed: UInt64) -> [PlantedFault] {
        var key = RandomKey(seed: seed).child("faults")
        let n = units
        func normal(_ shape: Shape) -> Tensor { Tensor.normal(shape, key: key.next(), type: .float64) }
        // The inputs, and the gradient that arrives at the outputs; as many samples as units: a wrong axis fits.
        let (x, r, w) = (normal([n, n]), normal([n, n]), normal([n, n]))
        let bias = normal([n])
        func affine(_ p: [Tensor]) -> Tensor { ((x.matmul(p[0]) + p[1]) * r).sum() }
        func rectified(_ p: [Tensor]) -> Tensor { (relu(x.matmul(p[0]) + p[1]) * r).sum() }
        func mask(_ p: [Tensor]) -> Tensor { ((x.matmul(p[0]) + p[1]) .> 0).cast(to: .float64) }
        let right = x.transposed().matmul(r)
        let dead = bias - Tensor([100] + [Double](repeating: 0, count: n - 1), type: .float64)
        let doubled = Tensor([2] + [Double](repeating: 1, count: n - 1), type: .float64)

        func normalized(_ x: Tensor, _ epsilon: Double) -> Tensor {
            (x - x.mean(axes: [0])) / sqrt(x.variance(axes: [0]) + epsilon)
        }
        /// The gradient of batch normalization where its parts are those that are given.
        func normalizationGradient(_ x: Tensor, deviation: Tensor, hasMean: Bool = true) -> Tensor {
            let y = (x - x.mean(axes: [0])) / deviation
            let centered = hasMean ? r - r.mean(axes: [0]) : r
            return (centered - y * (r * y).mean(axes: [0])) / deviation
        }
        func normalization(
            _ kind: Kind, epsilon: Double = 1e-3, _ written: @escaping (Tensor) -> Tensor
        ) -> PlantedFault {
            PlantedFault(
                kind: kind, points: [x], value: { (normalized($0[0], epsilon) * r).sum() },
                written: { [written($0[0])] })
        }
        let old = normal([n, n]) * 1.5

        // Pooling over windows of 2 × 2; the gradient goes to every number that equals the greatest.
        let (images, arrived) = (normal([8, 8]), normal([4, 4]))
        func pooled(_ x: Tensor) -> Tensor { x.reshaped(to: [4, 2, 4, 2]).max(axes: [1, 3], keepingAxes: true) }
        func toEveryTie(_ x: Tensor) -> Tensor {
            let hits = (x.reshaped(to: [4, 2, 4, 2]) .== pooled(x)).cast(to: .float64)
            return (hits * arrived.reshaped(to: [4, 1, 4, 1])).reshaped(to: [8, 8])
        }
        func pooling(_ kind: Kind, _ images: Tensor) -> PlantedFault {
            PlantedFault(
                kind: kind, points: [images], value: { (pooled($0[0]) * arrived.reshaped(to: [4, 1, 4, 1])).sum() },
                written: { [toEveryTie($0[0])] })
        }
        return [
            PlantedFault(kind: .sign, points: [w, bias], value: affine, written: { _ in [right, -r.sum(axes: [0])] }),
            PlantedFault(kind: .missingMask, points: [w, bias], value: rectified) { _ in [right, r.sum(axes: [0])] },
            PlantedFault(
                kind: .transposed, points: [w, bias], value: affine,
                written: { _ in [right.transposed(), r.sum(axes: [0])] }),
            normalization(.epsilonOutside) {
                normalizationGradient($0, deviation: sqrt($0.variance(axes: [0])) + 1e-3)
            },
            normalization(.meanMissing) {
                normalizationGradient($0, deviation: sqrt($0.variance(axes: [0]) + 1e-3), hasMean: false)
            },
            normalization(.staleStatistics) {
                normalizationGradient($0, deviation: sqrt(old.variance(axes: [0]) + 1e-3))
            },
            PlantedFault(
                kind: .wrongAxis, points: [w, bias], value: affine, written: { _ in [right, r.sum(axes: [1])] }),
            pooling(.tie, round(images)),
            normalization(.smallEpsilon, epsilon: 1e-5) {
                normalizationGradient($0, deviation: sqrt($0.variance(axes: [0])) + 1e-5)
            },
            // The first unit is off for every sample; its part of the gradient is doubled.
            PlantedFault(kind: .deadUnit, points: [w, dead], value: rectified) { p in
                let masked = r * mask(p)
                return [x.transposed().matmul(masked) * doubled, masked.sum(axes: [0]) * doubled]
            },
            PlantedFault(kind: .maskAllOn, points: [w, bias + 100], value: rectified) { _ in [right, r.sum(axes: [0])]
            },
            pooling(.noTie, images),
        ]
    }
}
