import Apus
import ApusCharts
import Foundation

/// C4: 0.01, Xavier and He on the course's network, and on deeper ones.
struct InitRace: LabExperiment {
    /// A network 784-100-…-100-10, ReLU, on Fashion-MNIST.
    struct Setting: Codable, Hashable, Sendable {
        var net: DeepNet
        var isAdam: Bool
        var images: Int
        var steps: Int
    }

    enum Start: String, CaseIterable {
        case small, xavier, he

        var title: String {
            switch self {
            case .small: "0.01"
            case .xavier: "Xavier, √(1/n)"
            case .he: "He, √(2/n)"
            }
        }

        var start: DeepNet.Start {
            switch self {
            case .small: .deviation(0.01)
            case .xavier: .xavier
            case .he: .he
            }
        }
    }

    static let depths = [4, 10, 20, 30]
    static let batch = 128
    static let traceEvery = 50
    /// The steps of the course's figure, and the place of its last loss among those that are kept.
    static let bookSteps = 2000
    static let early = 500

    let about = LabAbout(
        "init-race", number: "C4", part: .signal, title: Words("0.01, Xavier, He", "초깃값 비교"),
        question: Words(
            "Does a ReLU network need He's start values?", "ReLU 신경망에는 He 초깃값이 필요한가?"),
        taught: [
            .init(
                Words(
                    "With 0.01 nothing is learned. With Xavier and He the network learns, with He a little faster.",
                    "0.01로는 아무것도 배우지 못한다. Xavier와 He로는 학습이 되고, He가 조금 더 빠르다."),
                source: "Deep Learning from Scratch, chapter 6, weight_init_compare"),
            .init(
                Words(
                    "Long training hides the difference between Xavier and He; with little time He is better.",
                    "오래 학습하면 Xavier와 He의 차이가 가려진다. 짧게 학습할 때는 He가 유리하다."),
                source: "course notes on initialization"),
            .init(
                Words(
                    "Thirty layers of ReLU train with He's start values and stall with Xavier's.",
                    "ReLU 30층은 He 초깃값이면 학습되고 Xavier면 멈춘다."),
                source: "He et al. (2015), Delving Deep into Rectifiers"),
        ],
        setup: Words(
            "784-100-…-100-10 with ReLU on Fashion-MNIST, batches of 128: SGD 0.01 or Adam 0.001, kernels N(0, 0.01²), N(0, 1/n) or N(0, 2/n). The course's network of four hidden layers is trained with SGD for 4690 steps, ten epochs, and with Adam for 2000; deeper ones for 700.",
            "Fashion-MNIST에서 ReLU를 쓰는 784-100-…-100-10 신경망을 배치 128, SGD 0.01 또는 Adam 0.001로 학습한다. 커널의 초깃값은 N(0, 0.01²), N(0, 1/n), N(0, 2/n)이다. 강의의 은닉 4층 신경망은 SGD로 4690걸음(10에포크), Adam으로 2000걸음, 더 깊은 신경망은 700걸음 학습한다."
        ),
        recipes: [
            .init(
                Words("One arm as an experiment file", "실험 파일로 쓴 한 설정"), .yaml,
                """
                name: init-race
                seed: 1
                data: {source: fashion-mnist}
                model:
                  - flatten
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal}
                  - dense: {units: 100, activation: relu, kernelInitializer: heNormal}
                  - dense: {units: 10, kernelInitializer: heNormal}
                optimizer: {sgd: {learningRate: 0.01}}
                schedule: constant
                batchSize: 128
                epochs: 10
                """)
        ],
        lesson: Words(
            "At four layers He is only faster: ahead at step 500, by 0.4 point after ten epochs. At thirty layers with SGD the choice decides: He learns (0.78 after 700 steps), Xavier hardly leaves chance (0.18).",
            "4층에서 He는 조금 빠를 뿐이다. 500걸음에서 앞서고, 10에포크 뒤에는 0.4 %포인트 차이 난다. SGD로 학습하는 30층에서는 초깃값이 모든 것을 정한다. He는 배우고(700걸음 뒤 0.78) Xavier는 우연 수준을 거의 벗어나지 못한다(0.18)."
        ),
        surprise: Words(
            "The optimizer is a part of the answer. With Adam even 0.01 learns at four layers (0.84), though not at ten; Xavier and He are equal up to ten layers, and at thirty Xavier learns, too (0.74 against 0.81).",
            "옵티마이저도 답의 일부이다. Adam이면 4층에서는 0.01로도 배운다(0.84). 10층에서는 그렇지 않다. Xavier와 He는 10층까지 같고, 30층에서는 Xavier도 배운다(He 0.81, Xavier 0.74)."
        ),
        next: [
            .init(
                Words("See what the same start values do to the gradient.", "같은 초깃값이 기울기에 하는 일을 보자."), .shell,
                "apus lab run backward")
        ], seeds: 12, seconds: 250)

    static func arm(_ start: Start, _ depth: Int, adam: Bool = false) -> String {
        "\(start.rawValue)-\(depth)\(adam ? "-adam" : "")"
    }

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        [false, true].flatMap { isAdam in
            size.of(InitRace.depths, trial: [4, 30]).flatMap { depth in
                Start.allCases.map { start in
                    let steps = depth > 4 ? 700 : isAdam ? InitRace.bookSteps : 4690
                    let rest = isAdam ? ", Adam" : ""
                    return LabArm(
                        InitRace.arm(start, depth, adam: isAdam),
                        Words("\(depth) layers, \(start.title)\(rest)", "\(depth)층, \(start.title)\(rest)"),
                        Setting(
                            net: DeepNet(depth: depth, start: start.start), isAdam: isAdam,
                            images: size.of(60_000, trial: 100),
                            steps: size.of(steps, quick: depth > 4 ? 100 : 550, trial: 2)))
                }
            }
        }
    }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let net = setting.net.model
        let data = try LabData.fashionMNIST()
        let training = LabSteps(
            net: net, optimizer: setting.isAdam ? .adam(learningRate: 0.001) : .sgd(learningRate: 0.01),
            batch: InitRace.batch, steps: setting.steps, seed: seed, every: InitRace.traceEvery)
        var (steps, accuracies): ([Double], [Double]) = ([], [])
        let result = try training.run(
            on: setting.images < 60_000 ? data.training.prefix(setting.images) : data.training
        ) { look in
            let step = look.state.step
            guard [0, 250, 500, 1000, 2000, 3000, setting.steps].contains(step) else { return }
            steps.append(Double(step))
            let images = step == setting.steps ? data.test : data.test.prefix(2000)
            accuracies.append(try LabData.accuracy(net, look.state.evaluatedVariables, on: images))
        }
        func loss(at step: Int) -> Double {
            let place = step / InitRace.traceEvery - 1
            return result.losses.indices.contains(place) ? result.losses[place] : result.losses.last ?? .nan
        }
        return LabMeasurement(
            [
                "early": loss(at: InitRace.early), "book": loss(at: InitRace.bookSteps),
                "end": result.losses.last ?? .nan, "accuracy": accuracies.last ?? .nan,
                "diverged": result.hasDiverged ? 1 : 0,
            ], series: ["loss": result.losses, "accuracy": accuracies, "steps": steps])
    }

    // MARK: Claims

    var claims: [Claim] {
        let accuracy = Words("test accuracy; by chance 0.1", "테스트 정확도(우연은 0.1)")
        return [
            Claim(
                "small-stalls",
                Words(
                    "Four layers, SGD: with 0.01 the loss stays within 2 % of ln 10 for 2000 steps.",
                    "4층, SGD: 0.01이면 2000걸음 동안 손실이 ln 10에서 2 % 안에 머문다."),
                statistic: Words("training loss at step 2000", "2000걸음의 훈련 손실"),
                .within(0.98 * log(10)...1.02 * log(10)), basis: .predicted, isTaught: true,
                evidence: Evidence.mean(of: "book", in: InitRace.arm(.small, 4))),
            Claim(
                "he-faster",
                Words(
                    "Four layers, SGD: at step 500 He's loss is below Xavier's.",
                    "4층, SGD: 500걸음에서 He의 손실은 Xavier보다 낮다."),
                statistic: Words("training loss at step 500, He − Xavier", "500걸음의 훈련 손실, He − Xavier"), .atMost(0),
                basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "early", InitRace.arm(.he, 4), minus: InitRace.arm(.xavier, 4))),
            Claim(
                "long-hides",
                Words(
                    "Four layers, SGD: after ten epochs He and Xavier differ by less than half a point.",
                    "4층, SGD: 10에포크 뒤 He와 Xavier의 차이는 0.5 %포인트보다 작다."),
                statistic: Words("test accuracy, He − Xavier", "테스트 정확도, He − Xavier"), .within(-0.005...0.005),
                basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "accuracy", InitRace.arm(.he, 4), minus: InitRace.arm(.xavier, 4))),
            Claim(
                "deep-xavier-stalls",
                Words("Thirty layers, SGD: Xavier stays at chance.", "30층, SGD: Xavier는 우연 수준에 머문다."),
                statistic: accuracy, .atMost(0.15), basis: .predicted, isTaught: true,
                evidence: Evidence.mean(of: "accuracy", in: InitRace.arm(.xavier, 30))),
            Claim(
                "deep-he-trains",
                Words("Thirty layers, SGD: He trains.", "30층, SGD: He는 학습된다."),
                statistic: Words("training loss at the end; by chance 2.303", "마지막 훈련 손실(우연은 2.303)"),
                .atMost(log(10) / 2), basis: .calibrated(date: "2026-11-30"), isTaught: true,
                evidence: Evidence.mean(of: "end", in: InitRace.arm(.he, 30))),
            Claim(
                "adam-rescues",
                Words("Four layers: with Adam even 0.01 learns in 2000 steps.", "4층: Adam이면 0.01로도 2000걸음에 학습된다."),
                statistic: accuracy, .atLeast(0.8), basis: .calibrated(date: "2026-11-30"),
                evidence: Evidence.mean(of: "accuracy", in: InitRace.arm(.small, 4, adam: true))),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        let optimizers = LabFigure.Control(
            Words("Optimizer", "옵티마이저")[language], .choice, options: ["SGD 0.01", "Adam 0.001"])
        let depth = Words("Hidden layers", "은닉층의 수")[language]
        let accuracy = Axis(Words("Test accuracy", "테스트 정확도")[language], range: 0...1)
        return [
            LabFigure(
                "loss",
                caption: Words(
                    "The course's figure: training loss, a point for 50 steps, with a band from the least to the greatest seed. With SGD 0.01 stays at ln 10 = 2.303. Choose more layers to see Xavier stall.",
                    "강의의 그림: 50걸음마다의 훈련 손실. 띠는 시드의 최소와 최대이다. SGD에서 0.01은 ln 10 = 2.303에 머문다. 층을 늘리면 Xavier가 멈추는 것이 보인다."
                )[
                    language],
                controls: [
                    optimizers, .init(depth, .choice, options: InitRace.depths.map(String.init)),
                ]
            ) { choice in
                let every = Double(InitRace.traceEvery)
                return LineChart(
                    "", x: Axis(Words("Step", "걸음")[language]), y: Axis(Words("Loss", "손실")[language], range: 0...3),
                    series: Start.allCases.map { start in
                        let arm = results[InitRace.arm(start, InitRace.depths[choice[1]], adam: choice[0] == 1)]
                        let band = arm.band("loss")
                        return LineChart.Series(
                            start.title, x: band.mean.indices.map { Double($0 + 1) * every }, y: band.mean,
                            lower: band.lower, upper: band.upper)
                    })
            },
            LabFigure(
                "depth",
                caption: Words(
                    "Test accuracy against the number of hidden layers, mean and 95 % interval. With four layers the choice between Xavier and He hardly shows.",
                    "은닉층의 수에 따른 테스트 정확도, 평균과 95 % 구간. 4층에서는 Xavier와 He의 차이가 거의 보이지 않는다.")[language],
                controls: [optimizers]
            ) { choice in
                LineChart(
                    "", x: Axis(depth), y: accuracy,
                    series: Start.allCases.map { start in
                        results.line(
                            start.title, "accuracy",
                            over: InitRace.depths.map {
                                (Double($0), InitRace.arm(start, $0, adam: choice[0] == 1))
                            })
                    })
            },
            LabFigure(
                "long",
                caption: Words(
                    "Does time hide the difference? Test accuracy of four layers with SGD on the way to ten epochs.",
                    "시간이 차이를 가리는가? SGD로 학습한 4층 신경망의 10에포크까지의 테스트 정확도.")[language],
                chart: LineChart(
                    "", x: Axis(Words("Step", "걸음")[language]), y: accuracy,
                    series: Start.allCases.map { start in
                        let arm = results[InitRace.arm(start, 4)]
                        let band = arm.band("accuracy")
                        return LineChart.Series(
                            start.title, x: arm.series("steps").first ?? [], y: band.mean, lower: band.lower,
                            upper: band.upper)
                    })),
        ]
    }
}
