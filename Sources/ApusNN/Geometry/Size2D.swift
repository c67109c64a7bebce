import ApusGraph

/// Height and width of a window or its steps: `5` or `[5, 3]`.
///
/// ```swift
/// let square = MaxPool2D(2)             // 2 × 2
/// let flat = MaxPool2D([1, 4])          // 1 high, 4 wide
/// let size = Size2D(5, 3)
/// print(size.height, size.width)        // 5 3
/// ```
public struct Size2D: Sendable, Hashable, Codable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    /// Along the first axis of an image.
    public var height: Int
    /// Along the second axis of an image.
    public var width: Int

    /// A height and a width, in pixels.
    ///
    /// - Parameters:
    ///   - height: The extent from top to bottom.
    ///   - width: The extent from left to right.
    public init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
    }

    /// One extent for height and width.
    public init(integerLiteral value: Int) { self.init(value, value) }

    /// `[height, width]`, or `[both]`.
    public init(arrayLiteral elements: Int...) {
        demand((1...2).contains(elements.count), "a size is one number or [height, width], received \(elements)")
        self.init(elements[0], elements[elements.count - 1])
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let both = try? container.decode(Int.self) {
            self.init(both, both)
        } else if let values = try? container.decode([Int].self), values.count == 2 {
            self.init(values[0], values[1])
        } else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected a number or [height, width]")
        }
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
