public import ApusGraph

/// An image of 8 bits a sample, gray or RGB.
///
/// ```swift
/// let image = try Image(contentsOf: "shoe.png")
/// print(image.height, image.width, image.channels, image.pixels[0])
/// ```
public struct Image: Hashable, Sendable {
    /// In pixels.
    public let height: Int
    /// In pixels.
    public let width: Int
    /// 1: gray; 3: red, green, blue.
    public let channels: Int
    /// The samples, `[height, width, channels]`, row by row from the top.
    public let pixels: [UInt8]

    /// An image of samples that are at hand.
    ///
    /// - Throws: unless there are 1 or 3 channels, at least one pixel, and height × width × channels samples.
    public init(height: Int, width: Int, channels: Int, pixels: [UInt8]) throws(FormatError) {
        guard channels == 1 || channels == 3 else { throw Image.wrongChannels(channels) }
        guard height > 0, width > 0, let count = Extent.count([height, width, channels]), count == pixels.count else {
            throw FormatError(
                .mismatch, path: "", "the number of samples does not fit the image's size",
                expected:
                    "height × width × channels samples for [\(height), \(width), \(channels)], at least one pixel",
                received: "\(pixels.count)", remedy: "Give the size that the image has.")
        }
        self.init(checked: pixels, height, width, channels)
    }

    init(checked pixels: [UInt8], _ height: Int, _ width: Int, _ channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
        self.pixels = pixels
    }

    /// `[height, width, channels]`.
    public var shape: Shape { [height, width, channels] }

    static func wrongChannels(_ channels: Int) -> FormatError {
        FormatError(
            .mismatch, path: "", "images have 1 or 3 channels", expected: "1 (gray) or 3 (RGB)",
            received: "\(channels)",
            remedy: "Ask for 1 or 3 channels.")
    }
}
