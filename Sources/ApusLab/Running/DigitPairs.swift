import Apus
import Synchronization

/// Digits that are there twice: as MNIST has them, 28 × 28, and made smaller to 20 × 20, as OpenCV's sheet has them. Sorted by class, as many
/// of each; the same place is the same digit.
struct DigitPairs {
    static let side = 28
    static let smallSide = 20

    /// Digits of each class.
    let perClass: Int
    /// 28 × 28 pixels each.
    let large: [[UInt8]]
    /// 20 × 20 pixels each.
    let small: [[UInt8]]

    private static let known = Mutex<DigitPairs?>(nil)

    /// MNIST 5k and the sheet.
    ///
    /// - Throws: `LabError` if a file is missing or holds something else.
    static func fetched() throws -> DigitPairs {
        try known.withLock { known in
            if let known { return known }
            if let problem = LabFile.problem([.mnist, .digits]) { throw problem }
            let pairs = DigitPairs(perClass: 500, large: try mnist(), small: try sheet())
            known = pairs
            return pairs
        }
    }

    /// A few images of Fashion-MNIST in the place of digits, for runs that only try whether everything works.
    static func standIns(perClass: Int) throws -> DigitPairs {
        let clothes = try LabData.fashionMNIST().training.prefix(40 * perClass)
        let (inputs, labels) = try LabData.arrays(clothes, isScaled: false)
        let (pixels, size) = (inputs.cast(to: .float32).scalars.map { UInt8($0) }, side * side)
        let large = (0..<10).flatMap { label in
            labels.indices.filter { labels[$0] == label }.prefix(perClass).map {
                Array(pixels[(size * $0)..<(size * ($0 + 1))])
            }
        }
        return DigitPairs(
            perClass: perClass, large: large, small: large.map { shrunk($0).map { UInt8($0.rounded()) } })
    }

    // MARK: Data sets

    /// Some of the digits, [28, 28, 1], as MNIST has them.
    func mnist(_ places: [Int]) throws -> Dataset { try dataset(places, large) }

    /// Some of the digits as the sheet has them, [28, 28, 1] with a margin of four pixels.
    func sheet(_ places: [Int]) throws -> Dataset { try dataset(places, small.map(DigitPairs.padded)) }

    private func dataset(_ places: [Int], _ images: [[UInt8]]) throws -> Dataset {
        let side = DigitPairs.side
        return try Dataset(
            inputs: Tensor(bytes: places.flatMap { images[$0] }, TensorType([places.count, side, side, 1], .uint8)),
            labels: places.map { $0 / perClass }, classNames: (0..<10).map(String.init), preprocessing: .unitRange)
    }

    // MARK: Images

    /// A small image with a margin of four pixels.
    static func padded(_ small: [UInt8]) -> [UInt8] {
        var large = [UInt8](repeating: 0, count: side * side)
        for y in 0..<smallSide {
            for x in 0..<smallSide { large[(y + 4) * side + x + 4] = small[y * smallSide + x] }
        }
        return large
    }

    /// A large image made smaller: each pixel is the mean of the 1.4 × 1.4 pixels in its place.
    static func shrunk(_ large: [UInt8]) -> [Double] {
        let step = Double(side) / Double(smallSide)
        // How much of each large pixel lies within a small one.
        let shares = (0..<smallSide).map { place in
            let (start, end) = (Double(place) * step, Double(place + 1) * step)
            return (0..<side).map { other in
                let common = min(end, Double(other + 1)) - max(start, Double(other))
                return max(0, common) / step
            }
        }
        var rows = [Double](repeating: 0, count: smallSide * side)
        for y in 0..<smallSide {
            for other in 0..<side where shares[y][other] > 0 {
                for x in 0..<side { rows[y * side + x] += shares[y][other] * Double(large[other * side + x]) }
            }
        }
        var small = [Double](repeating: 0, count: smallSide * smallSide)
        for x in 0..<smallSide {
            for other in 0..<side where shares[x][other] > 0 {
                for y in 0..<smallSide { small[y * smallSide + x] += shares[x][other] * rows[y * side + other] }
            }
        }
        return small
    }

    // MARK: Files

    private static func mnist() throws -> [[UInt8]] {
        let file = LabFile.mnist
        var (images, row, number): ([[UInt8]], [UInt8], Int?) = ([], [], nil)
        for byte in try file.bytes() {
            switch byte {
            case 0x30...0x39: number = min(10 * (number ?? 0) + Int(byte - 0x30), 1000)
            case 0x0d: break
            case 0x2c, 0x0a:
                guard let value = number, value <= 255 else {
                    throw file.malformed("expected numbers from 0 to 255 in row \(images.count + 1)")
                }
                row.append(UInt8(value))
                number = nil
                guard byte == 0x0a else { continue }
                // The last number of a row is the class.
                guard row.count == side * side + 1, row.last.map(Int.init) == images.count / 500 else {
                    throw file.malformed(
                        "expected 784 pixels and the class \(images.count / 500) in row \(images.count + 1)")
                }
                images.append(Array(row.dropLast()))
                row = []
            default: throw file.malformed("row \(images.count + 1) has other characters than digits and commas")
            }
        }
        guard images.count == 5000 else { throw file.malformed("expected 5000 rows but received \(images.count)") }
        return images
    }

    /// The sheet has five rows of a hundred digits for each class.
    private static func sheet() throws -> [[UInt8]] {
        let file = LabFile.digits
        let sheet = try Image(decoding: try file.bytes())
        guard sheet.height == 50 * smallSide, sheet.width == 100 * smallSide, sheet.channels == 1 else {
            throw file.malformed("expected 1000 × 2000 gray pixels but received \(sheet.shape)")
        }
        return (0..<5000).map { place in
            let (top, left) = (place / 100 * smallSide, place % 100 * smallSide)
            return (0..<smallSide).flatMap { y in
                let start = (top + y) * sheet.width + left
                return sheet.pixels[start..<(start + smallSide)]
            }
        }
    }
}
