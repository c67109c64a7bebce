extension Image {
    /// The middle of the image; of two middles, the upper and the left (as in Keras).
    ///
    /// - Throws: if the image is smaller.
    public func centerCropped(height: Int, width: Int) throws(FormatError) -> Image {
        guard (1...self.height).contains(height), (1...self.width).contains(width) else {
            throw FormatError(
                .mismatch, path: "", "the middle that is asked for does not fit into the image",
                expected: "at most \(self.height) × \(self.width) (height × width)", received: "\(height) × \(width)",
                remedy: "Resize the image first, or ask for less.")
        }
        let top = (self.height - height) / 2
        let left = (self.width - width) / 2
        var result: [UInt8] = []
        result.reserveCapacity(height * width * channels)
        for row in top..<top + height {
            let start = (row * self.width + left) * channels
            result += pixels[start..<start + width * channels]
        }
        return Image(checked: result, height, width, channels)
    }
}
