import Apus
import ApusCharts
import Foundation

/// H2: where attention looks, and what it must be told of places.
struct Attention: LabExperiment {
    /// One transformer block of two heads on one of the tasks.
    struct Setting: Codable, Hashable, Sendable {
        var task: LookTask
        var positions: Positions
        var length: Int
        var steps: Int

        /// The network: places get numbers before the block, or inside of it.
        var net: Sequential {
            let first = task.first(length)
            return Sequential {
                Dense(Attention.channels)
                switch positions {
                case .learned: PositionEmbedding(length: 2 * length)
                case .sinusoidal: SinusoidalEncoding()
                case .none, .rotary: Lambda("as it is") { $0 }
                }
                TransformerBlock(
                    heads: Attention.heads, hidden: 2 * Attention.channels,
                    positions: positions == .rotary ? .rotary : .none)
                Lambda("answers") { $0[0..., first...] }
                LayerNorm()
                Dense(LookTask.alphabet)
            }
        }
    }

    enum Positions: String, Codable, CaseIterable {
        case none, learned, sinusoidal, rotary

        var title: Words {
            switch self {
            case .none: Words("no places", "위치 없음")
            case .learned: Words("learned", "학습한 위치")
            case .sinusoidal: Words("sinusoidal", "사인 위치")
            case .rotary: Words("rotary", "회전 위치")
            }
        }
    }

    static let heads = 2
    static let channels = 32
    /// When it is looked at attention, in thousandths of the training: most is learned early.
    static let looks: Set<Int> = [10, 20, 30, 50, 70, 100, 150, 250, 500, 1000]
    /// The sequences whose attention is drawn.
    static let shown = 2
    /// What is drawn: each task with places that solve it.
    static let drawn: [(task: LookTask, positions: Positions)] = [
        (.lookup, .none), (.back, .rotary), (.reverse, .learned),
    ]

    let about = LabAbout(
        "attention", number: "H2", part: .sequences, title: Words("Where attention looks", "어텐션이 보는 곳"),
        question: Words(
            "Does attention look where the answer stands, and what must it be told of the order of things?",
            "어텐션은 답이 있는 곳을 보는가? 순서에 대해서는 무엇을 알려 주어야 하는가?"),
        taught: [
            .init(
                Words(
                    "Each place looks at those that matter to it; the weights of attention show which.",
                    "각 자리는 자기에게 중요한 자리를 본다. 어텐션 가중치가 그것을 보여 준다."),
                source: "Vaswani et al., Attention Is All You Need (2017); Dive into Deep Learning, chapter 11"),
            .init(
                Words(
                    "Attention knows no order: encodings of positions, learned, sinusoidal or rotary, give it one. Sinusoidal and rotary ones also work at lengths that were never seen.",
                    "어텐션은 순서를 모른다. 학습한 위치, 사인 위치, 회전 위치 같은 위치 인코딩이 순서를 알려 준다. 사인과 회전 위치는 본 적 없는 길이에도 통한다."),
                source: "Vaswani et al. (2017); Su et al., RoFormer (2021)"),
        ],
        setup: Words(
            "A dense layer of 32 channels, one transformer block of two heads, a dense layer. Look up: six pairs of a letter and a number in any order, then one of the letters; its number is asked for. Three back: twelve symbols of eight; asked for is at each place the symbol three before it. Reverse: eight symbols; asked for is their sequence from behind. Places are told by learned vectors, by sines, by turning queries and keys (rotary), or not at all. Batches of 64 fresh sequences, Adam 0.003, 1000 steps. Ten times on the way, mostly early, the weights of attention are read on 256 fresh sequences. A head's share is the mean weight that it gives to the place of the answer; that of the better head counts. Three back is tested at the doubled length, too.",
            "32채널 밀집층, 헤드 두 개의 트랜스포머 블록 하나, 밀집층. 찾기: 글자와 숫자의 쌍 여섯 개가 아무 순서로 나오고, 이어 글자 하나가 나온다. 그 숫자를 묻는다. 셋 앞: 여덟 가지 기호 열두 개가 나오고, 자리마다 셋 앞의 기호를 묻는다. 뒤집기: 기호 여덟 개를 뒤에서부터 묻는다. 자리는 학습한 벡터, 사인, 질의와 키의 회전으로 알려 주거나 알려 주지 않는다. 새 시퀀스 64개의 배치, Adam 0.003, 1000걸음. 도중에 열 번, 주로 초반에, 새 시퀀스 256개에서 어텐션 가중치를 읽는다. 헤드의 몫은 답이 있는 자리에 준 가중치의 평균이며 더 나은 헤드의 것을 쓴다. ‘셋 앞’은 두 배 길이에서도 시험한다."
        ),
        recipes: [
            .init(
                Words("Reading the weights of attention in Swift", "Swift로 어텐션 가중치 읽기"), .swift,
                """
                import Apus

                let net = Sequential {
                    Embedding(vocabulary: 8, 32)
                    TransformerBlock(heads: 2, positions: .rotary)
                    Dense(8)
                }
                let symbols = Tensor.integers([2000, 12], in: 0..<8, key: RandomKey(seed: 1))
                let (x, y) = (symbols[0..., 3...], symbols[0..., ..<9])   // the symbol three back
                var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.003), seed: 1)
                try trainer.fit(Dataset(inputs: x, labels: y), epochs: 5, batchSize: 64)
                let looks = net.attentionWeights(for: x[0..<1], trainer.state!.variables)
                print(looks["1.transformerBlock/attention"].shape)   // [1, 2, 9, 9]: heads, who looks, what is seen
                """)
        ],
        lesson: Words(
            "Held for order: without places the block can't reverse (0.34 right); with learned places or sines it makes no error. Rotary places tell distances alone: they go on at twice the length that was trained (0.93 right, learned places 0.53), but one block reverses only 0.75 of the symbols after 1000 steps. Sines, which are said to carry to any length, carry no further here than learned places (0.51).",
            "순서에 대해서는 성립한다. 위치를 모르는 블록은 뒤집지 못하고(0.34), 학습한 위치나 사인 위치로는 틀리지 않는다. 회전 위치는 거리만 알려 준다. 그래서 배운 길이의 두 배에서도 통하지만(0.93, 학습한 위치는 0.53) 블록 하나로는 1000걸음 뒤에 기호의 0.75만 뒤집는다. 어떤 길이에도 통한다는 사인 위치는 여기서 학습한 위치보다 나을 것이 없다(0.51)."
        ),
        surprise: Words(
            "The block that looks up never errs, yet the place of the answer gets only half of a head's weight, and in 44 % of the sequences another place gets more: the question itself, which has the same letter and no number. Looking there does no harm, so nothing unlearns it. Weights show where a network looks, not what it uses.",
            "찾기를 배운 블록은 한 번도 틀리지 않지만, 답의 자리는 헤드 가중치의 절반만 받고 시퀀스의 44 %에서는 다른 자리가 더 받는다. 글자는 같고 숫자는 없는 질문 자신이다. 거기를 보아도 해가 없으니 그 버릇을 고칠 까닭도 없다. 가중치는 신경망이 어디를 보는지 보여 줄 뿐, 무엇을 쓰는지 보여 주지 않는다."
        ),
        next: [
            .init(
                Words("See what order is worth in real sentences.", "실제 문장에서 순서가 얼마나 중요한지 보자."), .shell,
                "apus lab run text")
        ], seeds: 20, seconds: 64, revision: 2)

    static func id(_ task: LookTask, _ positions: Positions) -> String { "\(task.rawValue)-\(positions.rawValue)" }

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        func arm(_ task: LookTask, _ positions: Positions) -> LabArm<Setting> {
            let length = [LookTask.lookup: 7, .back: 12, .reverse: 8][task] ?? 8
            return LabArm(
                Attention.id(task, positions),
                Words(
                    "\(task.title.english), \(positions.title.english)",
                    "\(task.title.korean), \(positions.title.korean)"
                ),
                Setting(
                    task: task, positions: positions, length: size.of(length, trial: length - 2),
                    steps: size.of(1000, quick: 400, trial: 30)))
        }
        return [arm(.lookup, .none)]
            + [LookTask.back, .reverse].flatMap { task in Positions.allCases.map { arm(task, $0) } }
    }
}

extension LookTask {
    var title: Words {
        switch self {
        case .lookup: Words("look up", "찾기")
        case .back: Words("three back", "셋 앞")
        case .reverse: Words("reverse", "뒤집기")
        }
    }
}
