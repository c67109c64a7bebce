import ApusCharts

extension Sentences {
    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let ways = SentenceReader.Way.allCases
        let accuracy = Words("Test accuracy", "테스트 정확도")[language]
        let base = Sentences.id(.multiHot)
        func gain(_ arm: String) -> Estimate {
            Estimate(.mean(results.differences("accuracy", arm, minus: base).map { 100 * $0 }))
        }
        let chosen = LabFigure.Control(
            Words("Reads by", "읽는 법")[language], .choice, options: ways.map { $0.title[language] }, first: 2)
        return [
            LabFigure(
                "gain",
                caption: Words(
                    "Points of test accuracy above or below multi-hot on the same sentences, with 95 % intervals over the seeds. Below, the same ways with the words of each sentence shuffled.",
                    "같은 문장에서 멀티핫과 견준 테스트 정확도의 차이(%포인트)와 시드들의 95 % 구간. 아래는 문장마다 낱말을 섞었을 때이다.")[language],
                chart: IntervalChart(
                    "", axis: Axis(Words("Points above multi-hot", "멀티핫과의 차이(%포인트)")[language]), reference: 0,
                    groups: [Words("in order", "순서대로"), Words("shuffled", "섞음")].map { $0[language] },
                    rows: Sentences.shuffledWays.map { .init($0.title[language], gain(Sentences.id($0))) }
                        + Sentences.shuffledWays.map {
                            .init(
                                Words("\($0.title.english), shuffled", "\($0.title.korean), 섞음")[language],
                                gain(Sentences.id($0, isShuffled: true)), group: 1)
                        })),
            LabFigure(
                "accuracy",
                caption: Words(
                    "Test accuracy itself. Half of the sentences praise, so guessing has 0.5.",
                    "테스트 정확도 그 자체. 문장의 절반이 칭찬이므로 찍으면 0.5이다.")[language],
                chart: IntervalChart(
                    "", axis: Axis(accuracy),
                    rows: ways.map {
                        .init($0.title[language], Estimate(.mean(results[Sentences.id($0)].numbers("accuracy"))))
                    })),
            LabFigure(
                "pairs",
                caption: Words(
                    "Eight pairs of sentences of the same words, such as “not boring but funny” and “not funny but boring”: how much more probable praise is in the first, which stands here, than in the second, with 95 % intervals. Right of the line is right; who only counts words stands on it.",
                    "같은 낱말로 된 문장 여덟 쌍, 예를 들면 ‘not boring but funny’와 ‘not funny but boring’: 여기 적힌 앞 문장이 칭찬일 확률이 뒤 문장보다 얼마나 높은지와 95 % 구간. 선의 오른쪽이 옳은 쪽이다. 낱말을 세기만 하면 선 위에 선다."
                )[language], controls: [chosen]
            ) { choice in
                let praise = results[Sentences.id(ways[choice[0]])].series("praise")
                return Sized(
                    IntervalChart(
                        "",
                        axis: Axis(
                            Words("Probability of praise, first − second", "칭찬일 확률, 앞 문장 − 뒤 문장")[language],
                            range: -0.6...0.6), reference: 0,
                        rows: Sentences.pairs.indices.map { pair in
                            IntervalChart.Row(
                                Sentences.pairs[pair].0,
                                Estimate(.mean(praise.map { $0[2 * pair] - $0[2 * pair + 1] })))
                        }), ChartSize(width: 720, height: 300))
            },
            LabFigure(
                "vocabulary",
                caption: Words(
                    "Test accuracy against the number of words that are known, with 95 % intervals. It goes on rising: even words that were seen a few times help.",
                    "아는 낱말 수에 따른 테스트 정확도와 95 % 구간. 계속 올라간다. 몇 번 나오지 않은 낱말도 도움이 된다.")[language],
                chart: LineChart(
                    "", x: Axis(Words("Words", "낱말 수")[language], scale: .logarithmic), y: Axis(accuracy),
                    series: [SentenceReader.Way.multiHot, .mean].map { way in
                        results.line(
                            way.title[language], "accuracy",
                            over: Sentences.vocabularies.map { (Double($0), Sentences.id(way, words: $0)) })
                    })),
            LabFigure(
                "curves",
                caption: Words(
                    "Loss by epoch at the rate that was chosen, as far as all seeds trained; bands from the least to the greatest seed. The training loss is that with dropout.",
                    "선택된 학습률에서 에포크에 따른 손실, 모든 시드가 학습한 데까지. 띠는 시드 가운데 최소에서 최대까지이다. 훈련 손실은 드롭아웃을 켠 채 잰 것이다.")[
                        language], controls: [chosen]
            ) { choice in
                let arm = results[Sentences.id(ways[choice[0]])]
                return LineChart(
                    "", x: Axis(Words("Epoch", "에포크")[language]),
                    y: Axis(Words("Loss", "손실")[language], range: 0...0.8),
                    series: [("training", Words("training", "훈련")), ("validation", Words("validation", "검증"))].map {
                        name, title in
                        let band = arm.band(name)
                        return LineChart.Series(title[language], y: band.mean, lower: band.lower, upper: band.upper)
                    })
            },
            LabFigure(
                "time",
                caption: Words(
                    "Seconds of an epoch of 7000 sentences, the fastest of the three rates, mean over the seeds.",
                    "문장 7000개 한 에포크의 초. 세 학습률 가운데 가장 빠른 것, 시드의 평균.")[language],
                chart: BarChart(
                    "", axis: Axis(Words("Seconds an epoch", "에포크당 초")[language]),
                    labels: ways.map { $0.title[language] },
                    values: ways.map { results[Sentences.id($0)].mean("seconds") })),
        ]
    }
}
