extension Image {
    /// Reads a PNG or JPEG image, turned upright, with the channels that the file has; what is transparent is laid over white.
    ///
    /// - Throws: if the file is missing, neither PNG nor JPEG, damaged, or has more than `ImageFile.usualPixelLimit` pixels.
    public init(contentsOf path: String) throws(FormatError) { self = try ImageFile.decode(path) }

    /// Decodes a PNG or JPEG image in memory, as `init(contentsOf:)` does a file.
    public init(decoding bytes: [UInt8]) throws(FormatError) { self = try ImageFile.decode(bytes) }

    /// The image with the channels and in the size that a model takes.
    ///
    /// - Throws: for other channels than 1 or 3, and impossible sizes.
    package func fitted(height: Int, width: Int, channels: Int) throws(FormatError) -> Image {
        let image = try converted(channels: channels)
        return image.height == height && image.width == width
            ? image : try image.resized(height: height, width: width)
    }
}
