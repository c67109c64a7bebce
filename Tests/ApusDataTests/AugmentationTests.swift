import ApusData
import ApusGraph
import ApusTensor
import Foundation
import Testing

@Suite(.timeLimit(.minutes(20))) struct AugmentationTests {
    /// Images of random bytes; the label of each is its number.
    private func images(
        _ count: Int, _ shape: [Int] = [8, 9, 1], _ type: ElementType = .uint8, seed: UInt64 = 1
    ) throws -> Dataset {
        var random = RandomKey.Generator(key: RandomKey(seed: seed))
        let size = shape.reduce(1, *)
        let values = (0..<count * size).map { _ in Float(UInt8(truncatingIfNeeded: random.next())) }
        let features = Tensor(
            type == .uint8 ? values : values.map { $0 / 255 }, shape: Shape([count] + shape), type: type)
        return try Dataset(inputs: features, labels: Array(0..<count))
    }

    static let lists: [[Augmentation]] = [
        [.flip()], [.flip(direction: .vertical, probability: 0.3)], [.randomCrop(padding: 2)],
        [.randomCrop(padding: 3, mode: .reflect)], [.rotation(degrees: 30)], [.translation(fraction: 0.3)],
        [.zoom(range: 0.4)], [.brightness(delta: 0.3)], [.contrast(delta: 0.5)], [.cutout(size: 3)],
        [.noise(standardDeviation: 0.1)], [.mixup(alpha: 0.4)], [.cutmix(alpha: 1)],
        [.flip(), .rotation(), .translation(), .zoom(), .randomCrop(padding: 1), .cutout(size: 2)],
        [.rotation(), .mixup(), .noise(), .cutmix()],
    ]

    /// One sample of a batch: what a step sees of it.
    private struct Seen: Hashable {
        let pixels: [Float]
        let targets: [Float]
    }

    private func seen(_ batches: Batches) throws -> [Seen] {
        try batches.flatMap { batch in
            let size = batch.inputs.only.count / batch.count
            let (pixels, targets) = (
                batch.inputs.only.scalars, try batch.targets.only.cast(to: .float32).evaluated().scalars
            )
            let classes = targets.count / batch.count
            return (0..<batch.count).map { index in
                Seen(
                    pixels: Array(pixels[index * size..<(index + 1) * size]),
                    targets: Array(targets[index * classes..<(index + 1) * classes]))
            }
        }
    }

    // MARK: Reproducibility

    @Test(arguments: lists, [ElementType.uint8, .float32])
    func samplesDoNotDependOnTheirBatch(list: [Augmentation], type: ElementType) throws {
        let data = try images(41, type == .uint8 ? [8, 9, 1] : [7, 6, 3], type)
        let expected = try seen(
            data.batches(of: 41, epoch: 2, seed: 5, shuffled: false, ahead: 0, augmentations: list))
        #expect(expected.count == 41)
        for (size, ahead) in [(1, 0), (7, 4), (16, 1)] {
            let batches = data.batches(
                of: size, epoch: 2, seed: 5, shuffled: false, ahead: ahead, augmentations: list)
            #expect(try seen(batches) == expected)
        }
        let order = RandomKey(seed: 5).child("shuffle").child(2).permutation(41)
        let shuffled = try seen(data.batches(of: 16, epoch: 2, seed: 5, augmentations: list))
        #expect(shuffled == order.map { expected[$0] })
        // Resumed in the middle of the epoch.
        let tail = data.batches(of: 16, epoch: 2, seed: 5, startingAt: 1, augmentations: list)
        #expect(try seen(tail) == Array(shuffled.dropFirst(16)))
        for (epoch, seed) in [(3, 5), (2, 6)] as [(Int, UInt64)] {
            let other = data.batches(of: 41, epoch: epoch, seed: seed, shuffled: false, augmentations: list)
            #expect(try seen(other) != expected)
        }
    }

    @Test(arguments: lists) func typesAndShapesStay(list: [Augmentation]) throws {
        let data = try images(10)
        let mixes = list.contains(where: \.mixesSamples)
        for batch in data.batches(of: 4, epoch: 0, seed: 1, shuffled: false, augmentations: list) {
            #expect(batch.inputs.only.elementType == .uint8)
            #expect(batch.inputs.only.shape == [batch.count, 8, 9, 1])
            #expect(batch.targets.only.shape == (mixes ? [batch.count, 10] : [batch.count]))
            #expect(batch.targets.only.elementType == (mixes ? .float32 : .int32))
        }
        let labels = data.batches(of: 4, epoch: 0, seed: 1, shuffled: false, augmentations: list).flatMap {
            mixes ? [] : $0.targets.only.scalars(as: Int.self)
        }
        #expect(mixes || labels == Array(0..<10))
    }

    /// A part of a data set is augmented like a data set of its samples alone: rows of memory are not samples.
    @Test(arguments: lists) func partsAreAugmentedAsCopies(list: [Augmentation]) throws {
        let chosen = Array(stride(from: 40, through: 0, by: -3))
        let all = try images(41)
        let part = try all.subset(chosen).weighted(chosen.map { Double($0 + 1) })
        let pixels = chosen.flatMap { all.features(at: $0).scalars }
        let copy = try Dataset(
            inputs: Tensor(pixels, shape: [chosen.count, 8, 9, 1], type: .uint8), labels: chosen,
            classNames: all.classNames
        ).weighted(chosen.map { Double($0 + 1) })
        func batches(_ data: Dataset) -> Batches { data.batches(of: 5, epoch: 1, seed: 4, augmentations: list) }
        #expect(try seen(batches(part)) == seen(batches(copy)))
        let weights = batches(part).map { $0.weights?.scalars }
        #expect(weights == batches(copy).map { $0.weights?.scalars } && !weights.contains(nil))
    }

    /// The steps of a list draw from the epoch, the sample and their place in the list, and happen in its order.
    @Test func geometryIsDrawnByPlace() throws {
        let data = try images(7, [8, 6, 1])
        let list: [Augmentation] = [.rotation(degrees: 30), .translation(fraction: 0.3), .zoom(range: 0.4)]
        let batches = data.batches(of: 3, epoch: 2, seed: 5, shuffled: false, augmentations: list)
        let expected = (0..<7 as Range<UInt64>).map { sample in
            func draws(_ place: UInt64) -> RandomDraws {
                RandomDraws(RandomKey(seed: 5).child("augment").child(2).child(sample).child(place))
            }
            var (turn, move, size) = (draws(0), draws(1), draws(2))
            let (x, y) = (move.within(0.3) * 6, move.within(0.3) * 8)
            let map = AffineMap.rotation(degrees: turn.within(30)).then(.translation(x: x, y: y)).then(
                .zoom(1 + size.within(0.4)))
            return map(data.features(at: Int(sample))).scalars
        }
        #expect(try seen(batches).map(\.pixels) == expected)
    }

    /// The streams are part of the format of a run: a change would make runs that are resumed end differently.
    @Test func drawsAreStable() throws {
        let list: [Augmentation] = [.flip(), .randomCrop(padding: 2), .cutout(size: 3)]
        let batch = Array(
            try images(50).batches(of: 50, epoch: 3, seed: 9, shuffled: false, augmentations: list))[0]
        let fingerprint = try Dataset(inputs: batch.inputs.only, labels: batch.targets.only).fingerprint(
            by: FormerHash.self)
        #expect(fingerprint == 8_601_110_296_149_052_224)
    }

    @Test func anAugmentationOfItsOwnPlaceDrawsItsOwnNumbers() throws {
        let data = try images(60)
        let twice = data.batches(
            of: 60, epoch: 0, seed: 1, shuffled: false, augmentations: [.flip(), .flip()])
        let original = try seen(data.batches(of: 60, epoch: 0, seed: 1, shuffled: false))
        let same = zip(try seen(twice), original).count { $0 == $1 }
        // With the same numbers, two flips would always undo each other.
        #expect((15...45).contains(same))
    }

    @Test func aSteadyEpochAllocatesNothing() throws {
        let list: [Augmentation] = [.flip(), .rotation(), .mixup()]
        let gatherer = try images(400).batches(of: 8, epoch: 0, seed: 1, ahead: 4, augmentations: list).gatherer
        var waiting: [Batch] = []
        while let batch = gatherer.nextBatch() {
            waiting.append(batch)
            if waiting.count > 5 { waiting.removeFirst() }
        }
        #expect(gatherer.allocationCount <= 6)
    }

    // MARK: Changes of pixels

    /// The augmented images of a data set with its own order.
    private func augmented(_ data: Dataset, _ list: Augmentation..., epoch: Int = 0) throws -> [[Float]] {
        try seen(data.batches(of: 64, epoch: epoch, seed: 3, shuffled: false, augmentations: list)).map(\.pixels)
    }

    private func plain(_ data: Dataset) -> [[Float]] { (0..<data.count).map { data.features(at: $0).scalars } }

    @Test(arguments: [Augmentation.Direction.horizontal, .vertical], [1, 3])
    func flips(direction: Augmentation.Direction, channels: Int) throws {
        let data = try images(400, [4, 5, channels])
        var flipped = 0
        for (image, original) in zip(
            try augmented(data, .flip(direction: direction, probability: 0.25)), plain(data))
        {
            var mirrored = original
            for y in 0..<4 {
                for x in 0..<5 {
                    for c in 0..<channels {
                        let from = direction == .horizontal ? (y * 5 + 4 - x) : ((3 - y) * 5 + x)
                        mirrored[(y * 5 + x) * channels + c] = original[from * channels + c]
                    }
                }
            }
            #expect(image == original || image == mirrored)
            if image == mirrored { flipped += 1 }
        }
        // Five standard deviations of 400 draws.
        #expect(abs(flipped - 100) < 44)
    }

    @Test(arguments: [Augmentation.Padding.zeros, .reflect], [1, 3])
    func crops(mode: Augmentation.Padding, channels: Int) throws {
        let data = try images(600, [5, 6, channels])
        var offsets = [Int](repeating: 0, count: 25)
        for (image, original) in zip(try augmented(data, .randomCrop(padding: 2, mode: mode)), plain(data)) {
            func window(_ top: Int, _ left: Int) -> [Float] {
                func reflected(_ place: Int, _ count: Int) -> Int {
                    place < 0 ? -place : place < count ? place : 2 * count - 2 - place
                }
                return (0..<5).flatMap { y in
                    (0..<6).flatMap { x in
                        (0..<channels).map { c in
                            let (row, column) = (y + top, x + left)
                            let isInside = (0..<5).contains(row) && (0..<6).contains(column)
                            if !isInside, mode == .zeros { return Float(0) }
                            return original[(reflected(row, 5) * 6 + reflected(column, 6)) * channels + c]
                        }
                    }
                }
            }
            let matches = (0..<25).filter { window($0 / 5 - 2, $0 % 5 - 2) == image }
            #expect(matches.count == 1)
            for match in matches { offsets[match] += 1 }
        }
        // Each of 25 windows 24 times in the mean; five standard deviations.
        #expect(offsets.allSatisfy { abs($0 - 24) < 25 && $0 > 0 })
    }

    @Test func aCropMayShowNothing() throws {
        let image = try augmented(try images(200, [2, 2, 1]), .randomCrop(padding: 9))
        #expect(image.contains([0, 0, 0, 0]))
    }

    @Test func cutoutClearsASquareThatIsCutOff() throws {
        let data = try Dataset(
            inputs: .ones([2000, 6, 6, 2], type: .uint8), labels: Array(repeating: 0, count: 2000))
        var zeros = [Int](repeating: 0, count: 37)
        for image in try augmented(data, .cutout(size: 3)) {
            let cleared = (0..<36).filter { image[2 * $0] == 0 }
            #expect((0..<36).allSatisfy { image[2 * $0] == image[2 * $0 + 1] })
            let (rows, columns) = (Set(cleared.map { $0 / 6 }), Set(cleared.map { $0 % 6 }))
            #expect(cleared.count == rows.count * columns.count)
            #expect(rows.count == rows.max()! - rows.min()! + 1 && columns.count == columns.max()! - columns.min()! + 1)
            zeros[cleared.count] += 1
        }
        // 4 of 6 middles leave 3 rows, two leave 2: 16 : 16 : 4 of 36.
        for (count, expected) in [(9, 889), (6, 889), (4, 222)] { #expect(abs(zeros[count] - expected) < 115) }
        #expect(zeros[9] + zeros[6] + zeros[4] == 2000)
    }

    /// Of an even square more lies above and to the left of its middle.
    @Test func cutoutOfAnEvenSize() throws {
        let data = try Dataset(inputs: .ones([400, 4, 4, 1], type: .uint8), labels: Array(repeating: 0, count: 400))
        let cleared = Set(try augmented(data, .cutout(size: 2)).map { image in (0..<16).filter { image[$0] == 0 } })
        let expected = Set(
            (0..<16).map { middle in
                let (row, column) = (middle / 4, middle % 4)
                return (max(0, row - 1)...row).flatMap { y in (max(0, column - 1)...column).map { 4 * y + $0 } }
            })
        #expect(cleared == expected)
    }

    @Test func brightnessIsUniformAndClamped() throws {
        let gray = try Dataset(
            inputs: .full([2000, 2, 2, 1], 0.5), labels: Array(repeating: 0, count: 2000))
        let deltas = try augmented(gray, .brightness(delta: 0.25)).map { image in
            #expect(Set(image).count == 1)
            return Double(image[0]) - 0.5
        }
        #expect(kolmogorovSmirnov(deltas) { ($0 + 0.25) / 0.5 } < 1.95)
        let bytes = try Dataset(
            inputs: .full([500, 1, 1, 1], 200, type: .uint8), labels: Array(repeating: 0, count: 500))
        let values = try augmented(bytes, .brightness(delta: 1)).map { $0[0] }
        #expect(values.contains(255) && values.contains(0))
        #expect(values.contains { $0 > 0 && $0 < 255 })
    }

    @Test func contrastKeepsTheMeanOfEachChannel() throws {
        let data = try images(300, [4, 4, 2], .float32)
        let factors = zip(try augmented(data, .contrast(delta: 0.5)), plain(data)).map { image, original in
            let factor = Double(image[0] - image[2]) / Double(original[0] - original[2])
            for channel in 0..<2 {
                let places = stride(from: channel, to: 32, by: 2)
                let mean = places.reduce(0) { $0 + Double(original[$1]) } / 16
                for place in places {
                    #expect(abs(Double(image[place]) - (mean + factor * (Double(original[place]) - mean))) < 1e-3)
                }
            }
            return factor
        }
        #expect(kolmogorovSmirnov(factors) { ($0 - 0.5) / 1 } < 1.95)
    }

    @Test func noiseIsNormal() throws {
        let zeros = try Dataset(inputs: .zeros([50, 400]), targets: .zeros([50, 1]))
        let values = try augmented(zeros, .noise(standardDeviation: 0.5)).flatMap { $0 }.map { Double($0) / 0.5 }
        #expect(kolmogorovSmirnov(values, normalDistribution) < 1.95)
        let bytes = try Dataset(
            inputs: .full([50, 400], 128, type: .uint8), labels: Array(repeating: 0, count: 50))
        let noise = try augmented(bytes, .noise(standardDeviation: 0.1)).flatMap { $0 }.map { Double($0) - 128 }
        let mean = noise.reduce(0, +) / 20000
        let variance = noise.reduce(0) { $0 + $1 * $1 } / 20000
        #expect(abs(mean) < 1)
        #expect(abs(variance.squareRoot() - 25.5) < 0.7)
    }

    // MARK: Mixing

    @Test(arguments: [0.2, 1, 3]) func mixupBlendsByTheTargets(alpha: Double) throws {
        let count = 200
        let data = try Dataset(
            inputs: Tensor((0..<count).flatMap { [Float($0), Float($0) * 2] }, shape: [count, 2]),
            labels: Array(0..<count))
        var shares: [Double] = []
        let mixed = try seen(
            data.batches(of: 32, epoch: 0, seed: 1, shuffled: false, augmentations: [.mixup(alpha: alpha)]))
        for (index, sample) in mixed.enumerated() {
            #expect(abs(sample.targets.reduce(0, +) - 1) < 1e-6)
            #expect(sample.targets.count { $0 != 0 } <= 2)
            let expected = sample.targets.enumerated().reduce(0) { $0 + Float($1.offset) * $1.element }
            #expect(abs(sample.pixels[0] - expected) < 1e-3)
            #expect(abs(sample.pixels[1] - 2 * expected) < 1e-3)
            shares.append(Double(sample.targets[index]))
        }
        // The sample itself may be its partner, once in 200.
        #expect(abs(shares.reduce(0, +) / Double(count) - 0.5) < 0.15)
    }

    @Test func cutmixCountsPixels() throws {
        let count = 300
        let data = try Dataset(
            inputs: Tensor((0..<count).flatMap { Array(repeating: Float($0), count: 70) }, shape: [count, 7, 10, 1]),
            labels: Array(0..<count))
        let mixed = try seen(
            data.batches(of: 32, epoch: 0, seed: 1, shuffled: false, augmentations: [.cutmix(alpha: 1)]))
        var kinds = Set<Int>()
        for sample in mixed {
            #expect(abs(sample.targets.reduce(0, +) - 1) < 1e-6)
            for (label, share) in sample.targets.enumerated() where share > 0 {
                #expect(abs(Float(sample.pixels.count { $0 == Float(label) }) / 70 - share) < 1e-6)
            }
            kinds.insert(Set(sample.pixels).count)
        }
        #expect(kinds == [1, 2])
    }

    @Test func weightsAreMixedAsLabels() throws {
        let weights = (0..<20).map { Double($0 * $0) }
        let data = try images(20).weighted(weights)
        for batch in data.batches(of: 8, epoch: 1, seed: 2, augmentations: [.mixup(alpha: 1)]) {
            let (targets, mixed) = (batch.targets.only.scalars, batch.weights?.scalars ?? [])
            #expect(mixed.count == batch.count)
            for index in 0..<batch.count {
                let expected = (0..<20).reduce(0) { $0 + Double(targets[index * 20 + $1]) * weights[$1] }
                #expect(abs(Double(mixed[index]) - expected) < 1e-3)
            }
        }
    }

    @Test func partnersComeAugmented() throws {
        // Every image is turned black before it is mixed.
        let data = try images(20, [3, 3, 1])
        let batches = data.batches(
            of: 5, epoch: 0, seed: 0, augmentations: [.cutout(size: 9), .mixup(alpha: 1)])
        for batch in batches { #expect(batch.inputs.only.scalars.allSatisfy { $0 == 0 }) }
    }
}

/// The distribution function of N(0, 1).
private func normalDistribution(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
