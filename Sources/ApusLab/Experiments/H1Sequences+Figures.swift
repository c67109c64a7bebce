import ApusCharts
import Foundation

extension Sequences {
    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let races = LabFigure.Control(
            Words("Task", "과제")[language], .choice, options: Sequences.races.map { $0.title[language] }, first: 1)
        let size = ChartSize(width: 720, height: 420)
        let looks = results.arms.first?.band("steps").mean.count ?? 0
        let start = Words("before training", "학습 전")[language]
        let end = Words("after training", "학습 후")[language]
        let time = LabFigure.Control(
            Words("Training", "학습")[language], .slider,
            options: (0..<looks).map { "\($0 * 100 / max(1, looks - 1)) %" }, first: max(0, looks - 1))
        return [
            LabFigure(
                "reach",
                caption: Words(
                    "How far back the gradient reaches: the power of ten of the last answer's gradient to each step's input, relative to that at the last step, mean over the seeds. Left before training, right after it. Before training the gated layers lose more than the plain one that starts orthogonal; those that learn the task open their gates on the way.",
                    "기울기가 얼마나 멀리 거슬러 가는가: 마지막 답을 각 스텝의 입력으로 미분한 기울기를 끝의 값으로 나눈 것의 10의 거듭제곱, 시드의 평균. 왼쪽은 학습 전, 오른쪽은 학습 후이다. 학습 전에는 게이트가 있는 층이 직교로 시작한 단순 순환층보다 더 많이 잃는다. 과제를 배우는 층은 학습하면서 게이트를 연다."
                )[language], controls: [races]
            ) { choice in
                let race = Sequences.races[choice[0]]
                return Figure(
                    "",
                    [
                        chart(start, race, results, 0, language),
                        chart(end, race, results, looks - 1, language),
                    ])
            },
            LabFigure(
                "film",
                caption: Words(
                    "The same while the networks learn: drag the bar, and watch the gradient reach back just when the error falls.",
                    "학습하는 동안의 같은 그림. 막대를 끌면, 오차가 줄어드는 바로 그때 기울기가 멀리 닿는 것이 보인다.")[language],
                controls: [races, time]
            ) { choice in
                Sized(chart("", Sequences.races[choice[0]], results, choice[1], language), size)
            },
            LabFigure(
                "error",
                caption: Words(
                    "The error on 500 fresh sequences; bands from the least to the greatest seed. Dashed is who knows nothing: 1/6 for adding, ln 8 for copying.",
                    "새 시퀀스 500개의 오차. 띠는 시드 가운데 최소에서 최대까지이다. 점선은 아무것도 모르는 수준으로, 덧셈은 1/6, 베끼기는 ln 8이다.")[language],
                controls: [races]
            ) { choice in
                let race = Sequences.races[choice[0]]
                return Sized(
                    errors(
                        race.cells.map { ("\(race.id)-\($0.rawValue)", $0.title[language]) }, race.task, results,
                        language), size)
            },
            LabFigure(
                "clipping",
                caption: Words(
                    "The plain layer copying over 20 steps, with and without clipping of gradients. Plain SGD needs it; Adam, which divides by the size of the gradient anyway, learns without it, too, if less smoothly.",
                    "20스텝을 베끼는 단순 순환층에서 기울기를 자를 때와 자르지 않을 때. SGD에는 필요하다. 어차피 기울기의 크기로 나누는 Adam은 자르지 않아도 배우지만, 덜 매끄럽다."
                )[language],
                chart: Sized(
                    errors(Sequences.optimizers.map { ($0.id, $0.title[language]) }, .copy, results, language), size)),
        ]
    }

    /// The gradient over the distance from the end, at one of the looks.
    private func chart(
        _ title: String, _ race: Race, _ results: LabResults, _ look: Int, _ language: Language
    ) -> LineChart {
        LineChart(
            title, x: Axis(Words("Steps back from the end", "끝에서 거슬러 간 스텝")[language]),
            y: Axis(Words("Power of ten", "10의 거듭제곱")[language], range: -16...2),
            series: race.cells.map { cell in
                let arm = results["\(race.id)-\(cell.rawValue)"]
                let (reach, looks) = (arm.band("reach").mean, arm.band("steps").mean.count)
                let count = looks > 0 ? reach.count / looks : 0
                // What lies below the picture is left out.
                let points = (0..<count).map { (Double($0), reach[look * count + $0]) }.prefix { $0.1 >= -16 }
                let step = Double(max(1, race.length / Sequences.places))
                return LineChart.Series(cell.title[language], x: points.map { $0.0 * step }, y: points.map(\.1))
            })
    }

    private func errors(
        _ arms: [(id: String, title: String)], _ task: SequenceTask, _ results: LabResults, _ language: Language
    ) -> LineChart {
        let guessing = task == .adding ? 1.0 / 6 : log(8)
        let last = arms.compactMap { results[$0.id].band("steps").mean.last }.max() ?? 0
        return LineChart(
            "", x: Axis(Words("Training step", "학습 걸음")[language]),
            y: Axis(
                task == .adding
                    ? Words("Squared error", "제곱 오차")[language] : Words("Loss a symbol", "기호당 손실")[language],
                scale: .logarithmic),
            series: arms.map { id, title in
                let band = results[id].band("error")
                return LineChart.Series(
                    title, x: results[id].band("steps").mean, y: band.mean, lower: band.lower, upper: band.upper)
            } + [
                .init(
                    Words("knows nothing", "아무것도 모름")[language], x: [0, last], y: [guessing, guessing], style: .dashed,
                    paint: .mutedInk)
            ])
    }
}
