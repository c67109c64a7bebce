extension Attention {
    private static let pilot = Claim.Basis.calibrated(date: "2026-11-30")

    var claims: [Claim] {
        let share = Words("share of the better head on the place of the answer", "더 나은 헤드가 답의 자리에 준 몫")
        let accuracy = Words("share of right answers; by chance 0.125", "맞힌 비율(우연은 0.125)")
        let longer = Words("share of right answers at 24 places", "자리 24개에서 맞힌 비율")
        func mean(_ number: String, _ task: LookTask, _ positions: Positions) -> @Sendable (LabResults) -> Evidence {
            // A share is at most 1.
            { .mean($0[Attention.id(task, positions)].numbers(number).map { min($0, 1) }) }
        }
        return [
            Claim(
                "lookup-right",
                Words("Look up: the block answers at least 99 % right.", "찾기: 블록은 99 % 이상 옳게 답한다."),
                statistic: accuracy, .atLeast(0.99), basis: .predicted, isTaught: true,
                evidence: mean("accuracy", .lookup, .none)),
            Claim(
                "lookup-looks",
                Words(
                    "Look up: a head gives the place of the answer at least 0.9 of its weight.",
                    "찾기: 한 헤드가 답의 자리에 가중치의 0.9 이상을 준다."), statistic: share, .atLeast(0.9),
                basis: .predicted, isTaught: true, evidence: mean("share", .lookup, .none)),
            Claim(
                "lookup-top",
                Words(
                    "Look up: of both heads together the place of the answer gets the largest weight, in at least 95 % of the sequences.",
                    "찾기: 두 헤드를 합치면 시퀀스의 95 % 이상에서 답의 자리가 가장 큰 가중치를 받는다."),
                statistic: Words("share of sequences", "시퀀스의 비율"), .atLeast(0.95), basis: .predicted, isTaught: true,
                evidence: mean("top", .lookup, .none)),
            Claim(
                "reverse-looks",
                Words(
                    "Reverse, learned places: a head gives the place of the answer at least 0.8 of its weight.",
                    "뒤집기, 학습한 위치: 한 헤드가 답의 자리에 가중치의 0.8 이상을 준다."), statistic: share,
                .atLeast(0.8), basis: Attention.pilot, isTaught: true, evidence: mean("share", .reverse, .learned)),
            Claim(
                "reverse-blind",
                Words(
                    "Reverse without places: what is the same in every order can't say more than which symbols there are, at most 0.4 right.",
                    "위치 없이 뒤집기: 순서가 바뀌어도 같은 신경망은 어떤 기호가 있는지만 안다. 맞히는 것은 0.4 이하이다."),
                statistic: accuracy, .atMost(0.4), basis: .predicted, isTaught: true,
                evidence: mean("accuracy", .reverse, .none)),
            Claim(
                "reverse-learned",
                Words("Reverse, learned places: at least 99 % right.", "뒤집기, 학습한 위치: 99 % 이상 맞힌다."),
                statistic: accuracy, .atLeast(0.99), basis: .predicted, isTaught: true,
                evidence: mean("accuracy", .reverse, .learned)),
            Claim(
                "reverse-sinusoidal",
                Words("Reverse, sines: at least 99 % right.", "뒤집기, 사인 위치: 99 % 이상 맞힌다."), statistic: accuracy,
                .atLeast(0.99), basis: .predicted, isTaught: true, evidence: mean("accuracy", .reverse, .sinusoidal)),
            Claim(
                "reverse-rotary",
                Words("Reverse, rotary places: at least 99 % right.", "뒤집기, 회전 위치: 99 % 이상 맞힌다."),
                statistic: accuracy, .atLeast(0.99), basis: .predicted, isTaught: true,
                evidence: mean("accuracy", .reverse, .rotary)),
            Claim(
                "longer-rotary",
                Words(
                    "Three back at the doubled length: rotary places still answer at least 85 % right.",
                    "두 배 길이의 ‘셋 앞’: 회전 위치는 여전히 85 % 이상 맞힌다."), statistic: longer,
                .atLeast(0.85), basis: Attention.pilot, isTaught: true, evidence: mean("longer", .back, .rotary)),
            Claim(
                "longer-sinusoidal",
                Words("Three back at the doubled length: so do sines.", "두 배 길이의 ‘셋 앞’: 사인 위치도 그렇다."),
                statistic: longer, .atLeast(0.85), basis: Attention.pilot,
                isTaught: true, evidence: mean("longer", .back, .sinusoidal)),
            Claim(
                "longer-learned",
                Words(
                    "Three back at the doubled length: learned places do not, at most 70 % are right.",
                    "두 배 길이의 ‘셋 앞’: 학습한 위치는 그렇지 않다. 맞히는 것은 70 % 이하이다."), statistic: longer,
                .atMost(0.7), basis: .predicted, isTaught: true, evidence: mean("longer", .back, .learned)),
        ]
    }
}
