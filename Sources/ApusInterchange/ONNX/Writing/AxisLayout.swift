import ApusGraph

/// The extent of an axis: a number, or a multiple of the number of samples.
enum AxisExtent: Hashable, Sendable {
    case fixed(Int)
    case samples(Int)

    var isOne: Bool { self == .fixed(1) }

    var isFixed: Bool {
        if case .fixed = self { true } else { false }
    }

    /// The factor beside the number of samples, if there is one.
    var factor: Int {
        switch self {
        case .fixed(let count), .samples(let count): count
        }
    }
}

extension [AxisExtent] {
    /// The product.
    var product: AxisExtent {
        let factor = map(\.factor).product
        return allSatisfy(\.isFixed) ? .fixed(factor) : .samples(factor)
    }

    /// The extents without the number of samples; `nil` where it is part of one.
    var fixedShape: Shape? { allSatisfy(\.isFixed) ? Shape(map(\.factor)) : nil }
}

/// How the axes of a tensor of Apus lie in a tensor of ONNX.
///
/// Each axis of Apus is a product of parts, and each axis of ONNX, too: images [N, H, W, C] that lie as [N, C, H, W] have four parts.
/// Whatever only renames, joins or divides axes (transpositions, most reshapes) changes the layout and needs no node; nodes that move
/// elements are written where an operator needs another layout.
struct AxisLayout: Hashable, Sendable {
    /// The parts in the order of Apus's axes; none has the extent 1.
    private(set) var parts: [AxisExtent]
    /// How many parts each axis of Apus has; one of extent 1 has none.
    private(set) var counts: [Int]
    /// The axes of ONNX: the numbers of their parts, outermost first; none for the extent 1.
    var axes: [[Int]]

    /// The axes of ONNX are those of Apus.
    init(_ shape: [AxisExtent]) {
        parts = shape.filter { !$0.isOne }
        counts = shape.map { $0.isOne ? 0 : 1 }
        axes = []
        axes = counts.indices.map { Array(range($0)) }
    }

    init(parts: [AxisExtent], counts: [Int], axes: [[Int]]) {
        self.parts = parts
        self.counts = counts
        self.axes = axes
    }

    /// The number of Apus's axes.
    var rank: Int { counts.count }

    /// The parts of one of Apus's axes.
    func range(_ axis: Int) -> Range<Int> {
        let start = counts[..<axis].reduce(0, +)
        return start..<(start + counts[axis])
    }

    /// The parts of one of Apus's axes.
    func group(_ axis: Int) -> [Int] { Array(range(axis)) }

    /// The axes of ONNX that would be those of Apus.
    var natural: [[Int]] { counts.indices.map(group) }

    /// The extent of some parts together.
    func extent(_ group: [Int]) -> AxisExtent { group.map { parts[$0] }.product }

    /// The extents of ONNX's axes.
    var extents: [AxisExtent] { axes.map(extent) }

    /// The extents of Apus's axes.
    var shape: [AxisExtent] { natural.map(extent) }

    // MARK: Changes that move nothing

    /// Divides a part in two.
    mutating func split(_ part: Int, outer: Int) {
        guard case .fixed(let extent) = parts[part] else { preconditionFailure("only a number can be divided") }
        var axis = 0
        while !range(axis).contains(part) { axis += 1 }
        parts.replaceSubrange(part...part, with: [.fixed(outer), .fixed(extent / outer)])
        counts[axis] += 1
        axes = axes.map { group in
            group.flatMap { $0 < part ? [$0] : $0 == part ? [part, part + 1] : [$0 + 1] }
        }
    }

    /// The axes of Apus in another order.
    func transposed(_ permutation: [Int]) -> AxisLayout {
        let order = permutation.flatMap(group)
        return AxisLayout(
            parts: order.map { parts[$0] }, counts: permutation.map { counts[$0] },
            axes: axes.map { group in group.map { order.firstIndex(of: $0)! } })
    }

    /// The same elements in Apus's order under another shape; `nil` where a part would have to be cut in a way that it can't.
    func reshaped(_ shape: [AxisExtent]) -> AxisLayout? {
        var result = self
        var (next, counts) = (0, [Int]())
        for extent in shape {
            var (rest, lacksSamples, count) = (extent.factor, !extent.isFixed, 0)
            while rest > 1 || lacksSamples {
                guard next < result.parts.count else { return nil }
                switch result.parts[next] {
                case .samples(let factor):
                    guard lacksSamples, rest % factor == 0 else { return nil }
                    lacksSamples = false
                    rest /= factor
                case .fixed(let extent) where rest % extent == 0: rest /= extent
                case .fixed(let extent) where rest > 1 && extent % rest == 0:
                    result.split(next, outer: rest)
                    rest = 1
                case .fixed: return nil
                }
                next += 1
                count += 1
            }
            counts.append(count)
        }
        guard next == result.parts.count else { return nil }
        result.counts = counts
        return result
    }

    /// The layout of a tensor with axes of extent 1 before the others, as broadcasting adds them.
    func leading(rank: Int) -> AxisLayout {
        AxisLayout(parts: parts, counts: Array(repeating: 0, count: rank - self.rank) + counts, axes: axes)
    }

    // MARK: Changes of extents

    /// Without some of Apus's axes, which are reduced to one element: axes of ONNX stay.
    func removing(_ removed: [Int]) -> AxisLayout {
        let kept = counts.indices.filter { !removed.contains($0) }
        let order = kept.flatMap(group)
        return AxisLayout(
            parts: order.map { parts[$0] }, counts: kept.map { counts[$0] },
            axes: axes.map { $0.compactMap { order.firstIndex(of: $0) } })
    }

    /// An axis with another extent, which is an axis of ONNX, too.
    func replacing(_ axis: Int, at place: Int, by extent: AxisExtent) -> AxisLayout {
        let old = range(axis)
        let added = extent.isOne ? 0 : 1
        var result = self
        result.parts.replaceSubrange(old, with: extent.isOne ? [] : [extent])
        result.counts[axis] = added
        result.axes = axes.map { $0.map { $0 >= old.upperBound ? $0 - old.count + added : $0 } }
        result.axes[place] = extent.isOne ? [] : [old.lowerBound]
        return result
    }

    /// Divides the parts of an axis so that they are those of an axis of another layout; `false` where they can't be the same.
    static func refine(
        _ a: inout AxisLayout, _ axis: Int, _ b: inout AxisLayout, _ other: Int
    ) -> Bool {
        var place = 0
        while true {
            let (left, right) = (a.range(axis), b.range(other))
            if place == left.count || place == right.count { return left.count == right.count }
            let (i, j) = (left.lowerBound + place, right.lowerBound + place)
            switch (a.parts[i], b.parts[j]) {
            case (let left, let right) where left == right: break
            case (.fixed(let left), .fixed(let right)) where left % right == 0: a.split(i, outer: right)
            case (.fixed(let left), .fixed(let right)) where right % left == 0: b.split(j, outer: left)
            default: return false
            }
            place += 1
        }
    }
}

extension [[Int]] {
    /// The groups, cut wherever neighbours differ in a property.
    func divided<Key: Equatable>(by key: (Int) -> Key) -> [[Int]] {
        flatMap { group -> [[Int]] in
            var runs: [[Int]] = group.isEmpty ? [[]] : []
            for part in group {
                if let last = runs.last?.last, key(last) == key(part) {
                    runs[runs.count - 1].append(part)
                } else {
                    runs.append([part])
                }
            }
            return runs
        }
    }

    /// The groups without empty ones before the first other one.
    var withoutLeadingOnes: [[Int]] { Array(drop(while: \.isEmpty)) }
}
