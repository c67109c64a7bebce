/// The width and height of a picture, in CSS pixels.
///
/// ```swift
/// let chart = Histogram("Errors", x: "Error", values: [0.1, -0.2, 0.05])
/// let svg = chart.svg(size: ChartSize(width: 320, height: 200))
/// ```
public struct ChartSize: Sendable, Hashable {
    /// `svg` draws at least 16 and at most 20 000 pixels, and 400 if the number is not finite.
    public var width: Double
    /// Limited as the width is.
    public var height: Double

    /// Creates a value; arguments set the properties of their names.
    public init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// What can be drawn: between 16 and 20 000 pixels each way.
    var drawable: ChartSize {
        func limit(_ value: Double) -> Double { value.isFinite ? min(max(value, 16), 20_000) : 400 }
        return ChartSize(width: limit(width), height: limit(height))
    }
}

/// A part of a picture, in CSS pixels; y grows downwards.
///
/// ```swift
/// let sheet = Rectangle(x: 0, y: 0, width: 560, height: 320)
/// let lower = Rectangle(x: sheet.x, y: sheet.height / 2, width: sheet.width, height: sheet.height / 2)
/// ```
public struct Rectangle: Sendable, Hashable {
    /// The left edge.
    public var x: Double
    /// The upper edge.
    public var y: Double
    /// From the left edge to the right one.
    public var width: Double
    /// From the upper edge to the lower one.
    public var height: Double

    /// A rectangle; a negative width or height becomes 0.
    public init(x: Double, y: Double, width: Double, height: Double) {
        self.x = x
        self.y = y
        self.width = max(0, width)
        self.height = max(0, height)
    }

    var right: Double { x + width }
    var bottom: Double { y + height }
    var middle: Point { Point(x: x + width / 2, y: y + height / 2) }

    /// Without a margin on each side, and never smaller than one pixel.
    func inset(left: Double = 0, top: Double = 0, right: Double = 0, bottom: Double = 0) -> Rectangle {
        Rectangle(x: x + left, y: y + top, width: max(1, width - left - right), height: max(1, height - top - bottom))
    }

    func inset(by margin: Double) -> Rectangle { inset(left: margin, top: margin, right: margin, bottom: margin) }
}

/// A place in a picture.
package struct Point: Sendable, Hashable {
    package var x: Double
    package var y: Double

    package init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }
}
