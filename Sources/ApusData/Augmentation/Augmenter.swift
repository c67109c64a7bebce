import ApusGraph
import ApusTensor

/// Makes the augmented samples of an epoch, one at a time.
final class Augmenter<P: Pixel> {
    /// One pass over the pixels.
    private struct Stage {
        /// Several where changes of geometry are one sampling.
        var steps: [Augmentation]
        /// The place of the first in the list.
        let position: Int
    }

    private let dataset: Dataset
    private let column: Column
    private let stages: [Stage]
    private let key: RandomKey
    private let size: ImageSize
    private let changes: PixelChanges<P>
    /// Only where geometry changes: its memory is many times a row of a table.
    private let sampler: AffineSampler<P>?
    /// Memory of four images for each depth of mixing: two that change places, the other sample, and the sample itself
    /// where it is not in memory.
    private let scratch: UnsafeMutablePointer<P>
    /// Whether labels are mixed.
    let mixesSamples: Bool

    /// - Parameter key: that of the epoch
    init(_ dataset: Dataset, _ column: Column, _ augmentations: [Augmentation], key: RandomKey) {
        self.dataset = dataset
        self.column = column
        self.key = key
        stages = Augmenter.stages(augmentations)
        let shape = column.row.shape
        size =
            shape.rank == 3
            ? ImageSize(height: shape[0], width: shape[1], channels: shape[2])
            : ImageSize(height: 1, width: 1, channels: shape.count)
        changes = PixelChanges(size: size)
        sampler = augmentations.contains(where: \.isGeometry) ? AffineSampler(size) : nil
        let depth = augmentations.count { $0.mixesSamples } + 1
        mixesSamples = depth > 1
        scratch = .allocate(capacity: max(1, 4 * depth * size.count))
    }

    deinit {
        scratch.deallocate()
        sampler?.deallocate()
    }

    private static func stages(_ augmentations: [Augmentation]) -> [Stage] {
        augmentations.enumerated().reduce(into: []) { stages, item in
            if item.element.isGeometry, let last = stages.last?.steps.last, last.isGeometry {
                stages[stages.count - 1].steps.append(item.element)
            } else {
                stages.append(Stage(steps: [item.element], position: item.offset))
            }
        }
    }

    /// Writes an augmented sample.
    ///
    /// - Returns: the rows that it is mixed of, with shares that sum to 1
    func render(_ sample: Int, into target: UnsafeMutableRawPointer, _ shares: inout [MixShare]) throws {
        shares.removeAll(keepingCapacity: true)
        try render(sample, through: stages.count, depth: 0, into: target.assumingMemoryBound(to: P.self), &shares)
    }

    private func render(
        _ sample: Int, through end: Int, depth: Int, into target: UnsafeMutablePointer<P>, _ shares: inout [MixShare]
    ) throws {
        let key = key.child(UInt64(sample))
        let own = shares.count
        shares.append(MixShare(row: dataset.rows[sample], share: 1))
        let images = scratch + 4 * depth * size.count
        var source = try column.pointer(dataset.rows[sample], scratch: images + 3 * size.count)
            .assumingMemoryBound(to: P.self)
        if end == 0 { changes.copy(from: source, to: target) }
        for index in 0..<end {
            let to = index == end - 1 ? target : images + (index & 1) * size.count
            let stage = stages[index]
            var draws = RandomDraws(key.child(UInt64(stage.position)))
            if stage.steps[0].mixesSamples {
                let other = draws.below(dataset.count)
                let partner = images + 2 * size.count
                let theirs = shares.count
                try render(other, through: index, depth: depth + 1, into: partner, &shares)
                let share = mix(stage.steps[0], &draws, with: partner, from: source, to: to)
                for place in own..<theirs { shares[place].share *= share }
                for place in theirs..<shares.count { shares[place].share *= 1 - share }
            } else if stage.steps[0].isGeometry {
                var map = stage.steps[0].map(&draws, size)
                for (offset, step) in stage.steps.enumerated().dropFirst() {
                    var draws = RandomDraws(key.child(UInt64(stage.position + offset)))
                    map = map.then(step.map(&draws, size))
                }
                sampler?.sample(map, from: source, to: to)
            } else {
                change(stage.steps[0], &draws, from: source, to: to)
            }
            source = UnsafePointer(to)
        }
    }

    /// Changes that leave the label as it is.
    private func change(
        _ augmentation: Augmentation, _ draws: inout RandomDraws, from source: UnsafePointer<P>,
        to target: UnsafeMutablePointer<P>
    ) {
        switch augmentation {
        case .flip(let direction, let probability):
            if draws.unit() < probability {
                changes.flip(direction, from: source, to: target)
            } else {
                changes.copy(from: source, to: target)
            }
        case .randomCrop(let padding, let mode):
            let (top, left) = (draws.below(2 * padding + 1) - padding, draws.below(2 * padding + 1) - padding)
            changes.crop(top: top, left: left, mode, from: source, to: target)
        case .brightness(let delta):
            P.kernels.scale(target, source, 1, Float(draws.within(delta)) * P.range, size.count)
        case .contrast(let delta):
            P.kernels.contrast(
                target, source, Float(1 + draws.within(delta)), size.height * size.width, size.channels)
        case .cutout(let side):
            let middle = (draws.below(size.height), draws.below(size.width))
            let region = Region(height: side, width: side, around: middle, in: size)
            changes.replace(region, by: nil, from: source, to: target)
        case .noise(let deviation):
            P.kernels.noise(target, source, draws.key(), Float(deviation) * P.range, size.count)
        case .rotation, .translation, .zoom, .mixup, .cutmix: changes.copy(from: source, to: target)
        }
    }

    /// Mixes with another sample; returns the first one's share.
    private func mix(
        _ augmentation: Augmentation, _ draws: inout RandomDraws, with other: UnsafePointer<P>,
        from source: UnsafePointer<P>, to target: UnsafeMutablePointer<P>
    ) -> Double {
        switch augmentation {
        case .cutmix(let alpha):
            let side = (1 - draws.beta(alpha)).squareRoot()
            let middle = (draws.below(size.height), draws.below(size.width))
            let region = Region(
                height: Int(side * Double(size.height)), width: Int(side * Double(size.width)), around: middle,
                in: size)
            changes.replace(region, by: other, from: source, to: target)
            return 1 - region.share(of: size)
        case .mixup(let alpha):
            let share = draws.beta(alpha)
            P.kernels.blend(target, source, other, Float(share), size.count)
            return share
        default: return 1
        }
    }
}

/// How much of a sample comes from a row of memory.
struct MixShare {
    let row: Int
    var share: Double
}

extension Augmentation {
    /// Whether it moves pixels to places between others.
    var isGeometry: Bool {
        switch self {
        case .rotation, .translation, .zoom: true
        default: false
        }
    }

    /// A random transformation.
    func map(_ draws: inout RandomDraws, _ size: ImageSize) -> AffineMap {
        switch self {
        case .rotation(let degrees): .rotation(degrees: draws.within(degrees))
        case .translation(let fraction):
            .translation(
                x: draws.within(fraction) * Double(size.width), y: draws.within(fraction) * Double(size.height))
        case .zoom(let range): .zoom(1 + draws.within(range))
        default: .identity
        }
    }
}
