import ApusConfiguration
import ApusGraph

/// Pixels at each edge of an image: `1`, `[1, 2]` (above and below, left and right), or each by itself.
///
/// ```swift
/// let all: Edges2D = 1                                // one pixel at each edge
/// let sides: Edges2D = [0, 2]                         // two at the left and at the right
/// let below = ZeroPadding2D(Edges2D(bottom: 1))       // [N, H, W, C] → [N, H + 1, W, C]
/// ```
public struct Edges2D: Sendable, Hashable, Codable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    /// Above.
    public var top: Int
    /// At the left, or at the start of a sequence.
    public var left: Int
    /// Below.
    public var bottom: Int
    /// At the right, or at the end of a sequence.
    public var right: Int

    /// Pixels at each edge.
    ///
    /// - Parameters:
    ///   - top: Pixels above.
    ///   - left: Pixels at the left.
    ///   - bottom: Pixels below.
    ///   - right: Pixels at the right.
    public init(top: Int = 0, left: Int = 0, bottom: Int = 0, right: Int = 0) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    /// As many pixels at each of the four edges.
    public init(integerLiteral value: Int) { self.init(top: value, left: value, bottom: value, right: value) }

    /// `[above and below, left and right]`, or `[all]`.
    public init(arrayLiteral elements: Int...) {
        demand((1...2).contains(elements.count), "edges are one number or [height, width], received \(elements)")
        self.init(Size2D(elements[0], elements[elements.count - 1]))
    }

    private init(_ both: Size2D) {
        self.init(top: both.height, left: both.width, bottom: both.height, right: both.width)
    }

    private enum Key: String, CodingKey, CaseIterable { case top, left, bottom, right }

    /// Reads `1`, `[1, 2]` or `{top: 1, left: 2}`; an edge that is not named is 0.
    public init(from decoder: any Decoder) throws {
        if let both = try? Size2D(from: decoder) {
            self.init(both)
            return
        }
        try Fields(decoder).checkNames(Key.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: Key.self)
        func extent(_ key: Key) throws -> Int { try container.decodeIfPresent(Int.self, forKey: key) ?? 0 }
        self.init(
            top: try extent(.top), left: try extent(.left), bottom: try extent(.bottom), right: try extent(.right))
    }

    public func encode(to encoder: any Encoder) throws {
        if let both { return try both.encode(to: encoder) }
        var container = encoder.container(keyedBy: Key.self)
        for (key, extent) in zip(Key.allCases, [top, left, bottom, right]) where extent != 0 {
            try container.encode(extent, forKey: key)
        }
    }

    /// The two numbers that say all, if opposite edges are equal.
    var both: Size2D? { top == bottom && left == right ? Size2D(top, left) : nil }

    var all: [Int] { [top, left, bottom, right] }
    var imagePadding: ImagePadding { ImagePadding(top: top, left: left, bottom: bottom, right: right) }
    /// Each axis of a batch of images.
    var axes: [(low: Int, high: Int)] { [(0, 0), (top, bottom), (left, right), (0, 0)] }
}

extension Edges2D: CustomStringConvertible {
    public var description: String {
        if let both { return both.description }
        let named = zip(Key.allCases, all).filter { $0.1 != 0 }.map { "\($0.0.rawValue): \($0.1)" }
        return "Edges2D(\(named.joined(separator: ", ")))"
    }
}

/// Elements at both ends of a sequence: `1`, or each by itself.
///
/// ```swift
/// let causal = ZeroPadding1D(Edges1D(left: 2))        // [N, L, C] → [N, L + 2, C]
/// let both = ZeroPadding1D(1)                         // one zero at each end
/// ```
public struct Edges1D: Sendable, Hashable, Codable, ExpressibleByIntegerLiteral {
    /// At the left, or at the start of a sequence.
    public var left: Int
    /// At the right, or at the end of a sequence.
    public var right: Int

    /// Elements at both ends.
    ///
    /// - Parameters:
    ///   - left: Elements before the first.
    ///   - right: Elements after the last.
    public init(left: Int = 0, right: Int = 0) {
        self.left = left
        self.right = right
    }

    /// As many elements at both ends.
    public init(integerLiteral value: Int) { self.init(left: value, right: value) }

    private enum Key: String, CodingKey, CaseIterable { case left, right }

    /// Reads `1` or `{left: 1}`; an end that is not named is 0.
    public init(from decoder: any Decoder) throws {
        if let both = try? decoder.singleValueContainer().decode(Int.self) {
            self.init(left: both, right: both)
            return
        }
        try Fields(decoder).checkNames(Key.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            left: try container.decodeIfPresent(Int.self, forKey: .left) ?? 0,
            right: try container.decodeIfPresent(Int.self, forKey: .right) ?? 0)
    }

    public func encode(to encoder: any Encoder) throws {
        if left == right {
            var container = encoder.singleValueContainer()
            return try container.encode(left)
        }
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(left, forKey: .left)
        try container.encode(right, forKey: .right)
    }
}

extension Edges1D: CustomStringConvertible {
    public var description: String { left == right ? "\(left)" : "Edges1D(left: \(left), right: \(right))" }
}
