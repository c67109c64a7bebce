/// Image files: PNG (libpng) and JPEG (libjpeg-turbo), recognized by content.
///
/// | stored | read as |
/// |---|---|
/// | gray of 1, 2, 4, 8 or 16 bits | gray of 8 bits; 16 bits are rounded to the nearest |
/// | RGB of 8 or 16 bits, palette, YCbCr | RGB of 8 bits |
/// | CMYK, YCCK | RGB, by Adobe's convention and without a color profile |
/// | with transparency | laid over white, or dropped: see `Transparency` |
///
/// Color profiles and gamma are ignored, as other frameworks do. JPEG images are turned upright as EXIF says.
public enum ImageFile {
    /// 64 megapixels.
    public static let usualPixelLimit = 1 << 26

    /// How to decode an image.
    public struct Options: Hashable, Sendable {
        /// 1 (gray), 3 (RGB), or `nil` for what the file has.
        public var channels: Int?
        /// What transparent pixels become.
        public var transparency: Transparency
        /// The image may be decoded smaller, where that saves time (JPEG: by 2, 4 or 8), as long as it has this height and
        /// width at least.
        public var minimumSize: (height: Int, width: Int)? {
            get { minimumHeight.flatMap { height in minimumWidth.map { (height, $0) } } }
            set { (minimumHeight, minimumWidth) = (newValue?.height, newValue?.width) }
        }
        /// The largest number of pixels that the file may have; memory grows with it: up to 12 bytes a pixel meanwhile.
        public var pixelLimit: Int
        private var minimumHeight: Int?
        private var minimumWidth: Int?

        public init(
            channels: Int? = nil, transparency: Transparency = .overWhite,
            minimumSize: (height: Int, width: Int)? = nil, pixelLimit: Int = ImageFile.usualPixelLimit
        ) {
            self.channels = channels
            self.transparency = transparency
            self.pixelLimit = pixelLimit
            self.minimumSize = minimumSize
        }
    }

    /// Decodes an image.
    ///
    /// - Throws: if the file is missing, neither PNG nor JPEG, damaged or cut short, or has too many pixels; the size is
    ///   checked before memory is taken.
    public static func decode(_ path: String, _ options: Options = Options()) throws(FormatError) -> Image {
        try decode(ByteSource(path: path, content: "a PNG or JPEG image"), options)
    }

    /// Decodes an image in memory; `name` stands for it in messages.
    public static func decode(
        _ bytes: [UInt8], name: String = "image", _ options: Options = Options()
    ) throws(FormatError) -> Image {
        let isPNG = bytes.starts(with: [0x89, 0x50, 0x4e, 0x47])
        guard isPNG || bytes.starts(with: [0xff, 0xd8]) else {
            throw FormatError(
                .malformed, path: name, offset: 0, "this is not an image that can be read", expected: "PNG or JPEG",
                received: Signature.describe([UInt8](bytes.prefix(8))),
                remedy: "Convert it to PNG, or check the path.")
        }
        if let channels = options.channels, channels != 1, channels != 3 {
            var error = Image.wrongChannels(channels)
            error.path = name
            throw error
        }
        let orientation = isPNG ? .upright : Orientation(jpeg: bytes)
        let decoder = try isPNG ? ImageDecoder(png: bytes, name) : ImageDecoder(jpeg: bytes, name)
        try decoder.check(pixelLimit: options.pixelLimit)
        try decoder.shrink(options.minimumSize, isTransposed: orientation.isTransposed)
        let decoded = try decoder.read()
        let pixels = decoded.simplified(options.transparency)
        let image = Image(
            checked: pixels, decoder.height, decoder.width, pixels.count / (decoder.height * decoder.width))
        return try orientation.applied(to: image).converted(channels: options.channels ?? image.channels)
    }

    package static func decode(_ source: ByteSource, _ options: Options = Options()) throws(FormatError) -> Image {
        try decode(source.bytes(0..<source.count), name: source.path, options)
    }
}
