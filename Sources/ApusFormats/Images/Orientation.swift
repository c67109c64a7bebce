/// How an image must be turned to stand upright: the tag 0x0112 of EXIF 2.3.
enum Orientation: UInt8 {
    case upright = 1
    case mirrored, turned180, mirroredTurned180
    case mirroredTurned270, turned90, mirroredTurned90, turned270

    /// Whether height and width change places.
    var isTransposed: Bool { rawValue >= 5 }

    /// The orientation that a JPEG file notes; whatever is damaged there counts as none.
    init(jpeg bytes: [UInt8]) {
        self = .upright
        var index = 2
        // Segments stand one behind another, up to the start of the scan.
        while index + 4 <= bytes.count, bytes[index] == 0xff, bytes[index + 1] != 0xda {
            let marker = bytes[index + 1]
            if marker == 0xff {
                index += 1
                continue
            }
            let end = index + 2 + Int(bytes[index + 2]) << 8 + Int(bytes[index + 3])
            guard end <= bytes.count, end >= index + 4 else { return }
            if marker == 0xe1, bytes[(index + 4)..<end].starts(with: Array("Exif\0\0".utf8)) {
                self = Orientation.tag(in: bytes[(index + 10)..<end]).flatMap(Orientation.init) ?? .upright
                return
            }
            index = end
        }
    }

    /// Looks into the first directory of TIFF data.
    private static func tag(in data: ArraySlice<UInt8>) -> UInt8? {
        let isBig = data.starts(with: Array("MM".utf8))
        guard isBig || data.starts(with: Array("II".utf8)) else { return nil }
        func number(_ offset: Int, _ count: Int) -> Int? {
            guard offset >= 0, offset + count <= data.count else { return nil }
            let bytes = data[(data.startIndex + offset)..<(data.startIndex + offset + count)]
            return isBig ? bytes.reduce(0) { $0 << 8 | Int($1) } : bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        guard let directory = number(4, 4), let count = number(directory, 2) else { return nil }
        for entry in 0..<count {
            let place = directory + 2 + 12 * entry
            guard let tag = number(place, 2) else { return nil }
            // One number of 16 bits.
            if tag == 0x0112, number(place + 2, 2) == 3 {
                return number(place + 8, 2).map { UInt8(truncatingIfNeeded: $0) }
            }
        }
        return nil
    }

    /// The image, upright.
    func applied(to image: Image) -> Image {
        guard self != .upright else { return image }
        let (height, width) = isTransposed ? (image.width, image.height) : (image.height, image.width)
        let channels = image.channels
        var pixels: [UInt8] = []
        pixels.reserveCapacity(image.pixels.count)
        for y in 0..<height {
            for x in 0..<width {
                let (row, column) = source(y, x, image.height - 1, image.width - 1)
                let start = (row * image.width + column) * channels
                for channel in 0..<channels { pixels.append(image.pixels[start + channel]) }
            }
        }
        return Image(checked: pixels, height, width, channels)
    }

    /// Where the pixel of a place in the upright image is stored.
    private func source(_ y: Int, _ x: Int, _ bottom: Int, _ right: Int) -> (row: Int, column: Int) {
        switch self {
        case .upright: (y, x)
        case .mirrored: (y, right - x)
        case .turned180: (bottom - y, right - x)
        case .mirroredTurned180: (bottom - y, x)
        case .mirroredTurned270: (x, y)
        case .turned90: (bottom - x, y)
        case .mirroredTurned90: (bottom - x, right - y)
        case .turned270: (x, right - y)
        }
    }
}
