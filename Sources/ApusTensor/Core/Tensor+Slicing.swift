import ApusGraph

/// What can stand between the brackets of `tensor[…]`: a number, a range, a range with steps, `.all`, `.newAxis`.
///
/// ```swift
/// let x = Tensor.arange(12).reshaped(to: [3, 4])
/// let row = x[0]                      // [4]
/// let block = x[1..., 0..<2]          // [2, 2]
/// let last = x[TensorSlice.all, -1]   // [3]
/// ```
public protocol TensorIndex {
    /// What the index takes of its axis.
    var tensorIndex: TensorSlice { get }
}

/// The part of an axis that an index takes.
///
/// ```swift
/// let image = Tensor.uniform([28, 28, 1], key: RandomKey(seed: 0))
/// let half = image[TensorSlice.every(2), TensorSlice.every(2)]   // [14, 14, 1]
/// let batch = image[TensorSlice.newAxis]                         // [1, 28, 28, 1]
/// let channel = image[TensorSlice.ellipsis, 0]                   // [28, 28]
/// ```
public enum TensorSlice: TensorIndex, Sendable {
    /// One element; the axis vanishes. Negative numbers count from the end.
    case element(Int)
    /// Elements from `start` (or the first) up to, not including, `end` (or to the last), every `step`-th.
    case range(Int?, Int?, step: Int)
    /// A new axis of extent 1.
    case newAxis
    /// As many whole axes as are left.
    case ellipsis

    /// The whole axis.
    public static let all = TensorSlice.range(nil, nil, step: 1)

    /// Every `step`-th element.
    public static func every(_ step: Int, from start: Int? = nil, to end: Int? = nil) -> TensorSlice {
        .range(start, end, step: step)
    }

    public var tensorIndex: TensorSlice { self }

    /// Where a range ends that includes a position: at the axis' end after the last one, −1.
    fileprivate static func end(after position: Int) -> Int? {
        position == -1 || position == .max ? nil : position + 1
    }
}

extension Int: TensorIndex {
    public var tensorIndex: TensorSlice { .element(self) }
}

extension Range<Int>: TensorIndex {
    public var tensorIndex: TensorSlice { .range(lowerBound, upperBound, step: 1) }
}

extension ClosedRange<Int>: TensorIndex {
    public var tensorIndex: TensorSlice { .range(lowerBound, TensorSlice.end(after: upperBound), step: 1) }
}

extension PartialRangeFrom<Int>: TensorIndex {
    public var tensorIndex: TensorSlice { .range(lowerBound, nil, step: 1) }
}

extension PartialRangeUpTo<Int>: TensorIndex {
    public var tensorIndex: TensorSlice { .range(nil, upperBound, step: 1) }
}

extension PartialRangeThrough<Int>: TensorIndex {
    public var tensorIndex: TensorSlice { .range(nil, TensorSlice.end(after: upperBound), step: 1) }
}

extension Tensor {
    /// A part of the tensor, as in NumPy: one index an axis, missing ones take the whole axis.
    public subscript(indices: any TensorIndex...) -> Tensor { sliced(indices.map(\.tensorIndex)) }

    private func sliced(_ indices: [TensorSlice]) -> Tensor {
        func isEllipsis(_ index: TensorSlice) -> Bool { if case .ellipsis = index { true } else { false } }
        func isNewAxis(_ index: TensorSlice) -> Bool { if case .newAxis = index { true } else { false } }
        func problem(_ message: String) -> Tensor { invalid(message, in: "subscript") }

        let named = indices.filter { !isEllipsis($0) && !isNewAxis($0) }.count
        guard named <= rank else { return problem("\(named) indices for the \(rank) axes of shape \(shape)") }
        var expanded = indices
        if let position = indices.firstIndex(where: isEllipsis) {
            expanded.replaceSubrange(position...position, with: Array(repeating: .all, count: rank - named))
            guard !expanded.contains(where: isEllipsis) else { return problem("only one ellipsis fits") }
        } else {
            expanded += Array(repeating: .all, count: rank - named)
        }

        var slices: [AxisSlice] = []
        var result: [Int] = []
        for index in expanded {
            let axis = slices.count
            switch index {
            case .newAxis: result.append(1)
            case .ellipsis: break
            case .element(let number):
                let position = number < 0 ? number + shape[axis] : number
                guard (0..<shape[axis]).contains(position) else {
                    return problem("index \(number) is outside axis \(axis) of shape \(shape)")
                }
                slices.append(AxisSlice(start: position, count: 1))
            case .range(let first, let last, let step):
                guard step > 0 else {
                    return problem("the step must be positive, received \(step); use reversed(axes:)")
                }
                func bounded(_ bound: Int) -> Int {
                    Swift.min(Swift.max(bound < 0 ? bound + shape[axis] : bound, 0), shape[axis])
                }
                let (start, end) = (bounded(first ?? 0), bounded(last ?? shape[axis]))
                let count = start < end ? (end - start - 1) / step + 1 : 0
                slices.append(AxisSlice(start: start, count: count, stride: step))
                result.append(count)
            }
        }
        return Tensor(.slice(slices), [node]).reshaped(to: Shape(result))
    }
}
