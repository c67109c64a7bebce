import Apus

extension Transfer {
    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let data = try TransferData(setting, seed: seed)
        let source = try LabTraining(
            net: Transfer.net(classes: data.source.classCount), optimizer: .adam(learningRate: 0.001),
            epochs: setting.sourceEpochs, batch: 50, seed: seed
        ).run(on: data.source)
        let weights = source.trainer.state?.evaluatedVariables
        let net = Transfer.net(classes: setting.pair.classes)
        var measurement = data.twins ?? LabMeasurement()
        // Every other one: half of each class.
        let half = try data.test.subset(Array(stride(from: 0, to: data.test.count, by: 2)))
        measurement["source"] = source.epochs.last?.value("training.accuracy")
        for level in setting.levels {
            let training = try data.target(level.perClass)
            let isFollowed = level.name == Transfer.few && setting.methods.count > 1
            for method in setting.methods where method != .large || isFollowed {
                let run = LabTraining(
                    net: net, optimizer: method.optimizer(epochs: level.epochs), epochs: level.epochs,
                    batch: level.batch, seed: seed,
                    start: method == .scratch ? nil : try Transfer.withNewHead(weights, net, training, seed: seed))
                let trained = try run.run(on: training, validation: isFollowed ? half : nil)
                measurement["\(method.rawValue)-\(level.name)"] = try trained.trainer.evaluate(data.test)[.accuracy]
                guard isFollowed else { continue }
                let curve = trained.epochs.compactMap { $0.value("validation.accuracy") }
                let steps = (training.count + level.batch - 1) / level.batch
                measurement.series[method.rawValue] = curve
                measurement.series["steps"] = curve.indices.map { Double(($0 + 1) * steps) }
                let goal = 0.9 * (curve.last ?? .nan)
                measurement["\(method.rawValue)-steps"] = curve.firstIndex { $0 >= goal }.map {
                    Double(($0 + 1) * steps)
                }
            }
        }
        return measurement
    }

    /// Weights that were learned on something else, with a head that is drawn.
    private static func withNewHead(
        _ weights: Variables?, _ net: Sequential, _ samples: Dataset, seed: UInt64
    ) throws -> Variables {
        var start = try net.initialized(input: samples.sampleShape, seed: seed)
        for path in start.paths where !path.hasPrefix("7.dense") {
            if let value = weights?[path] { try start.setValue(path, value) }
        }
        return start
    }
}

/// The images of a pair: none of them is in two of the three parts, but where the arm is about that.
private struct TransferData {
    let source: Dataset
    let test: Dataset
    /// Where the images of each class are that the target is learned from.
    private let places: [[Int]]
    private let images: ([Int]) throws -> Dataset
    /// What small digits and those of MNIST have in common; of the pair that uses both.
    private(set) var twins: LabMeasurement?

    /// Images to learn the target from, so many of each class.
    func target(_ perClass: Int) throws -> Dataset { try images(places.flatMap { $0.prefix(perClass) }) }

    init(_ setting: Transfer.Setting, seed: UInt64) throws {
        if setting.pair == .clothes {
            try self.init(clothes: setting, seed: seed)
        } else {
            try self.init(digits: setting, seed: seed)
        }
    }

    /// Five classes, and the five others.
    private init(clothes setting: Transfer.Setting, seed: UInt64) throws {
        let data = try LabData.fashionMNIST()
        var key = RandomKey(seed: seed).child("transfer")
        let order = LabData.permutation(of: 10, key.next())
        let (first, second) = (Array(order.prefix(5)), Array(order.dropFirst(5)))
        let training = TransferData.places(of: data.training, key.next())
        source = try TransferData.images(
            data.training, at: first.flatMap { training[$0].prefix(setting.source) }, of: first)
        let tested = TransferData.places(of: data.test, key.next())
        test = try TransferData.images(data.test, at: second.flatMap { tested[$0].prefix(setting.test) }, of: second)
        places = second.map { training[$0] }
        images = { try TransferData.images(data.training, at: $0, of: second) }
    }

    /// MNIST as the target; clothes or small digits as the source.
    private init(digits setting: Transfer.Setting, seed: UInt64) throws {
        let pairs = setting.standsIn ? try DigitPairs.standIns(perClass: 8) : try DigitPairs.fetched()
        var key = RandomKey(seed: seed).child("transfer")
        let classes = (0..<10).map { label in
            LabData.permutation(of: pairs.perClass, key.next()).map { label * pairs.perClass + $0 }
        }
        let share = setting.standsIn ? 2 : 200
        let tested = classes.flatMap { $0.dropFirst(share).prefix(setting.test) }
        places = classes.map { Array($0.dropFirst(share + setting.test)) }
        test = try pairs.mnist(tested)
        images = { try pairs.mnist($0) }
        switch setting.pair {
        case .far, .clothes:
            let data = try LabData.fashionMNIST().training
            let known = TransferData.places(of: data, key.next())
            source = try TransferData.images(
                data, at: known.flatMap { $0.prefix(setting.source) }, of: Array(0..<10))
        case .digits:
            source = try pairs.sheet(classes.flatMap { $0.prefix(min(share, setting.source)) })
            twins = TransferData.twins(pairs, tested, isShown: seed == 1)
        case .leaky:
            // As many as in the honest pair: the digits of the test, then some of the target's.
            source = try pairs.sheet(classes.flatMap { $0.dropFirst(share).prefix(min(share, setting.source)) })
        }
    }

    // MARK: Fashion-MNIST

    /// Where the samples of each class are, in an order that the key draws.
    private static func places(of samples: Dataset, _ key: RandomKey) -> [[Int]] {
        var places = [[Int]](repeating: [], count: samples.classCount)
        for index in LabData.permutation(of: samples.count, key) { places[samples.label(at: index)].append(index) }
        return places
    }

    /// Some samples of some classes, which are numbered anew, scaled as digits are.
    private static func images(_ samples: Dataset, at places: [Int], of classes: [Int]) throws -> Dataset {
        var images = try samples.subset(places).relabelled(classes.map { samples.classNames[$0] }) {
            classes.firstIndex(of: $0) ?? 0
        }
        images.preprocessing = .unitRange
        return images
    }

    // MARK: Twins

    /// The least correlation of a digit with the one in the same place, and ten of each.
    private static func twins(_ pairs: DigitPairs, _ places: [Int], isShown: Bool) -> LabMeasurement {
        var measurement = LabMeasurement([
            "twins": places.map { place in
                correlation(DigitPairs.shrunk(pairs.large[place]), pairs.small[place].map(Double.init))
            }.min() ?? .nan
        ])
        guard isShown else { return measurement }
        for place in stride(from: 0, to: places.count, by: max(1, places.count / 10)).map({ places[$0] }) {
            measurement.series["digits", default: []] += pairs.large[place].map(Double.init)
            measurement.series["twins", default: []] += DigitPairs.padded(pairs.small[place]).map(Double.init)
            measurement.series["places", default: []].append(Double(place))
        }
        return measurement
    }

    /// Pearson's correlation.
    private static func correlation(_ a: [Double], _ b: [Double]) -> Double {
        let (meanA, meanB) = (a.mean, b.mean)
        func sum(_ product: (Double, Double) -> Double) -> Double {
            zip(a, b).reduce(0) { $0 + product($1.0 - meanA, $1.1 - meanB) }
        }
        return sum { $0 * $1 } / (sum { x, _ in x * x } * sum { _, y in y * y }).squareRoot()
    }
}
