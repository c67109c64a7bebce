import Foundation

extension Sequences {
    private static let pilot = Claim.Basis.calibrated(date: "2026-11-30")

    var claims: [Claim] {
        startClaims + endClaims + [
            Claim(
                "clipping-sgd",
                Words(
                    "SGD 0.1 copies over 20 steps only with clipping: without it the loss ends at least 0.5 higher.",
                    "SGD 0.1은 기울기를 잘라야만 20스텝 베끼기를 배운다. 자르지 않으면 손실이 0.5 이상 높게 끝난다."),
                statistic: Words("loss at the end, without − with clipping", "마지막 손실, 자르지 않음 − 자름"), .atLeast(0.5),
                basis: Sequences.pilot, isTaught: true,
                evidence: Evidence.difference(
                    of: "error", "copy-plain-sgd", minus: "copy-plain-sgd-clipped")),
            Claim(
                "clipping-adam",
                Words(
                    "With Adam 0.01 clipping changes nothing that matters there: the losses differ by less than 0.05.",
                    "Adam 0.01에서는 자르기가 달라지게 하는 것이 없다. 손실의 차이는 0.05보다 작다."),
                statistic: Words("loss at the end, without − with clipping", "마지막 손실, 자르지 않음 − 자름"),
                .within(-0.05...0.05), basis: Sequences.pilot,
                evidence: Evidence.difference(of: "error", "copy-plain-free", minus: "copy-plain")),
        ]
    }

    /// Before the first step, at a distance of 50 of 100 steps.
    private var startClaims: [Claim] {
        let start = Words(
            "before training: log₁₀ of the gradient 50 steps back ÷ at the end",
            "학습 전: log₁₀(50스텝 앞의 기울기 ÷ 끝의 기울기)")
        let difference = Words(
            "before training, 50 steps back: decades of the gradient, ", "학습 전 50스텝 앞 기울기의 자릿수 차, ")
        func decades(_ english: String, _ korean: String) -> Words {
            Words(difference.english + english, difference.korean + korean)
        }
        return [
            Claim(
                "small-vanishes",
                Words(
                    "A plain layer with small weights loses at least ten decades of the gradient in 50 steps.",
                    "가중치가 작은 단순 순환층은 50스텝에 기울기를 열 자릿수 이상 잃는다."), statistic: start,
                .atMost(-10), basis: Sequences.pilot, isTaught: true,
                evidence: Evidence.mean(of: "startReach", in: "adding-long-small")),
            Claim(
                "large-explodes",
                Words(
                    "With large weights it explodes: 25 steps back it is at least a hundred times that at the end. Without tanh, 1.5²⁵ = 25,000.",
                    "가중치가 크면 폭발한다. 25스텝 앞의 기울기가 끝의 100배 이상이다. tanh가 없으면 1.5²⁵ = 25,000배이다."),
                statistic: Words(
                    "before training: log₁₀ of the gradient 25 steps back ÷ at the end",
                    "학습 전: log₁₀(25스텝 앞의 기울기 ÷ 끝의 기울기)"), .atLeast(2), basis: Sequences.pilot, isTaught: true,
                evidence: { .mean($0["adding-large"].numbers("startReach").map { min($0, 25 * log10(1.5)) }) }),
            Claim(
                "lstm-keeps-at-start",
                Words(
                    "Before training the LSTM keeps at least two decades more than the plain layer that starts orthogonal.",
                    "학습 전에 LSTM은 직교로 시작한 단순 순환층보다 기울기를 두 자릿수 이상 더 지킨다."),
                statistic: decades("LSTM − plain", "LSTM − 단순"), .atLeast(2), basis: Sequences.pilot, isTaught: true,
                evidence: Evidence.difference(of: "startReach", "adding-long-lstm", minus: "adding-long-plain")),
            Claim(
                "forget-bias-keeps",
                Words(
                    "A forget bias of 1 instead of 0 keeps at least four decades more: σ(1) = 0.73 a step instead of 0.5.",
                    "망각 편향이 0이 아니라 1이면 네 자릿수 이상 더 지킨다. 스텝마다 0.5가 아니라 σ(1) = 0.73이다."),
                statistic: decades("forget bias 1 − 0", "망각 편향 1 − 0"), .atLeast(4), basis: Sequences.pilot,
                isTaught: true,
                evidence: Evidence.difference(of: "startReach", "adding-long-lstm", minus: "adding-long-unbiased")),
        ]
    }

    /// After training.
    private var endClaims: [Claim] {
        let error = Words("squared error at the end; always to say 1: 0.167", "마지막 제곱 오차(늘 1이라고 답하면 0.167)")
        let ratio = Words("log₁₀ of the loss at the end, plain − LSTM", "마지막 손실의 log₁₀, 단순 − LSTM")
        return [
            Claim(
                "lstm-keeps-at-end",
                Words(
                    "After training on adding over 100 steps the LSTM's gradient 50 steps back is at least four decades above the plain layer's.",
                    "100스텝 덧셈을 배운 뒤 LSTM의 50스텝 앞 기울기는 단순 순환층보다 네 자릿수 이상 크다."),
                statistic: Words(
                    "after training, 50 steps back: decades of the gradient, LSTM − plain",
                    "학습 후 50스텝 앞 기울기의 자릿수 차, LSTM − 단순"), .atLeast(4), basis: Sequences.pilot, isTaught: true,
                evidence: Evidence.difference(of: "endReach", "adding-long-lstm", minus: "adding-long-plain")),
            Claim(
                "plain-stays",
                Words(
                    "Adding over 100 steps: the plain layer stays near who always says 1.",
                    "100스텝 덧셈: 단순 순환층은 늘 1이라고 답하는 수준에 머문다."), statistic: error, .atLeast(0.12),
                basis: Sequences.pilot, isTaught: true, evidence: Evidence.mean(of: "error", in: "adding-long-plain")),
            Claim(
                "lstm-adds",
                Words("The LSTM learns it: error at most 0.01.", "LSTM은 배운다. 오차가 0.01 이하이다."), statistic: error,
                .atMost(0.01), basis: Sequences.pilot, isTaught: true,
                evidence: Evidence.mean(of: "error", in: "adding-long-lstm")),
            Claim(
                "forget-bias-sooner",
                Words(
                    "Adding over 100 steps is learned sooner with a forget bias of 1: in at most 0.8 of the steps.",
                    "망각 편향 1은 100스텝 덧셈을 더 일찍 배운다. 걸음 수가 0.8배 이하이다."),
                statistic: Words(
                    "steps to an error of 0.01, forget bias 1 ÷ 0", "오차 0.01까지의 걸음 수, 망각 편향 1 ÷ 0"),
                .atMost(0.8), basis: Sequences.pilot, isTaught: true,
                evidence: Evidence.ratio(of: "solved", "adding-long-lstm", over: "adding-long-unbiased")),
            Claim(
                "lstm-copies",
                Words(
                    "Copying over 20 steps: the LSTM ends with less than a tenth of the plain layer's loss.",
                    "20스텝 베끼기: LSTM의 마지막 손실은 단순 순환층의 10분의 1보다 작다."), statistic: ratio,
                .atLeast(1), basis: Sequences.pilot, isTaught: true,
                evidence: { .mean($0.ratios("error", "copy-plain", over: "copy-lstm").map { log10($0) }) }),
            Claim(
                "nobody-copies-far",
                Words(
                    "Copying over 50 steps: after 1000 steps the LSTM still guesses.",
                    "50스텝 베끼기: 1000걸음 뒤에도 LSTM은 찍는다."),
                statistic: Words("loss at the end ÷ ln 8", "마지막 손실 ÷ ln 8"), .within(0.95...1.05),
                basis: Sequences.pilot
            ) { .mean($0["copy-long-lstm"].numbers("error").map { $0 / log(8) }) },
        ]
    }
}
