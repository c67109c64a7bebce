import ApusCharts

extension Attention {
    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let looks = results.arms.first?.band("steps").mean.count ?? 0
        let tasks = LabFigure.Control(
            Words("Task", "과제")[language], .choice,
            options: Attention.drawn.map { task, positions in
                task == .lookup
                    ? task.title[language] : "\(task.title[language]), \(positions.title[language])"
            }, first: 2)
        let samples = LabFigure.Control(
            Words("Sequence", "시퀀스")[language], .choice, options: (1...Attention.shown).map(String.init))
        let time = LabFigure.Control(
            Words("Training", "학습")[language], .slider,
            options: (results.arms.first?.band("steps").mean ?? []).map {
                Words("step \(Int($0))", "\(Int($0))걸음")[language]
            },
            first: max(0, looks - 1))
        let places = LabFigure.Control(
            Words("Task", "과제")[language], .choice,
            options: [LookTask.back, .reverse].map { $0.title[language] }, first: 1)
        return [
            LabFigure(
                "heads",
                caption: Words(
                    "Who looks where (seed 1): a row is a place that looks, a column one that is seen, a strong color much weight. Drag the bar: first everybody looks everywhere, then the place of the answer appears. Look up has it in the last row, where the column begins with the letter asked for, and beside it the question itself; three back beside the diagonal; reverse on the other diagonal.",
                    "누가 어디를 보는가(시드 1): 행은 보는 자리, 열은 보이는 자리, 색이 강할수록 가중치가 크다. 막대를 끌면 처음에는 모두가 모든 곳을 보다가 답의 자리가 나타난다. 찾기는 마지막 행에서 물은 글자로 시작하는 열(그리고 질문 자신), 셋 앞은 대각선 옆, 뒤집기는 반대 대각선이다."
                )[language], controls: [tasks, samples, time]
            ) { choice in
                let (task, positions) = Attention.drawn[choice[0]]
                return Figure(
                    "",
                    (0..<Attention.heads).map { head in
                        heads(results[Attention.id(task, positions)], task, choice[1], choice[2], head, language)
                    })
            },
            LabFigure(
                "share",
                caption: Words(
                    "Right answers and attention at the place of the answer while the networks learn, means over the seeds: the better head, the other one.",
                    "학습하는 동안 맞힌 비율과 답의 자리에 준 어텐션, 시드의 평균: 더 나은 헤드와 다른 헤드.")[language], controls: [tasks]
            ) { choice in
                let (task, positions) = Attention.drawn[choice[0]]
                let arm = results[Attention.id(task, positions)]
                return LineChart(
                    "", x: Axis(Words("Training step", "학습 걸음")[language], scale: .logarithmic),
                    y: Axis(Words("Share", "비율")[language], range: 0...1),
                    series: [
                        ("accuracy", Words("right answers", "맞힌 비율")),
                        ("share", Words("better head", "더 나은 헤드")), ("other", Words("other head", "다른 헤드")),
                    ].map { name, title in
                        curve(title[language], arm, name)
                    })
            },
            LabFigure(
                "places",
                caption: Words(
                    "Right answers by what the block is told of places; bands from the least to the greatest seed. Reversing needs to know where one is, going three back only how far apart two places are: that is all that rotary places tell, though distances to the ends give the place away in part.",
                    "자리에 대해 알려 준 것에 따라 맞힌 비율. 띠는 시드 가운데 최소에서 최대까지이다. 뒤집으려면 자기가 어디 있는지 알아야 하지만, 셋 앞을 보려면 두 자리의 거리만 알면 된다. 회전 위치가 알려 주는 것은 거리뿐이지만, 양 끝까지의 거리로 자리를 어느 정도 짐작할 수는 있다."
                )[language], controls: [places]
            ) { choice in
                let task = [LookTask.back, .reverse][choice[0]]
                return LineChart(
                    "", x: Axis(Words("Training step", "학습 걸음")[language], scale: .logarithmic),
                    y: Axis(Words("Right answers", "맞힌 비율")[language], range: 0...1),
                    series: Positions.allCases.map { positions in
                        curve(positions.title[language], results[Attention.id(task, positions)], "accuracy")
                    })
            },
            LabFigure(
                "longer",
                caption: Words(
                    "Three back: right answers at the length that was trained, 12, and at 24, with 95 % intervals over the seeds.",
                    "셋 앞: 학습한 길이 12와 두 배인 24에서 맞힌 비율, 시드들의 95 % 구간.")[language],
                chart: IntervalChart(
                    "", axis: Axis(Words("Right answers", "맞힌 비율")[language]), reference: 0.125,
                    groups: [Words("12 places", "자리 12개"), Words("24 places", "자리 24개")].map { $0[language] },
                    rows: Positions.allCases.flatMap { positions in
                        ["accuracy", "longer"].enumerated().map { group, number in
                            IntervalChart.Row(
                                "\(positions.title[language]), \(group == 0 ? 12 : 24)",
                                Estimate(.mean(results[Attention.id(.back, positions)].numbers(number))), group: group)
                        }
                    })),
        ]
    }

    /// A number over training, which has no place for step 0 on its axis, with the least and the greatest of the seeds.
    private func curve(_ title: String, _ arm: LabResults.Arm, _ name: String) -> LineChart.Series {
        let band = arm.band(name)
        return .init(
            title, x: Array(arm.band("steps").mean.dropFirst()), y: Array(band.mean.dropFirst()),
            lower: Array(band.lower.dropFirst()), upper: Array(band.upper.dropFirst()))
    }

    /// Where a head looks, of one sequence at one look.
    private func heads(
        _ arm: LabResults.Arm, _ task: LookTask, _ sample: Int, _ look: Int, _ head: Int, _ language: Language
    ) -> HeatMap {
        let (weights, symbols) = (arm.series("weights").first ?? [], arm.series("symbols").first ?? [])
        let length = symbols.count / Attention.shown
        let names = symbols.dropFirst(sample * length).prefix(length).map { task.name(Int($0.rounded())) }
        let start = ((look * Attention.shown + sample) * Attention.heads + head) * length * length
        let rows = (0..<length).map { row in
            Array(weights.dropFirst(start + row * length).prefix(length))
        }
        return HeatMap(
            Words("Head \(head + 1)", "헤드 \(head + 1)")[language], values: rows, rowLabels: names, columnLabels: names,
            rowTitle: Words("looks", "보는 자리")[language], columnTitle: Words("is seen", "보이는 자리")[language],
            range: 0...1, showsValues: false)
    }
}
