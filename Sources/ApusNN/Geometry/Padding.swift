import ApusConfiguration
import ApusGraph

/// How an image is extended before a window moves over it; along a sequence only left and right count.
///
/// ```swift
/// let valid = Conv2D(filters: 8, kernelSize: 3)                         // [28, 28, 1] → [26, 26, 8]
/// let same = Conv2D(filters: 8, kernelSize: 3, padding: .same)          // [28, 28, 1] → [28, 28, 8]
/// let wide = Conv2D(filters: 8, kernelSize: 3, padding: .explicit(2))   // [28, 28, 1] → [30, 30, 8]
/// let past = Conv1D(filters: 8, kernelSize: 3, padding: .causal)        // [28, 1] → [28, 8]
/// ```
public enum Padding: Sendable, Hashable, Codable, CustomStringConvertible {
    /// No padding: the window stays inside.
    case valid
    /// Zeros, so that the output has ⌈size / stride⌉ positions; the odd pixel at the end.
    case same
    /// Zeros before a sequence, d·(k − 1) of them for a window of k with dilation d: no output looks at a later input. Only of
    /// convolutions over sequences.
    case causal
    /// Zeros, as many as given at each edge.
    case explicit(Edges2D)

    /// Zeros, as many as given at each edge.
    public static func explicit(top: Int, left: Int, bottom: Int, right: Int) -> Padding {
        .explicit(Edges2D(top: top, left: left, bottom: bottom, right: right))
    }

    /// Reads `valid`, `same`, `causal`, or edges: `1`, `[1, 2]`, `{top: 1}`.
    public init(from decoder: any Decoder) throws {
        if let edges = try? Edges2D(from: decoder) {
            self = .explicit(edges)
            return
        }
        // What is no name either is reported as edges.
        guard let name = try? decoder.singleValueContainer().decode(String.self) else {
            self = .explicit(try Edges2D(from: decoder))
            return
        }
        switch name {
        case "valid": self = .valid
        case "same": self = .same
        case "causal": self = .causal
        default:
            throw Names.unknown("padding", name, ["valid", "same", "causal", "a number of pixels"], decoder.codingPath)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .valid: try container.encode("valid")
        case .same: try container.encode("same")
        case .causal: try container.encode("causal")
        case .explicit(let edges): try container.encode(edges)
        }
    }

    public var description: String {
        switch self {
        case .valid: "valid"
        case .same: "same"
        case .causal: "causal"
        case .explicit(let edges) where edges.both != nil: "explicit(\(edges))"
        case .explicit(let edges):
            "explicit(top: \(edges.top), left: \(edges.left), bottom: \(edges.bottom), right: \(edges.right))"
        }
    }

    /// The explicit extents, if it is they.
    var edges: [Int] { if case .explicit(let edges) = self { edges.all } else { [] } }

    func resolved(image: ImageSize, window: ImageSize, strides: ImageSize, dilation: ImageSize) -> ImagePadding {
        switch self {
        case .valid: .zero
        case .same where strides.height > 0 && strides.width > 0:
            .same(image: image, window: window, strides: strides, dilation: dilation)
        case .same: .zero
        case .causal: ImagePadding(top: 0, left: dilation.width *| (window.width -| 1), bottom: 0, right: 0)
        case .explicit(let edges): edges.imagePadding
        }
    }

    /// The same along a sequence, which is an image of height 1.
    var alongSequence: Padding {
        if case .explicit(let edges) = self {
            .explicit(top: 0, left: edges.left, bottom: 0, right: edges.right)
        } else {
            self
        }
    }
}
