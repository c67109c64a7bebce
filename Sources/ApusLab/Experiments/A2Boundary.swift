import Apus
import ApusCharts
import Foundation

/// A2: what a line divides, what hidden units add, and where nothing is left to add.
struct Boundary: LabExperiment {
    /// A network on points of the plane.
    struct Setting: Codable, Hashable, Sendable {
        var task: Task
        var hidden: [Int] = []
        /// Whether the network is given x², y², xy, sin πx and sin πy besides.
        var hasFeatures = false
        var steps: Int

        /// The picture of the bent plane needs units that do not die.
        var activation: Activation { hidden.count == 2 && hidden[1] == 2 ? .tanh : task.activation }
    }

    enum Task: String, Codable, CaseIterable {
        case spiral, flower, penguins

        /// The classes, in the order of their labels.
        var names: [Words] {
            switch self {
            case .spiral: ["0", "1", "2"].map { Words($0) }
            case .flower: ["0", "1"].map { Words($0) }
            case .penguins: [Words("Adelie", "아델리"), Words("Chinstrap", "턱끈"), Words("Gentoo", "젠투")]
            }
        }
        var classes: Int { names.count }
        var activation: Activation { self == .spiral ? .relu : .tanh }
        /// Half the side of the square that is drawn.
        var reach: Double {
            switch self {
            case .spiral: 1.2
            case .flower: 5
            case .penguins: 3.2
            }
        }

        var title: Words {
            switch self {
            case .spiral: Words("spiral", "나선")
            case .flower: Words("flower", "꽃")
            case .penguins: Words("penguins", "펭귄")
            }
        }
    }

    static let widths: [Task: [Int]] = [
        .spiral: [1, 2, 3, 5, 10, 20, 50, 100], .flower: [1, 2, 3, 4, 5, 20, 50], .penguins: [1, 2, 3, 10, 100],
    ]
    static let grid = 41
    static let frames = 8

    let about = LabAbout(
        "boundary", number: "A2", part: .foundations, title: Words("What hidden units see", "결정 경계와 은닉층"),
        question: Words(
            "How many hidden units does a task need, and does it need any?",
            "과제는 은닉 유닛을 몇 개 필요로 하는가? 필요하기는 한가?"),
        taught: [
            .init(
                Words(
                    "On a spiral of three classes a linear classifier reaches 49 %, one hidden layer of 100 units 98 %.",
                    "세 클래스의 나선에서 선형 분류기는 49 %, 은닉 유닛 100개인 층 하나는 98 %에 이른다."),
                source: "CS231n, Minimal neural network case study"),
            .init(
                Words(
                    "On the flower 1 and 2 hidden units reach 67 %, 3 units 91 %; about 5 are best, many more overfit.",
                    "꽃 모양 데이터에서 은닉 유닛 한두 개는 67 %, 세 개는 91 %이다. 다섯 개쯤이 가장 좋고 훨씬 많으면 과적합한다."),
                source: "deeplearning.ai, Neural Networks and Deep Learning, week 3"),
        ],
        setup: Words(
            "Spiral: 300 points of three classes as in CS231n, ReLU. Flower: 400 points of two classes as in the course, tanh. Penguins: length of bill and flipper of 342 birds of three species, 100 of them held out, tanh. Adam 0.01, or 0.1 without a hidden layer, where the problem is convex; 2000 batches of 100. Test: as many new points of the same kind, or the birds that were held out.",
            "나선: CS231n과 같은 세 클래스의 점 300개, ReLU. 꽃: 강의와 같은 두 클래스의 점 400개, tanh. 펭귄: 세 종 342마리의 부리와 날개 길이, 100마리는 테스트, tanh. Adam 0.01(은닉층이 없으면 볼록 문제이므로 0.1), 100개씩 2000배치. 테스트는 같은 방식으로 새로 뽑은 점들 또는 떼어 둔 펭귄이다."
        ),
        recipes: [
            .init(
                Words("A spiral and a hidden layer in Swift", "나선과 은닉층(Swift)"), .swift,
                """
                import Apus

                let points = Dataset.spirals(count: 300, noise: 0.02, classes: 3, turns: 0.64, seed: 1)
                let net = Sequential { Dense(100, activation: .relu); Dense(3) }
                var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), metrics: [.accuracy])
                try trainer.fit(points, epochs: 300, batchSize: 100)
                print(try trainer.evaluate(points)[.accuracy]!)
                """)
        ],
        lesson: Words(
            "Held: a linear model reaches 0.52 on the spiral, a hundred hidden units 0.99, and the flower needs three units. Features by hand do nearly as well: x², y², xy and sines lift the linear model to 0.96.",
            "성립한다. 나선에서 선형 모델은 0.52, 은닉 유닛 100개는 0.99이고 꽃에는 유닛 세 개가 필요하다. 손으로 만든 특성도 거의 같다. x², y², xy, sin은 선형 모델을 0.96까지 올린다."
        ),
        surprise: Words(
            "Penguins need no hidden layer: on birds that were held out the linear model is right for 0.951, a hundred units for 0.943. And more units than are needed help descent to arrive: on the flower three units got stuck in 5 of 20 seeds, five in 1, twenty in none.",
            "펭귄에는 은닉층이 필요 없다. 떼어 둔 펭귄에서 선형 모델은 0.951, 유닛 100개는 0.943을 맞힌다. 그리고 필요보다 많은 유닛은 경사하강이 도착하도록 돕는다. 꽃에서 유닛 세 개는 시드 20개 중 5개에서, 다섯 개는 1개에서 갇혔고 스무 개는 한 번도 갇히지 않았다."
        ),
        next: [
            .init(
                Words("The smallest task that no line divides.", "직선이 나눌 수 없는 가장 작은 과제를 보자."), .shell,
                "apus lab run xor")
        ], seeds: 20, seconds: 12, revision: 2)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let steps = size.of(2000, quick: 500, trial: 16)
        func arm(_ task: Task, _ name: String, _ title: Words, _ hidden: [Int], features: Bool = false)
            -> LabArm<Setting>
        {
            LabArm(
                "\(task.rawValue)-\(name)",
                Words("\(task.title.english), \(title.english)", "\(task.title.korean), \(title.korean)"),
                Setting(task: task, hidden: hidden, hasFeatures: features, steps: steps))
        }
        return Task.allCases.flatMap { task in
            [arm(task, "linear", Words("linear", "선형"), [])]
                + Boundary.widths[task]!.map { arm(task, "\($0)", Words("\($0) hidden", "은닉 \($0)개"), [$0]) }
        } + [
            arm(.spiral, "features", Words("linear on x², y², xy, sin", "x², y², xy, sin의 선형"), [], features: true),
            arm(.spiral, "5-5", Words("two layers of 5", "은닉 5개 두 층"), [5, 5]),
            arm(.spiral, "5-5-5-5", Words("four layers of 5", "은닉 5개 네 층"), [5, 5, 5, 5]),
            arm(.spiral, "bent", Words("100-2 hidden", "은닉 100-2개"), [100, 2]),
        ]
    }

    // MARK: Measuring

    /// Points and their classes: those of the training, and others.
    private static func data(_ task: Task, seed: UInt64) throws -> (training: Dataset, test: Dataset) {
        var key = RandomKey(seed: seed).child("boundary")
        switch task {
        case .spiral: return (try spiral(key.next()), try spiral(key.next()))
        case .flower: return (try flower(key.next()), try flower(key.next()))
        case .penguins:
            let table = LabTable.penguins
            let order = LabData.permutation(of: table.rows.count, key.next())
            let (test, training) = (Array(order.prefix(100)), Array(order.dropFirst(100)))
            return (
                try table.dataset(rows: training, scaledBy: training), try table.dataset(rows: test, scaledBy: training)
            )
        }
    }

    /// CS231n's: radius 0 to 1, angle 4 rad an arm, with 0.2 rad of noise.
    private static func spiral(_ key: RandomKey) throws -> Dataset {
        let (count, classes) = (100, 3)
        let noise = Tensor.normal([count * classes], key: key).scalars.map(Double.init)
        let points = noise.indices.flatMap { index -> [Float] in
            let (arm, radius) = (Double(index / count), Double(index % count) / Double(count - 1))
            let angle = 4 * (arm + radius) + 0.2 * noise[index]
            return [Float(radius * sin(angle)), Float(radius * cos(angle))]
        }
        return try Dataset(
            inputs: Tensor(points, shape: [count * classes, 2]), labels: noise.indices.map { $0 / count },
            classNames: ["0", "1", "2"])
    }

    /// The course's: r = 4 sin 4θ with noise of 0.2 in both.
    private static func flower(_ key: RandomKey) throws -> Dataset {
        let (count, classes) = (200, 2)
        let noise = Tensor.normal([2, count * classes], key: key).scalars.map(Double.init)
        let points = (0..<(count * classes)).flatMap { index -> [Float] in
            let (petal, place) = (Double(index / count), Double(index % count) / Double(count - 1))
            let angle = 3.12 * (petal + place) + 0.2 * noise[index]
            let radius = 4 * sin(4 * angle) + 0.2 * noise[count * classes + index]
            return [Float(radius * sin(angle)), Float(radius * cos(angle))]
        }
        return try Dataset(
            inputs: Tensor(points, shape: [count * classes, 2]), labels: (0..<(count * classes)).map { $0 / count },
            classNames: ["0", "1"])
    }

    /// What the network is given of points [N, 2].
    private static func inputs(_ points: Tensor, _ setting: Setting) -> Tensor {
        guard setting.hasFeatures else { return points }
        let (x, y) = (points[0..., 0..<1], points[0..., 1..<2])
        return Tensor.concatenated([points, x * x, y * y, x * y, sin(x * Float.pi), sin(y * Float.pi)], axis: 1)
    }

    var measuresSeedsTogether: Bool { true }

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        try measure(setting, seeds: [seed])[0]
    }

    /// The points of one seed.
    private struct Points {
        let samples: Dataset
        let points: Tensor
        let labels: [Int]

        init(_ samples: Dataset, _ setting: Setting) throws {
            (points, labels) = try LabData.arrays(samples)
            let inputs = try Boundary.inputs(points, setting).evaluated()
            self.samples = try Dataset(inputs: inputs, labels: labels, classNames: samples.classNames)
        }
    }

    func measure(_ setting: Setting, seeds: [UInt64]) throws -> [LabMeasurement] {
        let data = try seeds.map { seed in
            let data = try Boundary.data(setting.task, seed: seed)
            return (training: try Points(data.training, setting), test: try Points(data.test, setting))
        }
        let net = DenseNet(
            hidden: setting.hidden, classes: setting.task.classes, activation: setting.activation,
            headInitializer: .glorotUniform
        ).model
        // Cells whose middles reach from one end to the other.
        let reach = setting.task.reach * (1 + 1 / Double(Boundary.grid - 1))
        func decisions(_ weights: Variables) throws -> [Double] {
            try DecisionMap(x: -reach...reach, y: -reach...reach, columns: Boundary.grid, rows: Boundary.grid) {
                net(Boundary.inputs($0, setting), weights).argmax()
            }.classes.joined().map(Double.init)
        }
        let hasFrames = setting.hidden == [100] && setting.task == .spiral || setting.hidden == [100, 2]
        var measurements = seeds.map { _ in LabMeasurement() }
        let steps = LabSteps(
            net: net, optimizer: .adam(learningRate: setting.hidden.isEmpty ? 0.1 : 0.01), steps: setting.steps,
            seed: 0, every: hasFrames ? max(1, setting.steps / Boundary.frames) : setting.steps)
        var frames = seeds.map { _ in 0 }
        // Each point many times, so that an epoch is long enough to be worth its beginning.
        let copies = try data.map { data in
            try data.training.samples.subset((0..<20).flatMap { _ in 0..<data.training.samples.count })
        }
        let states = try steps.run(on: copies, seeds: seeds) { place, state in
            guard hasFrames, frames[place] <= Boundary.frames else { return }
            let weights = state.evaluatedVariables
            measurements[place].series["frame.\(frames[place])"] = try decisions(weights)
            if setting.hidden.count == 2 {
                measurements[place].series["bent.\(frames[place])"] =
                    Boundary.hidden(data[place].training.points, weights, setting).scalars.map(Double.init)
            }
            frames[place] += 1
        }
        for (place, state) in states.enumerated() {
            let (weights, training) = (state.evaluatedVariables, data[place].training)
            measurements[place]["training"] = try LabData.accuracy(net, weights, on: training.samples)
            measurements[place]["test"] = try LabData.accuracy(net, weights, on: data[place].test.samples)
            measurements[place].series["map"] = try decisions(weights)
            measurements[place].series["points"] = training.points.scalars.map(Double.init)
            measurements[place].series["labels"] = training.labels.map(Double.init)
            guard setting.hidden == [10] else { continue }
            let grid = DecisionMap.places(
                x: -reach...reach, y: -reach...reach, columns: Boundary.grid, rows: Boundary.grid)
            let rows = relu(grid.matmul(weights["1.dense/kernel"]!) + weights["1.dense/bias"]!)
            measurements[place].series["units"] = rows.transposed().scalars.map(Double.init)
        }
        return measurements
    }

    /// The outputs of the last of two hidden layers.
    private static func hidden(_ points: Tensor, _ weights: Variables, _ setting: Setting) -> Tensor {
        (1...2).reduce(points) { h, layer in
            setting.activation(h.matmul(weights["\(layer).dense/kernel"]!) + weights["\(layer).dense/bias"]!)
        }
    }

    // MARK: Claims

    var claims: [Claim] {
        let training = Words("training accuracy", "훈련 정확도")
        return [
            Claim(
                "spiral-linear", Words("No line divides the spiral.", "직선은 나선을 나누지 못한다."), statistic: training,
                .atMost(0.6), basis: .measured, isTaught: true,
                evidence: Evidence.mean(of: "training", in: "spiral-linear")),
            Claim(
                "spiral-hidden", Words("A hundred hidden units do.", "은닉 유닛 100개는 나눈다."), statistic: training,
                .atLeast(0.97), basis: .predicted, isTaught: true,
                evidence: Evidence.mean(of: "training", in: "spiral-100")),
            Claim(
                "features",
                Words(
                    "Features by hand do as well: a linear model on x², y², xy and sines reaches 0.9.",
                    "손으로 만든 특성도 마찬가지이다. x², y², xy, sin의 선형 모델이 0.9에 이른다."), statistic: training,
                .atLeast(0.9), basis: .predicted, isTaught: true,
                evidence: Evidence.mean(of: "training", in: "spiral-features")),
            Claim(
                "depth-helps",
                Words(
                    "Four layers of five units are better than one by two points.", "유닛 다섯 개 네 층은 한 층보다 2 %포인트 이상 낫다."),
                statistic: Words("training accuracy, four layers − one", "훈련 정확도, 네 층 − 한 층"), .atLeast(0.02),
                basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "training", "spiral-5-5-5-5", minus: "spiral-5")),
            Claim(
                "flower-three",
                Words(
                    "The flower needs three units: two are worse by ten points.",
                    "꽃에는 유닛 세 개가 필요하다. 두 개는 10 %포인트 이상 못하다."),
                statistic: Words("training accuracy, three units − two", "훈련 정확도, 세 개 − 두 개"), .atLeast(0.1),
                basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "training", "flower-3", minus: "flower-2")),
            Claim(
                "flower-five",
                Words("Beyond five units nothing is gained.", "다섯 개를 넘으면 얻는 것이 없다."),
                statistic: Words("test accuracy, 50 units − five", "테스트 정확도, 50개 − 다섯 개"), .atMost(0.01),
                basis: .predicted, isTaught: true,
                evidence: Evidence.difference(of: "test", "flower-50", minus: "flower-5")),
            Claim(
                "penguins-linear",
                Words(
                    "Penguins need no hidden layer: a linear model is within two points of a hundred hidden units.",
                    "펭귄에는 은닉층이 필요 없다. 선형 모델은 은닉 유닛 100개와 2 %포인트 안에 있다."),
                statistic: Words("test accuracy, linear − 100 hidden units", "테스트 정확도, 선형 − 은닉 100개"),
                .within(-0.02...0.02), basis: .predicted,
                evidence: Evidence.difference(of: "test", "penguins-linear", minus: "penguins-100")),
        ]
    }

    // MARK: Pictures

    func figures(_ results: LabResults, in language: Language) -> [LabFigure] {
        func text(_ english: String, _ korean: String) -> String { Words(english, korean)[language] }
        func boundaries(_ task: Task, _ caption: String, first: Int) -> LabFigure {
            let arms = results.arms.filter { $0.id.hasPrefix(task.rawValue) && $0.id != "spiral-bent" }
            return LabFigure(
                task.rawValue, caption: caption,
                controls: [
                    .init(
                        text("Network", "신경망"), .choice,
                        options: arms.map {
                            String($0.title[language].split(separator: ", ", maxSplits: 1).last ?? "")
                        },
                        first: first)
                ]
            ) { picture(arms[$0[0]], task, arms[$0[0]].series("map").first ?? [], language) }
        }
        let frames = [0, 1, 2, 4, Boundary.frames]
        let film = frames.map { "\($0)/\(Boundary.frames) " + text("of the training", "학습") }
        return [
            boundaries(
                .spiral,
                text(
                    "The spiral, seed 1, and what each network decides where. One ReLU unit bends a line once; every further one adds a fold.",
                    "나선(시드 1)과 신경망마다 어디를 무엇이라고 하는지. ReLU 유닛 하나는 직선을 한 번 꺾고, 하나가 늘 때마다 접히는 곳이 는다."),
                first: 8),
            LabFigure(
                "bent",
                caption: text(
                    "Left the plane as 100 hidden units divide it, from the start values to the last step. Right the same points where a further layer of two units puts them: the network bends the plane until lines divide it.",
                    "왼쪽은 은닉 유닛 100개가 평면을 나누는 모습(시작값부터 마지막 걸음까지). 오른쪽은 유닛 두 개짜리 층이 같은 점들을 놓는 자리. 신경망은 직선으로 나뉠 때까지 평면을 구부린다."
                ),
                controls: [.init(text("Time", "시간"), .slider, options: film, first: frames.count - 1)]
            ) { choice in
                let (arm, bent) = (results["spiral-100"], results["spiral-bent"])
                let places = bent.series("bent.\(frames[choice[0]])").first ?? []
                let labels = bent.series("labels").first ?? []
                return Figure(
                    "", columns: 2,
                    [
                        Sized(
                            picture(arm, .spiral, arm.series("frame.\(frames[choice[0]])").first ?? [], language),
                            ChartSize(width: 360, height: 340)),
                        Sized(
                            ScatterChart(
                                "", x: Axis(text("Unit 1", "유닛 1")), y: Axis(text("Unit 2", "유닛 2")),
                                groups: groups(places, labels, names: Task.spiral.names.map { $0[language] })),
                            ChartSize(width: 360, height: 340)),
                    ])
            },
            LabFigure(
                "units",
                caption: text(
                    "What the first six of ten hidden units answer over the plane, seed 1: each is a ramp behind a line, and the boundary is put together from them.",
                    "은닉 유닛 열 개 중 여섯 개가 평면의 각 자리에서 내는 값(시드 1). 각각은 직선 너머의 비탈이고, 결정 경계는 이들을 모아 만든다."),
                chart: Figure(
                    "", columns: 3,
                    (0..<6).map { unit in
                        let all = results["spiral-10"].series("units").first ?? []
                        let count = Boundary.grid * Boundary.grid
                        let map = all.count == 10 * count ? Array(all[(unit * count)..<((unit + 1) * count)]) : []
                        // Every second row and column, the highest on top.
                        let rows = stride(from: Boundary.grid - 1, through: 0, by: -2).map { y in
                            stride(from: 0, to: Boundary.grid, by: 2).map { x in
                                map.isEmpty ? 0 : map[y * Boundary.grid + x]
                            }
                        }
                        return Sized(
                            HeatMap("\(unit + 1)", values: rows, showsValues: false), ChartSize(width: 240, height: 200)
                        )
                    })),
            boundaries(
                .flower,
                text(
                    "The flower, seed 1. With two units the petals can't be told apart. That three and five units fail in this seed is chance: they got stuck on the way.",
                    "꽃(시드 1). 유닛 두 개로는 꽃잎을 가릴 수 없다. 이 시드에서 세 개와 다섯 개가 실패한 것은 우연이다. 도중에 갇혔다."),
                first: 4),
            boundaries(
                .penguins,
                text(
                    "Bill and flipper of penguins, standardized: lines divide the species as well as curves.",
                    "펭귄의 부리와 날개(표준화). 직선도 곡선만큼 종을 잘 나눈다."),
                first: 0),
            LabFigure(
                "widths",
                caption: text(
                    "Test accuracy over the hidden units of one layer; the point at the left, 0.5, is the linear model.",
                    "한 층의 은닉 유닛 수에 따른 테스트 정확도. 왼쪽 끝 0.5의 점은 선형 모델이다."),
                chart: LineChart(
                    "", x: Axis(text("Hidden units", "은닉 유닛"), scale: .logarithmic),
                    y: Axis(text("Test accuracy", "테스트 정확도"), range: 0.3...1),
                    series: Task.allCases.map { task in
                        results.line(
                            task.title[language], "test",
                            over: [(x: 0.5, arm: "\(task.rawValue)-linear")]
                                + Boundary.widths[task]!.map { (x: Double($0), arm: "\(task.rawValue)-\($0)") })
                    })),
        ]
    }

    /// Every third point, by class.
    private func groups(_ places: [Double], _ labels: [Double], names: [String]) -> [ScatterChart.Group] {
        names.enumerated().map { number, name in
            let points = stride(from: 0, to: min(labels.count, places.count / 2), by: 3).filter {
                labels[$0] == Double(number)
            }
            return ScatterChart.Group(
                name, x: points.map { places[2 * $0] }, y: points.map { places[2 * $0 + 1] })
        }
    }

    private func picture(_ arm: LabResults.Arm, _ task: Task, _ map: [Double], _ language: Language) -> any Chart {
        let rows = stride(from: 0, to: map.count, by: Boundary.grid).map {
            map[$0..<min($0 + Boundary.grid, map.count)].map { Int($0) }
        }
        let range = -task.reach...task.reach
        let (points, labels) = (arm.series("points").first ?? [], arm.series("labels").first ?? [])
        let names =
            task == .penguins
            ? (Words("Bill", "부리"), Words("Flipper", "날개")) : (Words("x"), Words("y"))
        return ScatterChart(
            "", x: Axis(names.0[language], range: range), y: Axis(names.1[language], range: range),
            groups: groups(points, labels, names: task.names.map { $0[language] }),
            regions: rows.isEmpty ? nil : ScatterChart.Regions(classes: rows, x: range, y: range))
    }
}
