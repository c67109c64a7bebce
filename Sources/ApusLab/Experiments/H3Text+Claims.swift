extension Sentences {
    var claims: [Claim] { wayClaims + orderClaims + otherClaims }

    private var wayClaims: [Claim] {
        func gap(_ name: Words) -> Words {
            Words("test accuracy, \(name.english) − multi-hot", "테스트 정확도, \(name.korean) − 멀티핫")
        }
        func against(_ way: SentenceReader.Way) -> @Sendable (LabResults) -> Evidence {
            Evidence.difference(of: "accuracy", Sentences.id(way), minus: Sentences.id(.multiHot))
        }
        return [
            Claim(
                "lstm-wins",
                Words(
                    "Reading in order beats counting: the LSTM is at least a point better than multi-hot.",
                    "순서대로 읽으면 세는 것보다 낫다. LSTM이 멀티핫보다 1 %포인트 이상 높다."),
                statistic: gap(SentenceReader.Way.lstm.title), .atLeast(0.01), basis: .predicted, isTaught: true,
                evidence: against(.lstm)),
            Claim(
                "transformer-wins",
                Words(
                    "The transformer is at least a point better than multi-hot.", "트랜스포머가 멀티핫보다 1 %포인트 이상 높다."),
                statistic: gap(SentenceReader.Way.transformer.title), .atLeast(0.01), basis: .predicted,
                isTaught: true, evidence: against(.transformer)),
            Claim(
                "vectors-win",
                Words(
                    "Vectors of words, learned from these sentences alone, are at least a point better than multi-hot.",
                    "이 문장들만으로 배운 낱말 벡터가 멀티핫보다 1 %포인트 이상 높다."),
                statistic: gap(SentenceReader.Way.mean.title), .atLeast(0.01), basis: .predicted, isTaught: true,
                evidence: against(.mean)),
        ]
    }

    private var orderClaims: [Claim] {
        let gap = Words("test accuracy, in order − shuffled", "테스트 정확도, 순서대로 − 섞음")
        func order(_ way: SentenceReader.Way) -> @Sendable (LabResults) -> Evidence {
            Evidence.difference(of: "accuracy", Sentences.id(way), minus: Sentences.id(way, isShuffled: true))
        }
        let pairs = Words(
            "share of eight pairs of sentences of the same words that are told apart the right way",
            "같은 낱말로 된 문장 여덟 쌍 가운데 옳게 구별한 비율")
        return [
            Claim(
                "order-lstm",
                Words(
                    "Order matters to the LSTM: shuffled words cost it at least a point.",
                    "LSTM에는 순서가 중요하다. 낱말을 섞으면 1 %포인트 이상 잃는다."), statistic: gap, .atLeast(0.01),
                basis: .predicted, isTaught: true, evidence: order(.lstm)),
            Claim(
                "order-transformer",
                Words(
                    "Order matters to the transformer: shuffled words cost it at least a point.",
                    "트랜스포머에는 순서가 중요하다. 낱말을 섞으면 1 %포인트 이상 잃는다."), statistic: gap,
                .atLeast(0.01), basis: .predicted, isTaught: true, evidence: order(.transformer)),
            Claim(
                "order-mean",
                Words(
                    "To the mean of vectors it does not: the difference is below half a point.",
                    "벡터 평균에는 순서가 상관없다. 차이는 0.5 %포인트보다 작다."), statistic: gap, .within(-0.005...0.005),
                basis: .theory, evidence: order(.mean)),
            Claim(
                "negation-lstm",
                Words(
                    "The LSTM reads “not bad but good” as more praise than “not good but bad”: right for at least 3 of 4 such pairs.",
                    "LSTM은 ‘not bad but good’을 ‘not good but bad’보다 칭찬으로 읽는다. 이런 쌍 넷 가운데 셋 이상에서 옳다."),
                statistic: pairs, .atLeast(0.75), basis: .predicted, isTaught: true,
                evidence: { .mean($0[Sentences.id(.lstm)].numbers("pairs").map { min($0, 1) }) }),
        ]
    }

    private var otherClaims: [Claim] {
        func vocabulary(_ words: Int, over fewer: Int) -> @Sendable (LabResults) -> Evidence {
            Evidence.difference(
                of: "accuracy", Sentences.id(.multiHot, words: words), minus: Sentences.id(.multiHot, words: fewer))
        }
        let gap = Words("test accuracy, multi-hot, larger − smaller vocabulary", "테스트 정확도, 멀티핫, 큰 어휘 − 작은 어휘")
        return [
            Claim(
                "few-words",
                Words(
                    "More words are better: 2000 are at least five points better than 100.",
                    "낱말이 많을수록 좋다. 2000개가 100개보다 5 %포인트 이상 높다."), statistic: gap, .atLeast(0.05),
                basis: .predicted, isTaught: true, evidence: vocabulary(2000, over: 100)),
            Claim(
                "many-words",
                Words("8000 are at least a point better than 2000.", "8000개가 2000개보다 1 %포인트 이상 높다."), statistic: gap,
                .atLeast(0.01), basis: .predicted, isTaught: true, evidence: vocabulary(8000, over: 2000)),
            Claim(
                "same-errors",
                Words(
                    "They fail at the same sentences: the transformer gets at least half of those wrong that multi-hot gets wrong.",
                    "같은 문장에서 틀린다. 멀티핫이 틀린 문장의 절반 이상을 트랜스포머도 틀린다."),
                statistic: Words(
                    "share of multi-hot's errors that the transformer makes, too", "멀티핫의 오류 가운데 트랜스포머도 틀린 비율"),
                .atLeast(0.5), basis: .predicted
            ) { .mean(Sentences.common($0, .multiHot, .transformer)) },
            Claim(
                "lstm-slow",
                Words(
                    "An epoch of the LSTM takes at least three times as long as one of the mean.",
                    "LSTM의 한 에포크는 벡터 평균의 세 배 이상 걸린다."),
                statistic: Words("seconds an epoch, LSTM ÷ mean", "에포크당 초, LSTM ÷ 벡터 평균"), .atLeast(3),
                basis: .calibrated(date: "2026-11-30"), isTaught: true,
                evidence: Evidence.ratio(of: "seconds", Sentences.id(.lstm), over: Sentences.id(.mean))),
        ]
    }

    /// The share of the errors of one way that another makes, too, in each seed.
    static func common(
        _ results: LabResults, _ first: SentenceReader.Way, _ second: SentenceReader.Way
    ) -> [Double] {
        zip(results[id(first)].series("wrong"), results[id(second)].series("wrong")).map { first, second in
            zip(first, second).reduce(0) { $0 + $1.0 * $1.1 } / first.reduce(0, +)
        }
    }
}
