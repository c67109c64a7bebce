import Apus
import ApusCharts
import Foundation

/// H3: four ways to read a sentence, with the words in order and shuffled.
struct Sentences: LabExperiment {
    struct Setting: Codable, Hashable, Sendable {
        var way: SentenceReader.Way
        var isShuffled = false
        var words = Sentences.words
        var training: Int
        /// Sentences of validation; twice as many of the test.
        var others: Int
        var epochs: Int
        /// Whether sentences are made up, and seconds and pairs, so that no file is needed and runs are equal.
        var isMade: Bool
    }

    static let words = 2000
    static let vocabularies = [100, 500, 2000, 8000]
    /// What each way may try: the rate with the least validation loss counts.
    static let rates = [0.001, 0.003, 0.01]
    static let shuffledWays: [SentenceReader.Way] = [.mean, .lstm, .transformer]
    /// Sentences of the same words, of which the first of each pair praises more.
    static let pairs = [
        ("it is not bad it is good", "it is not good it is bad"),
        ("not boring but funny", "not funny but boring"),
        ("a film that is good and not dull", "a film that is dull and not good"),
        ("a terrible start but a great ending", "a great start but a terrible ending"),
        ("more clever than stupid", "more stupid than clever"),
        ("never dull always moving", "always dull never moving"),
        ("it has charm and no problem", "it has problem and no charm"),
        ("best when it is not a mess", "a mess when it is not best"),
    ]

    let about = LabAbout(
        "text", number: "H3", part: .sequences, title: Words("Four ways to read a sentence", "문장을 읽는 네 가지 방법"),
        question: Words(
            "Does a network that reads words in their order judge film reviews better than one that only counts them?",
            "낱말을 순서대로 읽는 신경망은 낱말을 세기만 하는 신경망보다 영화평을 더 잘 판단하는가?"),
        taught: [
            .init(
                Words(
                    "Counting words forgets their order, so “not good” and “good” look alike. Embeddings put similar words close together; recurrent networks and transformers also read the order, and are better for it.",
                    "낱말을 세면 순서를 잃어 ‘좋지 않다’와 ‘좋다’가 비슷해진다. 임베딩은 비슷한 낱말을 가까이 놓고, 순환 신경망과 트랜스포머는 순서까지 읽으므로 더 낫다."),
                source: "course notes on natural language processing; Dive into Deep Learning, chapter 16"),
            .init(
                Words("The larger the vocabulary, the better.", "어휘가 클수록 좋다."),
                source: "course notes on natural language processing"),
        ],
        setup: Words(
            "10,043 sentences of film reviews, half for the film and half against: 7000 to learn from, 1000 for validation, 2000 for the test, drawn by the seed. Up to 32 words of each, the 2000 most frequent ones; others are one unknown word. Multi-hot: 0 or 1 for each word, 16 ReLU units. Mean: vectors of 16 numbers, their mean, 16 ReLU units. LSTM: the same vectors, 16 units. Transformer: vectors of words and of places, one block of two heads, the mean. All with dropout 0.3 before the two outputs, Adam, batches of 100, up to 15 epochs, ended two epochs after the least validation loss, whose weights are kept. Each way may try the same three rates, 0.001, 0.003 and 0.01, with each seed; that of the least validation loss counts. Shuffled: the words of each sentence are put in an order that is drawn, in all three parts.",
            "긍정과 부정이 반씩인 영화평 문장 10,043개를 시드가 훈련 7000, 검증 1000, 테스트 2000개로 나눈다. 문장마다 낱말 32개까지, 가장 흔한 2000개를 쓰고 나머지는 ‘모르는 낱말’ 하나로 친다. 멀티핫: 낱말마다 0 또는 1, ReLU 유닛 16개. 평균: 16차원 벡터의 평균과 ReLU 유닛 16개. LSTM: 같은 벡터와 유닛 16개. 트랜스포머: 낱말과 자리의 벡터, 헤드 두 개의 블록 하나, 평균. 모두 출력 둘 앞에 드롭아웃 0.3, Adam, 배치 100, 15에포크까지이며 검증 손실이 가장 작은 에포크에서 두 에포크 뒤에 멈추고 그 가중치를 쓴다. 방법마다 시드마다 같은 세 학습률 0.001, 0.003, 0.01을 시험하고 검증 손실이 가장 작은 것을 택한다. 섞기: 세 부분 모두에서 문장의 낱말을 무작위 순서로 놓는다."
        ),
        recipes: [
            .init(
                Words("Words as vectors and an LSTM in Swift", "Swift로 쓴 낱말 벡터와 LSTM"), .swift,
                """
                import Apus
                import ApusText

                let texts = ["not bad but good", "not good but bad", "a moving film", "a dull film"]
                let tokenizer = WordTokenizer(fittedTo: texts, maximumSize: 2000)
                let batch = try TokenBatch(texts.map { try tokenizer.encode($0) })
                let data = try Dataset(inputs: batch.tokens, labels: [1, 0, 1, 0])
                let net = Sequential { Embedding(vocabulary: tokenizer.vocabularySize, 16); LSTM(16); Dense(2) }
                var trainer = Trainer(
                    net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), metrics: [.accuracy], seed: 1)
                print(try trainer.fit(data, epochs: 30, batchSize: 4).epochs.last!.training)
                """)
        ],
        lesson: Words(
            "Refuted here: with 7000 sentences to learn from, nothing beats knowing which words occur (0.758). LSTM (0.750) and transformer (0.751) are no better, and shuffling the words of every sentence costs neither of them anything. What helps is to know more words: 8000 instead of 2000 gain three points.",
            "여기서는 반증되었다. 배울 문장이 7000개일 때, 어떤 낱말이 나오는지 아는 것(0.758)보다 나은 방법은 없다. LSTM(0.750)과 트랜스포머(0.751)는 그보다 낫지 않고, 문장마다 낱말을 섞어도 둘 다 잃는 것이 없다. 도움이 되는 것은 낱말을 더 아는 것이다. 2000개 대신 8000개를 알면 3 %포인트 오른다."
        ),
        surprise: Words(
            "Even where order decides, reading it does not pay yet: of eight pairs such as “not bad but good” and “not good but bad”, LSTM and transformer tell five apart the right way, hardly more than by chance. And all fail at the same sentences: of those that multi-hot gets wrong, the transformer gets three quarters wrong, too.",
            "순서가 뜻을 정하는 곳에서도 순서를 읽는 것은 아직 소용이 없다. ‘not bad but good’과 ‘not good but bad’ 같은 여덟 쌍 가운데 LSTM과 트랜스포머가 옳게 구별하는 것은 다섯으로, 우연과 별로 다르지 않다. 게다가 모두 같은 문장에서 틀린다. 멀티핫이 틀린 문장의 4분의 3을 트랜스포머도 틀린다."
        ),
        next: [
            .init(
                Words("The same sentences as a lesson in overfitting.", "같은 문장으로 배우는 과적합."), .shell,
                "apus lab run overfit")
        ], seeds: 5, seconds: 130)

    static func id(_ way: SentenceReader.Way, isShuffled: Bool = false, words: Int = Sentences.words) -> String {
        way.rawValue + (isShuffled ? "-shuffled" : "") + (words == Sentences.words ? "" : "-\(words)")
    }

    func arms(_ size: LabSize) -> [LabArm<Setting>] {
        func arm(_ way: SentenceReader.Way, isShuffled: Bool = false, words: Int = Sentences.words) -> LabArm<Setting> {
            let rest = Words(
                (isShuffled ? ", shuffled" : "") + (words == Sentences.words ? "" : ", \(words) words"),
                (isShuffled ? ", 섞음" : "") + (words == Sentences.words ? "" : ", 낱말 \(words)개"))
            return LabArm(
                Sentences.id(way, isShuffled: isShuffled, words: words),
                Words(way.title.english + rest.english, way.title.korean + rest.korean),
                Setting(
                    way: way, isShuffled: isShuffled, words: size.of(words, trial: 5 + words / 100),
                    training: size.of(7000, quick: 2000, trial: 300), others: size.of(1000, quick: 500, trial: 300),
                    epochs: size.of(15, quick: 10, trial: 5), isMade: size == .trial))
        }
        return SentenceReader.Way.allCases.map { arm($0) } + Sentences.shuffledWays.map { arm($0, isShuffled: true) }
            + [SentenceReader.Way.multiHot, .mean].flatMap { way in
                Sentences.vocabularies.filter { $0 != Sentences.words }.map { arm(way, words: $0) }
            }
    }

    func files(_ size: LabSize) -> [LabFile] { size == .trial ? [] : [.sentences] }

    // MARK: Measuring

    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let sentences =
            setting.isMade
            ? LabSentences.made(setting.training + 3 * setting.others, seed: seed) : try LabSentences.reviews()
        let probes = Sentences.pairs.flatMap { [$0.0, $0.1] }
        let data = try sentences.encoded(
            training: setting.training, validation: setting.others, test: 2 * setting.others, words: setting.words,
            order: setting.way == .multiHot ? .none : setting.isShuffled ? .shuffled : .kept, others: probes,
            seed: seed)
        let (training, validation, test) = data.parts
        let net = Sequential { SentenceReader(way: setting.way, vocabulary: data.vocabulary) }
        var best: (loss: Double, rate: Double, trained: LabTraining.Trained)?
        var seconds: [Double] = []
        for rate in Sentences.rates {
            let start = ContinuousClock.now
            let trained = try LabTraining(
                net: net, optimizer: .adam(learningRate: rate), epochs: setting.epochs, batch: 100, seed: seed,
                callbacks: [.earlyStopping(patience: 2)]
            ).run(on: training, validation: validation)
            seconds.append((ContinuousClock.now - start) / .seconds(1) / Double(max(1, trained.epochs.count)))
            let loss = trained.epochs.compactMap { $0.value("validation.loss") }.min() ?? .infinity
            if best.map({ loss < $0.loss }) ?? true { best = (loss, rate, trained) }
        }
        guard let (loss, rate, trained) = best else { return LabMeasurement() }
        let outputs = try trained.trainer.predict(LabData.arrays(test).inputs, preprocessing: .identity).scalars
        let truth = try LabData.arrays(test).labels
        let wrong = truth.indices.map { (outputs[2 * $0 + 1] > outputs[2 * $0]) == (truth[$0] == 1) ? 0.0 : 1 }
        let probed = softmax(try trained.trainer.predict(data.others, preprocessing: .identity)).scalars
        let praise = probes.indices.map { Double(probed[2 * $0 + 1]) }
        let ordered = Sentences.pairs.indices.count { praise[2 * $0] > praise[2 * $0 + 1] + 1e-4 }
        let made = Double(1 + (SentenceReader.Way.allCases.firstIndex(of: setting.way) ?? 0))
        return LabMeasurement(
            [
                "accuracy": 1 - wrong.mean, "validation.loss": loss, "rate": rate,
                "seconds": setting.isMade ? made : seconds.min() ?? .nan,
                "pairs": setting.isMade ? made / 8 : Double(ordered) / Double(Sentences.pairs.count),
            ],
            series: [
                "wrong": wrong, "praise": praise,
                "training": trained.epochs.compactMap { $0.value("training.loss") },
                "validation": trained.epochs.compactMap { $0.value("validation.loss") },
            ])
    }
}

extension SentenceReader.Way {
    var title: Words {
        switch self {
        case .multiHot: Words("multi-hot", "멀티핫")
        case .mean: Words("mean of vectors", "벡터 평균")
        case .lstm: Words("LSTM")
        case .transformer: Words("transformer", "트랜스포머")
        }
    }
}
