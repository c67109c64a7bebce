import Apus
import ApusCharts
import Foundation

/// H1: the gradient on its way back through time, in plain and gated recurrent layers.
struct Sequences: LabExperiment {
    /// A recurrent layer of 32 units on one of the two tasks.
    struct Setting: Codable, Hashable, Sendable {
        var task: SequenceTask
        var cell: Cell
        var length: Int
        var steps: Int
        var isAdam = true
        var isClipped = true
    }

    enum Cell: String, Codable, CaseIterable {
        /// Plain layers whose kernel of the state starts orthogonal, or with a spectral radius of 0.5 or 1.5.
        case plain, small, large
        /// Gated layers; the offset of the forget gate starts at 1 or at 0.
        case lstm, unbiased, gru

        var title: Words {
            switch self {
            case .plain: Words("plain, orthogonal", "단순, 직교")
            case .small: Words("plain, small", "단순, 작게")
            case .large: Words("plain, large", "단순, 크게")
            case .lstm: Words("LSTM, forget bias 1", "LSTM, 망각 편향 1")
            case .unbiased: Words("LSTM, forget bias 0", "LSTM, 망각 편향 0")
            case .gru: Words("GRU")
            }
        }

        func net(for task: SequenceTask) -> Sequential {
            let units = Sequences.units
            func plain(_ radius: Double) -> SimpleRNN {
                SimpleRNN(
                    units, recurrentInitializer: .normal(standardDeviation: radius / Double(units).squareRoot()))
            }
            return switch self {
            case .plain: task.net(SimpleRNN(units))
            case .small: task.net(plain(0.5))
            case .large: task.net(plain(1.5))
            case .lstm: task.net(LSTM(units))
            case .unbiased: task.net(LSTM(units, unitForgetBias: false))
            case .gru: task.net(GRU(units))
            }
        }
    }

    /// A task at one length, with the cells that are trained on it.
    struct Race {
        let id: String
        let task: SequenceTask
        let cells: [Cell]
        let length: Int
        let title: Words
    }

    static let races = [
        Race(
            id: "adding", task: .adding, cells: Cell.allCases, length: 50,
            title: Words("adding, 50 steps", "덧셈, 50스텝")),
        Race(
            id: "adding-long", task: .adding, cells: [.plain, .small, .lstm, .unbiased, .gru], length: 100,
            title: Words("adding, 100 steps", "덧셈, 100스텝")),
        Race(
            id: "copy", task: .copy, cells: [.plain, .lstm, .unbiased, .gru], length: 20,
            title: Words("copying, 20 steps", "베끼기, 20스텝")),
        Race(
            id: "copy-long", task: .copy, cells: [.plain, .lstm, .gru], length: 50,
            title: Words("copying, 50 steps", "베끼기, 50스텝")),
    ]
    /// The plain layer on the short copy task with other optimizers.
    static let optimizers: [(id: String, title: Words, isAdam: Bool, isClipped: Bool)] = [
        ("copy-plain-sgd-clipped", Words("SGD 0.1, clipped", "SGD 0.1, 자름"), false, true),
        ("copy-plain-sgd", Words("SGD 0.1, not clipped", "SGD 0.1, 자르지 않음"), false, false),
        ("copy-plain", Words("Adam 0.01, clipped", "Adam 0.01, 자름"), true, true),
        ("copy-plain-free", Words("Adam 0.01, not clipped", "Adam 0.01, 자르지 않음"), true, false),
    ]
    static let units = 32
    static let batch = 50
    static let looks = 20
    /// How many steps of a sequence are drawn.
    static let places = 25
    /// The error on the adding task at which it counts as learned.
    static let solved = 0.01

    let about = LabAbout(
        "sequences", number: "H1", part: .sequences, title: Words("Gradients through time", "시간을 거스르는 기울기"),
        question: Words(
            "Do plain recurrent networks forget because their gradient vanishes, and do gates keep it?",
            "단순 순환 신경망은 기울기가 사라져서 잊는가? 게이트는 기울기를 지키는가?"),
        taught: [
            .init(
                Words(
                    "On its way back through time the gradient of a plain recurrent network shrinks or grows with every step, so it can't learn what lies more than ten or twenty steps back. The gates of an LSTM let the gradient pass unchanged.",
                    "단순 순환 신경망의 기울기는 시간을 거스르며 스텝마다 줄거나 커지므로 열에서 스무 스텝보다 먼 것을 배우지 못한다. LSTM의 게이트는 기울기를 그대로 지나게 한다."),
                source: "Hochreiter and Schmidhuber, Long Short-Term Memory (1997); Bengio, Simard and Frasconi (1994)"),
            .init(
                Words(
                    "Gradients that explode are clipped: where their norm is larger than a limit, they are scaled down to it.",
                    "폭발하는 기울기는 자른다. 노름이 한계보다 크면 한계로 줄인다."),
                source: "Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks (2013)"),
        ],
        setup: Words(
            "A recurrent layer of 32 units and a dense layer read sequences that are drawn anew for each batch of 50. Adding: numbers of [0, 1), of which one in each half is marked; at the end their sum is asked for, squared error, 1/6 for who always says 1. Copying: three of eight symbols, blanks, then three signs at which the symbols are to be named; guessing has a loss of ln 8. The plain layer's kernel of the state starts orthogonal, or normal with a spectral radius of 0.5 (small) or 1.5 (large); the forget gate of the LSTM with a bias of 1 or 0. Adam 0.01, gradients clipped to a norm of 1, 1000 steps, 1500 for adding over 100 steps. Twenty times on the way the gradient of the last answer's loss to each step's input is measured on 500 sequences, as the mean of its norms, divided by that of the last step.",
            "유닛 32개의 순환층과 밀집층이 배치 50개마다 새로 뽑는 시퀀스를 읽는다. 덧셈: [0, 1)의 수 가운데 앞뒤 절반에서 하나씩 표시한 두 수의 합을 끝에서 묻는다. 제곱 오차이며 늘 1이라고 답하면 1/6이다. 베끼기: 여덟 기호 중 셋, 빈칸, 그리고 기호를 차례로 말해야 하는 신호 셋. 찍으면 손실이 ln 8이다. 단순 순환층의 상태 커널은 직교 행렬, 또는 스펙트럼 반지름이 0.5(작게)나 1.5(크게)인 정규 난수에서 시작하고, LSTM 망각 게이트의 편향은 1 또는 0에서 시작한다. Adam 0.01, 기울기의 노름은 1로 자르고 1000걸음(100스텝 덧셈은 1500걸음) 학습한다. 도중에 스무 번, 시퀀스 500개에서 마지막 답의 손실을 각 스텝의 입력으로 미분한 기울기의 평균 노름을 재고 마지막 스텝의 값으로 나눈다."
        ),
        recipes: [
            .init(
                Words("The adding task in Swift", "Swift로 쓴 덧셈 과제"), .swift,
                """
                import Apus

                let (count, length) = (50_000, 50)
                var key = RandomKey(seed: 1)
                let numbers = Tensor.uniform([count, length], key: key.next())
                let places = [0..<length / 2, length / 2..<length].map {
                    Tensor.integers([count], in: $0, key: key.next()).oneHot(classes: length)
                }
                let marks = places[0] + places[1]
                let data = try Dataset(
                    inputs: Tensor.stacked([numbers, marks], axis: 2),
                    targets: (numbers * marks).sum(axes: [1], keepingAxes: true))
                let net = Sequential { LSTM(32); Dense(1) }
                var trainer = Trainer(
                    net, loss: .meanSquaredError,
                    optimizer: .adam(learningRate: 0.01).clippingGradients(.globalNorm(1)), seed: 1)
                for epoch in try trainer.fit(data, epochs: 3, batchSize: 50).epochs { print(epoch.training) }
                """)
        ],
        lesson: Words(
            "Held after training: an LSTM that has learned to add over 100 steps keeps the gradient 50 steps back within a factor of ten. That of the plain layer is nineteen decades smaller, and at this rate it never does better than always answering 1. But gates do not keep the gradient by themselves: before training it is 200 times smaller in the LSTM than in a plain layer that starts orthogonal. They learn to keep it.",
            "학습 뒤에는 성립한다. 100스텝 덧셈을 배운 LSTM은 50스텝 앞의 기울기를 한 자릿수 안에서 지킨다. 단순 순환층의 기울기는 그보다 열아홉 자릿수 작고, 이 학습률에서는 늘 1이라고 답하는 수준을 벗어나지 못한다. 그러나 게이트가 저절로 기울기를 지키는 것은 아니다. 학습 전에 LSTM의 기울기는 직교로 시작한 단순 순환층의 200분의 1이다. 지키는 것을 배우는 것이다."
        ),
        surprise: Words(
            "The task decides. Copying over 20 steps, the plain layer ends with a fifteenth of the LSTM's loss; over 50 steps LSTM and GRU still guess, and in all eight seeds it has begun to learn. Nor does the gradient before training tell who learns first: the GRU's is as small as that of an LSTM with forget bias 0, and it can add after 300 steps where the LSTM needs 800.",
            "과제에 달렸다. 20스텝 베끼기에서 단순 순환층의 마지막 손실은 LSTM의 15분의 1이다. 50스텝에서는 LSTM과 GRU가 아직 찍는데, 여덟 시드 모두에서 단순 순환층은 배우기 시작했다. 학습 전의 기울기는 누가 먼저 배울지도 말해 주지 않는다. GRU의 기울기는 망각 편향이 0인 LSTM만큼 작지만, LSTM이 800걸음 걸리는 덧셈을 300걸음에 배운다."
        ),
        next: [
            .init(
                Words("The same question in depth instead of time.", "시간 대신 깊이에서 같은 물음."), .shell,
                "apus lab run vanishing")
        ], seeds: 8, seconds: 112)

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        let steps = size.of(1000, quick: 300, trial: 5)
        let races = Sequences.races.flatMap { race in
            race.cells.map { cell in
                LabArm(
                    "\(race.id)-\(cell.rawValue)",
                    Words(
                        "\(race.title.english): \(cell.title.english)", "\(race.title.korean): \(cell.title.korean)"),
                    Setting(
                        task: race.task, cell: cell,
                        length: size.of(
                            race.length, trial: race.id == "copy-long" ? 30 : race.length / 5 + 4),
                        steps: race.length == 100 ? steps * 3 / 2 : steps))
            }
        }
        let known = Set(races.map(\.id))
        return races
            + Sequences.optimizers.filter { !known.contains($0.id) }.map { id, title, isAdam, isClipped in
                LabArm(
                    id, Words("copying, 20 steps: \(title.english)", "베끼기, 20스텝: \(title.korean)"),
                    Setting(
                        task: .copy, cell: .plain, length: size.of(20, trial: 8), steps: steps * (isAdam ? 1 : 2),
                        isAdam: isAdam, isClipped: isClipped))
            }
    }
}
