/// The part of one axis that a slice takes.
package struct AxisSlice: Hashable, Sendable {
    /// The index of the first element.
    package var start: Int
    /// The number of elements.
    package var count: Int
    /// The distance between elements, from 1.
    package var stride: Int

    package init(start: Int, count: Int, stride: Int = 1) {
        self.start = start
        self.count = count
        self.stride = stride
    }
}

/// How many elements are put before and after an axis.
package struct AxisPadding: Hashable, Sendable {
    /// Before the first element.
    package var low: Int
    /// After the last element.
    package var high: Int

    package init(low: Int, high: Int) {
        self.low = low
        self.high = high
    }
}

/// Height and width.
package struct ImageSize: Hashable, Sendable {
    /// Along the second axis of images [N, H, W, C].
    package var height: Int
    /// Along the third axis of images [N, H, W, C].
    package var width: Int

    package init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }
}

/// Zero padding around an image.
package struct ImagePadding: Hashable, Sendable {
    /// Rows above.
    package var top: Int
    /// Columns at the left.
    package var left: Int
    /// Rows below.
    package var bottom: Int
    /// Columns at the right.
    package var right: Int

    package init(top: Int, left: Int, bottom: Int, right: Int) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    /// No padding.
    package static let zero = ImagePadding(top: 0, left: 0, bottom: 0, right: 0)

    /// The padding with which a window of stride `strides` has ⌈size / stride⌉ positions; the odd pixel goes to the end,
    /// as in Keras.
    package static func same(image: ImageSize, window: ImageSize, strides: ImageSize, dilation: ImageSize)
        -> ImagePadding
    {
        func total(_ size: Int, _ window: Int, _ stride: Int, _ dilation: Int) -> Int {
            max(0, ((size -| 1) / stride) *| stride +| (window -| 1) *| dilation +| 1 -| size)
        }
        let vertical = total(image.height, window.height, strides.height, dilation.height)
        let horizontal = total(image.width, window.width, strides.width, dilation.width)
        return ImagePadding(
            top: vertical / 2, left: horizontal / 2, bottom: vertical - vertical / 2, right: horizontal - horizontal / 2
        )
    }
}

/// How a convolution's window moves.
package struct ConvolutionGeometry: Hashable, Sendable {
    /// The steps between windows, from 1.
    package var strides: ImageSize
    /// The zeros around the image.
    package var padding: ImagePadding
    /// The distance between the pixels of a window, from 1.
    package var dilation: ImageSize
    /// The number of parts that channels are divided into; each part of the outputs sees one part of the inputs.
    package var groups: Int

    package init(
        strides: ImageSize = ImageSize(height: 1, width: 1), padding: ImagePadding = .zero,
        dilation: ImageSize = ImageSize(height: 1, width: 1), groups: Int = 1
    ) {
        self.strides = strides
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
    }

    /// The size of the output image: ⌊(n + p − d·(f − 1) − 1) / s⌋ + 1 along each axis; `nil` if the window does not fit.
    package func output(image: ImageSize, window: ImageSize) -> ImageSize? {
        let height = image.height +| padding.top +| padding.bottom -| dilation.height *| (window.height -| 1) -| 1
        let width = image.width +| padding.left +| padding.right -| dilation.width *| (window.width -| 1) -| 1
        guard height >= 0, width >= 0 else { return nil }
        return ImageSize(height: height / strides.height +| 1, width: width / strides.width +| 1)
    }
}

/// How a pooling window moves.
package struct PoolGeometry: Hashable, Sendable {
    /// The size of the window.
    package var window: ImageSize
    /// The steps between windows, from 1.
    package var strides: ImageSize
    /// What lies around the image, at each edge less than the window.
    package var padding: ImagePadding
    /// Whether an incomplete window at the end counts (output size rounded up).
    package var ceilMode: Bool
    /// Whether padding counts in the divisor of an average.
    package var countsPadding: Bool

    package init(
        window: ImageSize, strides: ImageSize, padding: ImagePadding = .zero, ceilMode: Bool = false,
        countsPadding: Bool = false
    ) {
        self.window = window
        self.strides = strides
        self.padding = padding
        self.ceilMode = ceilMode
        self.countsPadding = countsPadding
    }

    /// The size of the output image; `nil` if the window does not fit.
    package func output(image: ImageSize) -> ImageSize? {
        func extent(_ size: Int, _ window: Int, _ stride: Int, _ before: Int, _ after: Int) -> Int? {
            let room = size +| before +| after -| window
            guard room >= 0 else { return nil }
            guard ceilMode else { return room / stride +| 1 }
            let count = (room +| (stride -| 1)) / stride +| 1
            // The last window must start inside the image or the padding before it.
            return (count - 1) *| stride >= size +| before ? count - 1 : count
        }
        guard
            let height = extent(image.height, window.height, strides.height, padding.top, padding.bottom),
            let width = extent(image.width, window.width, strides.width, padding.left, padding.right)
        else { return nil }
        return ImageSize(height: height, width: width)
    }
}
