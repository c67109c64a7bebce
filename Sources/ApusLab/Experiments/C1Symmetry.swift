import Apus
import ApusCharts
import Foundation

/// C1: hidden units that start equal, and what tells them apart.
struct Symmetry: LabExperiment {
    /// A network 784-50-50-10 on Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var activation: DenseStack.Activation
        var start: Start
        var isAdam = false
        var dropout = 0.0
        var steps: Int
    }

    enum Start: String, Codable {
        case zeros, constant, small
    }

    static let units = 50
    static let traceEvery = 50

    let about = LabAbout(
        "symmetry", number: "C1", part: .signal, title: Words("Equal weights stay equal", "대칭 깨기"),
        question: Words(
            "Why must weights start with random numbers?", "가중치는 왜 무작위 수로 시작해야 하는가?"),
        taught: [
            .init(
                Words(
                    "If all weights start equal, all units of a layer compute the same, receive the same gradient and stay equal: the network learns nothing. Random numbers break the symmetry.",
                    "모든 가중치가 같으면 한 층의 유닛들이 같은 값을 계산하고 같은 기울기를 받아 계속 같다. 그래서 신경망이 학습하지 못한다. 무작위 수가 대칭을 깬다."),
                source: "deeplearning.ai, Improving Deep Neural Networks, week 1; Deep Learning from Scratch, chapter 6"
            )
        ],
        setup: Words(
            "784-50-50-10 on Fashion-MNIST, batches of 100, SGD 0.1 or Adam 0.001. All kernels start at 0, at 0.1, or at N(0, 0.01²); biases at 0. Every 50 steps it is measured how far the columns of the second kernel are from each other, and how large its gradient is.",
            "Fashion-MNIST에서 784-50-50-10 신경망을 배치 100, SGD 0.1 또는 Adam 0.001로 학습한다. 커널은 0, 0.1, N(0, 0.01²) 중 하나에서, 편향은 0에서 시작한다. 50걸음마다 둘째 커널의 열들이 서로 얼마나 다른지와 기울기의 크기를 잰다."
        ),
        recipes: [
            .init(
                Words("One arm as an experiment file", "실험 파일로 쓴 한 설정"), .yaml,
                """
                name: symmetry
                seed: 1
                data: {source: fashion-mnist}
                model:
                  - flatten
                  - dense: {units: 50, activation: relu, kernelInitializer: {constant: 0.1}}
                  - dense: {units: 50, activation: relu, kernelInitializer: {constant: 0.1}}
                  - dense: {units: 10, kernelInitializer: {constant: 0.1}}
                optimizer: {sgd: {learningRate: 0.1}}
                schedule: constant
                batchSize: 100
                epochs: 1
                """)
        ],
        lesson: Words(
            "Held: columns stay equal to the last bit. But equal weights do not always learn nothing: with sigmoid the network learns as one of a single unit a layer.",
            "성립한다. 열들은 마지막 비트까지 같다. 그러나 늘 아무것도 배우지 못하는 것은 아니다. 시그모이드 신경망은 층마다 유닛이 하나인 신경망처럼 배운다."),
        surprise: Words(
            "Dropout breaks the symmetry by itself: it hides other units at every step, so they receive other gradients.",
            "드롭아웃은 스스로 대칭을 깬다. 걸음마다 다른 유닛을 가려 서로 다른 기울기를 받게 하기 때문이다."),
        next: [
            .init(
                Words("See what random numbers of other sizes do.", "무작위 수의 크기가 하는 일을 보자."), .shell,
                "apus lab run histograms")
        ], seeds: 5, seconds: 5, revision: 2)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let steps = size.of(1000, quick: 100)
        func arm(
            _ activation: DenseStack.Activation, _ start: Start, adam: Bool = false, dropout: Double = 0
        ) -> LabArm<Setting> {
            let id = "\(activation.rawValue)-\(start.rawValue)\(adam ? "-adam" : "")\(dropout > 0 ? "-dropout" : "")"
            let name = ["zeros": Words("zeros", "0"), "constant": Words("0.1"), "small": Words("N(0, 0.01²)")][
                start.rawValue]!
            let rest = "\(adam ? ", Adam" : "")"
            return LabArm(
                id,
                Words(
                    "\(activation.rawValue), \(name.english)\(rest)\(dropout > 0 ? ", dropout" : "")",
                    "\(activation.rawValue), \(name.korean)\(rest)\(dropout > 0 ? ", 드롭아웃" : "")"),
                Setting(activation: activation, start: start, isAdam: adam, dropout: dropout, steps: steps))
        }
        return [
            arm(.relu, .zeros), arm(.relu, .constant), arm(.relu, .small), arm(.sigmoid, .zeros),
            arm(.sigmoid, .constant), arm(.sigmoid, .small), arm(.relu, .zeros, adam: true),
            arm(.relu, .constant, adam: true), arm(.sigmoid, .zeros, adam: true),
            arm(.sigmoid, .constant, dropout: 0.2),
        ]
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let initializer: Initializer =
            switch setting.start {
            case .zeros: .zeros
            case .constant: .constant(0.1)
            case .small: .normal(standardDeviation: 0.01)
            }
        let net = Sequential {
            Flatten()
            Dense(Symmetry.units, activation: setting.activation.layer, kernelInitializer: initializer)
            if setting.dropout > 0 { Dropout(setting.dropout) }
            Dense(Symmetry.units, activation: setting.activation.layer, kernelInitializer: initializer)
            if setting.dropout > 0 { Dropout(setting.dropout) }
            Dense(10, kernelInitializer: initializer)
        }
        let second = setting.dropout > 0 ? "3.dense/kernel" : "2.dense/kernel"
        let data = try LabData.fashionMNIST()
        let optimizer: Optimizer = setting.isAdam ? .adam(learningRate: 0.001) : .sgd(learningRate: 0.1)
        let hidden = ["1.dense/kernel", second]
        var (spreads, gradients): ([Double], [Double]) = ([], [])
        let training = LabSteps(
            net: net, optimizer: optimizer, steps: setting.steps, seed: seed, every: Symmetry.traceEvery)
        let result = try training.run(on: data.training) { look in
            gradients.append(
                try look.gradients().values.filter { hidden.contains($0.path) }
                    .map { Double(abs($0.value).max().item()) }.max() ?? .nan)
            spreads.append(columnSpread(look.state.evaluatedVariables[second]!))
        }
        let losses = result.losses
        let variables = result.state.evaluatedVariables
        return LabMeasurement(
            [
                "spread": spreads.max() ?? .nan, "loss": losses.last ?? .nan, "gradient": gradients.max() ?? .nan,
                "accuracy": try LabData.accuracy(net, variables, on: data.test),
            ],
            series: [
                "spread": spreads, "loss": losses, "gradient": gradients,
                "kernel": variables[second]!.scalars.map(Double.init),
            ])
    }

    /// The greatest distance of a number of the kernel, [n, units], to that of the first unit in its row.
    private func columnSpread(_ kernel: Tensor) -> Double {
        Double(abs(kernel - kernel[0..., 0..<1]).max().item())
    }

    // MARK: Claims

    var claims: [Claim] {
        let equal = Words("greatest difference between columns at any step", "모든 걸음에서 열 사이의 최대 차이")
        return [
            Claim(
                "columns-equal",
                Words(
                    "Constant weights: the columns of the hidden kernel stay bit-equal, under SGD and Adam.",
                    "상수 가중치: SGD에서도 Adam에서도 은닉 커널의 열은 비트까지 같다."),
                statistic: equal, .equal(to: 0), basis: .theory, isTaught: true
            ) { results in
                let arms = [
                    "relu-constant", "sigmoid-zeros", "sigmoid-constant", "relu-constant-adam", "sigmoid-zeros-adam",
                ]
                return .mean(
                    results.seeds.indices.map { seed in arms.map { results[$0].numbers("spread")[seed] }.max()! })
            },
            Claim(
                "relu-zeros-prior",
                Words(
                    "ReLU and zeros: the loss stays at ln 10 = 2.3026, the entropy of the classes.",
                    "ReLU와 0: 손실이 클래스의 엔트로피 ln 10 = 2.3026에 머문다."),
                statistic: Words("training loss at the end", "마지막 훈련 손실"), .within(2.29...2.32), basis: .theory,
                isTaught: true
            ) { .mean($0["relu-zeros"].numbers("loss")) },
            Claim(
                "relu-zeros-gradient",
                Words("ReLU and zeros: hidden gradients are exactly 0.", "ReLU와 0: 은닉층의 기울기는 정확히 0이다."),
                statistic: Words("greatest hidden gradient at any step", "모든 걸음에서 은닉 기울기의 최댓값"), .equal(to: 0),
                basis: .theory,
                isTaught: true
            ) { .mean($0["relu-zeros"].numbers("gradient")) },
            Claim(
                "random-learns",
                Words("Small random numbers break it: ReLU learns.", "작은 무작위 수가 대칭을 깬다. ReLU가 학습한다."),
                statistic: Words("test accuracy", "테스트 정확도"), .atLeast(0.7), basis: .predicted, isTaught: true
            ) { .mean($0["relu-small"].numbers("accuracy")) },
            Claim(
                "zeros-learn-nothing",
                Words("Sigmoid and zeros: nothing is learned.", "시그모이드와 0: 아무것도 배우지 못한다."),
                statistic: Words("test accuracy; by chance 0.1", "테스트 정확도(우연은 0.1)"), .atMost(0.12), basis: .predicted,
                isTaught: true
            ) { .mean($0["sigmoid-zeros-adam"].numbers("accuracy")) },
            Claim(
                "dropout-breaks",
                Words("Dropout breaks the symmetry of constant weights.", "드롭아웃은 상수 가중치의 대칭을 깬다."),
                statistic: equal, .atLeast(1e-3), basis: .theory
            ) { .mean($0["sigmoid-constant-dropout"].numbers("spread")) },
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let arms = LabFigure.Control(
            Words("Arm", "설정")[language], .choice, options: results.arms.map { $0.title[language] }, first: 4)
        let step = Words("Step", "걸음")[language]
        func curves(_ name: String, from first: Double) -> [LineChart.Series] {
            let every = Double(Symmetry.traceEvery)
            return results.lines(name, in: language, from: first * every, by: every)
        }
        return [
            LabFigure(
                "kernel",
                caption: Words(
                    "The second kernel after training, seed 1: a row an input, a column a unit. Where all units are equal it is a single number, and so one colour; compare N(0, 0.01²) and dropout.",
                    "학습 뒤의 둘째 커널(시드 1). 행은 입력, 열은 유닛이다. 모든 유닛이 같으면 숫자 하나, 곧 한 가지 색이다. N(0, 0.01²)과 드롭아웃에 비교해 보자.")[
                        language],
                controls: [arms]
            ) { choice in
                let kernel = results.arms[choice[0]].series("kernel").first ?? []
                let rows = stride(from: 0, to: kernel.count, by: Symmetry.units).map {
                    Array(kernel[$0..<min($0 + Symmetry.units, kernel.count)])
                }
                return Sized(
                    HeatMap(
                        "", values: rows, rowTitle: Words("Input", "입력")[language],
                        columnTitle: Words("Unit", "유닛")[language],
                        colorMap: .diverging, showsValues: false), ChartSize(width: 520, height: 460))
            },
            LabFigure(
                "loss",
                caption: Words(
                    "The training loss. ReLU with zeros stays at ln 10; equal sigmoid units learn a little.",
                    "훈련 손실. 0에서 시작한 ReLU는 ln 10에 머물고, 똑같은 시그모이드 유닛들은 조금 배운다.")[language],
                chart: Sized(
                    LineChart(
                        "", x: Axis(step), y: Axis(Words("Loss", "손실")[language], range: 0...3),
                        series: curves("loss", from: 1)),
                    ChartSize(width: 720, height: 400))),
            LabFigure(
                "spread",
                caption: Words(
                    "How far the columns of the second kernel are from each other; equal columns have no place on this axis.",
                    "둘째 커널의 열들이 서로 다른 정도. 완전히 같은 열은 이 축에 나타나지 않는다.")[language],
                chart: Sized(
                    LineChart(
                        "", x: Axis(step),
                        y: Axis(Words("Greatest difference", "최대 차이")[language], scale: .logarithmic),
                        series: curves("spread", from: 0)), ChartSize(width: 720, height: 400))),
        ]
    }
}
