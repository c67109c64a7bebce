import Apus
import ApusCharts

extension Classics {
    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        func text(_ english: String, _ korean: String) -> String { Words(english, korean)[language] }
        let networks = LabFigure.Control(
            text("Network", "신경망"), .choice, options: Network.allCases.map(\.title), first: 2)
        let kinds = [
            text("input", "입력"), text("convolution", "합성곱"), text("block", "블록"), text("pooling", "풀링"),
            text("dense", "밀집층"),
        ]
        func facts(_ network: Network, _ key: String) -> [Double] {
            results["facts"].series("\(network.rawValue).\(key)").first ?? []
        }
        /// The kinds of the boxes of a network with numbers behind them.
        func names(_ network: Network) -> [String] {
            var counts = [Int](repeating: 0, count: kinds.count)
            return facts(network, "kinds").map { kind in
                let place = min(max(0, Int(kind)), kinds.count - 1)
                counts[place] += 1
                return place == 0 ? kinds[0] : "\(kinds[place]) \(counts[place])"
            }
        }
        let wide = ChartSize(width: 720, height: 400)
        let costs = LabFigure.Control(
            text("Against", "가로축"), .choice,
            options: [
                text("parameters", "매개변수"), text("operations", "연산"), text("seconds", "시간(초)"),
            ], first: 2)
        return [
            LabFigure(
                "strip",
                caption: text(
                    "The published networks from the image to the classes: each box as high as the root of its side in pixels and as wide as the root of its channels. All turn few large pictures into many small ones.",
                    "발표된 신경망을 이미지에서 클래스까지 늘어놓은 것. 상자의 높이는 변(픽셀)의 제곱근, 너비는 채널 수의 제곱근이다. 모두 적고 큰 이미지를 많고 작은 이미지로 바꾼다."),
                controls: [networks]
            ) { choice in
                let network = Network.allCases[choice[0]]
                let (sides, channels) = (facts(network, "sides"), facts(network, "channels"))
                return BoxStrip(
                    "", height: text("side", "변"), width: text("channels", "채널"), groups: kinds,
                    boxes: zip(names(network), zip(facts(network, "kinds"), zip(sides, channels))).map { name, box in
                        .init(name, group: Int(box.0), height: box.1.0, width: box.1.1)
                    })
            },
            LabFigure(
                "shares",
                caption: text(
                    "Where the parameters are, and where the operations: the share of each part in percent. AlexNet and VGG-16 have most parameters in the first dense layer and most operations in the convolutions.",
                    "매개변수가 있는 곳과 연산이 드는 곳: 부분마다의 비율(%). AlexNet과 VGG-16의 매개변수는 대부분 첫 밀집층에, 연산은 대부분 합성곱에 있다."),
                controls: [networks]
            ) { choice in
                let network = Network.allCases[choice[0]]
                let (parameters, flops) = (facts(network, "parameters"), facts(network, "flops"))
                let shown = parameters.indices.filter { parameters[$0] > 0 }
                func shares(_ numbers: [Double]) -> [Double] {
                    let sum = numbers.reduce(0, +)
                    return shown.map { 100 * numbers[$0] / sum }
                }
                let labels = names(network)
                return BarChart(
                    "", axis: Axis(text("Share", "비율"), unit: "%"), labels: shown.map { labels[$0] },
                    series: [
                        .init(text("parameters", "매개변수"), shares(parameters)),
                        .init(text("operations", "연산"), shares(flops)),
                    ])
            },
            LabFigure(
                "years",
                caption: text(
                    "The year of each network, and its size: more parameters until 2014, then fewer with more layers.",
                    "신경망의 연도와 크기: 2014년까지 매개변수가 늘다가, 그 뒤로는 층이 늘고 매개변수가 줄었다."),
                controls: [
                    .init(
                        text("Size", "크기"), .choice,
                        options: [text("parameters", "매개변수"), text("operations", "연산")])
                ]
            ) { choice in
                let key = ["parameters", "flops"][choice[0]]
                return Sized(
                    ScatterChart(
                        "", x: Axis(text("Year", "연도"), range: 1996...2017),
                        y: Axis(
                            choice[0] == 0 ? text("Parameters", "매개변수") : text("Operations", "연산"),
                            scale: .logarithmic),
                        groups: Network.allCases.map { network in
                            .init(
                                network.title, x: [network.facts.year],
                                y: [results["facts"].mean("\(key).\(network.rawValue)")])
                        }), ChartSize(width: 720, height: 340))
            },
            LabFigure(
                "accuracy",
                caption: text(
                    "Test accuracy after three epochs of 3000 small images against what the network costs: parameters, operations of one image forward, or seconds of the training. A dot is the mean over the seeds.",
                    "작은 이미지 3000장으로 세 에포크 뒤의 테스트 정확도와 신경망의 비용: 매개변수, 이미지 한 장의 순방향 연산, 훈련 시간(초). 점은 시드들의 평균이다."),
                controls: [costs]
            ) { choice in
                let key = ["parameters", "flops", "seconds"][choice[0]]
                let arms =
                    Network.allCases.map { ("learn-\($0.rawValue)", $0.title) }
                    + [("learn-long", text("LeNet-5, 30 epochs", "LeNet-5, 30에포크"))]
                return Sized(
                    ScatterChart(
                        "", x: Axis(costs.options[choice[0]], scale: .logarithmic),
                        y: Axis(text("Test accuracy", "테스트 정확도")),
                        groups: arms.map { arm, title in
                            .init(title, x: [results[arm].mean(key)], y: [results[arm].mean("accuracy")])
                        }), wide)
            },
            LabFigure(
                "time",
                caption: text(
                    "Test accuracy against the seconds of training, on the machine that ran this, with bands from the least seed to the greatest. LeNet-5 ends its thirtieth epoch when AlexNet, the next, ends its first.",
                    "이 실험을 돌린 컴퓨터에서 훈련 시간(초)에 따른 테스트 정확도. 띠는 시드의 최소에서 최대까지이다. LeNet-5는 그다음으로 빠른 AlexNet이 첫 에포크를 마칠 무렵 서른 번째 에포크를 마친다."
                ),
                chart: Sized(
                    LineChart(
                        "", x: Axis(text("Training time", "훈련 시간"), unit: text("s", "초"), scale: .logarithmic),
                        y: Axis(text("Test accuracy", "테스트 정확도"), range: 0...1),
                        series: Network.allCases.map { network in
                            let arm = results[network == .lenet ? "learn-long" : "learn-\(network.rawValue)"]
                            let accuracy = arm.band("accuracy")
                            return .init(
                                network.title, x: arm.band("seconds").mean, y: accuracy.mean, lower: accuracy.lower,
                                upper: accuracy.upper)
                        }), wide)),
            LabFigure(
                "depth",
                caption: text(
                    "Plain and residual networks of 8 and 30 layers: the training loss over the epochs, with bands from the least seed to the greatest.",
                    "8층과 30층의 평범한 신경망과 잔차 신경망: 에포크에 따른 훈련 손실. 띠는 시드의 최소에서 최대까지이다."),
                controls: [
                    .init(
                        text("Batch normalization", "배치 정규화"), .choice,
                        options: [text("with", "있음"), text("without", "없음")]
                    )
                ]
            ) { choice in
                let ids = [false, true].flatMap { isResidual in
                    [false, true].map { Classics.id(isResidual, isDeep: $0, choice[0] == 0) }
                }
                // Three epochs, in equal parts.
                let part = 3 / Double(max(1, results[ids[0]].band("loss").mean.count))
                return Sized(
                    LineChart(
                        "", x: Axis(text("Epoch", "에포크")),
                        y: Axis(text("Training loss", "훈련 손실"), range: 0...2.5),
                        series: results.lines("loss", arms: ids, in: language, from: part, by: part)), wide)
            },
        ]
    }
}
