import ApusGraph

/// Height and width of a window or its steps: `5` or `[5, 3]`.
public struct Size2D: Sendable, Hashable, Codable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    public var height: Int
    public var width: Int

    public init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
    }

    public init(integerLiteral value: Int) { self.init(value, value) }

    /// `[height, width]`, or `[both]`.
    public init(arrayLiteral elements: Int...) {
        precondition((1...2).contains(elements.count), "a size is one number or [height, width], received \(elements)")
        self.init(elements[0], elements[elements.count - 1])
    }

    public init(from decoder: any Decoder) throws {
        if let both = try? decoder.singleValueContainer().decode(Int.self) {
            self.init(both, both)
            return
        }
        let values = try decoder.singleValueContainer().decode([Int].self)
        guard values.count == 2 else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath, debugDescription: "expected a number or [height, width] but received \(values)"))
        }
        self.init(values[0], values[1])
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if height == width { try container.encode(height) } else { try container.encode([height, width]) }
    }

    var imageSize: ImageSize { ImageSize(height: height, width: width) }
}

extension Size2D: CustomStringConvertible {
    public var description: String { height == width ? "\(height)" : "[\(height), \(width)]" }
}

/// How an image is extended before a window moves over it.
public enum Padding: Sendable, Hashable, Codable {
    /// Not at all: the window stays inside.
    case valid
    /// So that the output has ⌈size / stride⌉ positions; the odd pixel at the end.
    case same
    /// By as many pixels at each side.
    case explicit(top: Int, left: Int, bottom: Int, right: Int)

    func resolved(image: ImageSize, window: ImageSize, strides: ImageSize, dilation: ImageSize) -> ImagePadding {
        switch self {
        case .valid: .zero
        case .same where strides.height > 0 && strides.width > 0:
            .same(image: image, window: window, strides: strides, dilation: dilation)
        case .same: .zero
        case .explicit(let top, let left, let bottom, let right):
            ImagePadding(top: top, left: left, bottom: bottom, right: right)
        }
    }
}
