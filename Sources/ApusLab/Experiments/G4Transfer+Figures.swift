import ApusCharts

extension Transfer {
    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let pairs = Pair.allCases.filter { $0 != .leaky }
        let pair = LabFigure.Control(
            Words("Pair", "짝")[language], .choice, options: pairs.map { $0.title[language] })
        let labels = Axis(Words("Labels of each class", "클래스마다 레이블 수")[language], scale: .logarithmic)
        let accuracy = Axis(Words("Test accuracy", "테스트 정확도")[language])
        return [
            LabFigure(
                "accuracy",
                caption: Words(
                    "Test accuracy against the number of labels, with 95 % intervals over the seeds. Where weights from elsewhere help, they do so on the left; on the right the lines of fine-tuning and of training from scratch meet, while frozen layers stay behind.",
                    "레이블 수에 따른 테스트 정확도와 시드들의 95 % 구간. 물려받은 가중치가 돕는다면 왼쪽에서 돕는다. 오른쪽에서는 미세 조정과 처음부터 학습의 선이 만나고, 고정한 층은 뒤에 남는다."
                )[language],
                controls: [pair]
            ) { choice in
                let pair = pairs[choice[0]]
                return Sized(
                    LineChart(
                        "", x: labels, y: accuracy,
                        series: Method.allCases.filter { $0 != .large }.map { method in
                            line(method.title[language], results, pair) {
                                results[pair.rawValue].numbers("\(method.rawValue)-\($0)")
                            }
                        }), ChartSize(width: 720, height: 460))
            },
            LabFigure(
                "curves",
                caption: Words(
                    "With 10 labels of each class: test accuracy step by step; bands from the least to the greatest seed. On digits fine-tuning is ahead from the first steps and stays so; with clothes as the source it is not.",
                    "클래스마다 레이블 10개: 걸음에 따른 테스트 정확도. 띠는 시드 가운데 최소에서 최대까지이다. 작은 숫자에서 옮기면 미세 조정이 첫 스텝부터 끝까지 앞서지만, 옷에서 옮기면 그렇지 않다."
                )[
                    language],
                controls: [pair]
            ) { choice in
                let arm = results[pairs[choice[0]].rawValue]
                return Sized(
                    LineChart(
                        "", x: Axis(Words("Step", "걸음")[language], scale: .logarithmic),
                        y: accuracy,
                        series: [Method.scratch, .frozen, .fine, .large].map { method in
                            let band = arm.band(method.rawValue)
                            return LineChart.Series(
                                method.title[language], x: arm.band("steps").mean, y: band.mean, lower: band.lower,
                                upper: band.upper)
                        }), ChartSize(width: 720, height: 460))
            },
            LabFigure(
                "gain",
                caption: Words(
                    "The gain of fine-tuning over training from scratch in points, with 95 % intervals. Only the digits gain; with few labels clothes help neither other clothes nor digits. The highest line cheats: its weights have seen the digits of the test, made smaller.",
                    "처음부터 학습한 것과 견준 미세 조정의 이득(%포인트)과 95 % 구간. 이득이 있는 것은 숫자에서 옮길 때뿐이다. 옷은 다른 옷에도 숫자에도 도움이 되지 않는다. 가장 높은 선은 속임수이다. 테스트의 숫자를 줄인 것을 이미 보았다."
                )[language],
                chart: Sized(
                    LineChart(
                        "", x: labels, y: Axis(Words("Gain in points", "이득(%포인트)")[language]),
                        series: Pair.allCases.map { pair in
                            let scratch = results[pair == .leaky ? "digits" : pair.rawValue]
                            return line(pair.title[language], results, pair) { level in
                                zip(
                                    results[pair.rawValue].numbers("fine-\(level)"), scratch.numbers("scratch-\(level)")
                                )
                                .map { 100 * ($0 - $1) }
                            }
                        }), ChartSize(width: 720, height: 420))),
        ] + twins(results, language)
    }

    /// What was measured with each number of labels, with its 95 % interval.
    private func line(
        _ title: String, _ results: LabResults, _ pair: Pair, _ numbers: (String) -> [Double]
    ) -> LineChart.Series {
        var levels = Transfer.counts.map { (name: "\($0)", x: Double($0)) }
        levels.append((Transfer.all, pair == .clothes ? 1200 : 200))
        let points = levels.map { (x: $0.x, estimate: Estimate(.mean(numbers($0.name)))) }.filter {
            $0.estimate.value.isFinite
        }
        let intervals = points.map { point in
            point.estimate.interval.lowerBound.isFinite && point.estimate.interval.upperBound.isFinite
                ? point.estimate.interval : point.estimate.value...point.estimate.value
        }
        return LineChart.Series(
            title, x: points.map(\.x), y: points.map(\.estimate.value), lower: intervals.map(\.lowerBound),
            upper: intervals.map(\.upperBound))
    }

    /// Digits of both data sets side by side.
    private func twins(_ results: LabResults, _ language: Language) -> [LabFigure] {
        let arm = results["digits"]
        let places = arm.series("places").first ?? []
        guard !places.isEmpty else { return [] }
        // Five of MNIST, the same five of the sheet, and the others likewise.
        let images = [0..<5, 5..<10].flatMap { row in
            [("digits", Words("MNIST")), ("twins", Words("sheet", "숫자판"))].flatMap { name, title in
                let pixels = arm.series(name).first ?? []
                return row.clamped(to: places.indices).map { index in
                    ImageGrid.Image(
                        height: 28, width: 28,
                        pixels: pixels.dropFirst(784 * index).prefix(784).map { UInt8(min(max($0, 0), 255)) },
                        caption: "\(title[language]) \(Int(places[index]))")
                }
            }
        }
        return [
            LabFigure(
                "twins",
                caption: Words(
                    "Digits in the same place of MNIST 5k (above) and of OpenCV's sheet (below): the same strokes of the same hands. Who learns from one and is tested on the other has seen the test.",
                    "MNIST 5k(위)와 OpenCV 숫자판(아래)의 같은 자리에 있는 숫자들. 같은 손이 쓴 같은 획이다. 하나로 배우고 다른 하나로 시험하면 시험을 미리 본 것이다.")[
                        language],
                chart: Tabled(
                    chart: ImageGrid("", images: images, columns: 5),
                    tables: [
                        ChartTable(
                            "",
                            header: [Words("place", "자리")[language], Words("class", "클래스")[language]],
                            rows: places.indices.map { ["\(Int(places[$0]))", "\($0)"] })
                    ]))
        ]
    }
}
