import ApusGraph

/// The binary version of CIFAR-10 and CIFAR-100 (https://www.cs.toronto.edu/~kriz/cifar.html).
///
/// A file is a row of records without a header: one label (CIFAR-10) or a coarse and a fine label (CIFAR-100), a byte each,
/// and 3072 bytes of an image of 32 × 32 pixels, red, green, blue one behind another.
public enum CIFAR: Hashable, CaseIterable, Sendable {
    case cifar10
    case cifar100

    /// The height and width of the images.
    public static let size = 32

    /// Images and their labels.
    public struct Part: Hashable, Sendable {
        /// `uint8` `[count, 32, 32, 3]`.
        public let images: NumericArray
        /// `uint8` `[count]`; the fine labels of CIFAR-100.
        public let labels: NumericArray
        /// The coarse labels of CIFAR-100.
        public let coarseLabels: NumericArray?

        /// The number of images.
        public var count: Int { labels.count }
    }

    /// The number of classes; of CIFAR-100 the fine ones.
    public var classCount: Int { self == .cifar10 ? 10 : 100 }

    /// Reads some files as one part.
    ///
    /// - Throws: if a file is missing, its size is not a multiple of a record's, or a label is out of range; files are
    ///   checked before memory is taken.
    public func read(_ paths: [String]) throws(FormatError) -> Part {
        var sources: [ByteSource] = []
        for path in paths { sources.append(try ByteSource(path: path, content: "a binary file of \(self)")) }
        return try read(sources)
    }

    package func read(_ sources: [ByteSource]) throws(FormatError) -> Part {
        var count = 0
        for source in sources { count += try recordCount(source) }
        var labels: [UInt8] = []
        var coarse: [UInt8] = []
        labels.reserveCapacity(count)
        if self == .cifar100 { coarse.reserveCapacity(count) }
        var failure: FormatError?
        let pixels = [UInt8](unsafeUninitializedCapacity: count * CIFAR.pixelByteCount) { buffer, initialized in
            do throws(FormatError) {
                var rest = UnsafeMutableBufferPointer(rebasing: buffer[..<(count * CIFAR.pixelByteCount)])
                for source in sources { try read(source, &rest, &labels, &coarse) }
                initialized = count * CIFAR.pixelByteCount
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return Part(
            images: try NumericArray(
                shape: [count, CIFAR.size, CIFAR.size, 3], elementType: .uint8, bytes: pixels),
            labels: try NumericArray(shape: [count], elementType: .uint8, bytes: labels),
            coarseLabels: self == .cifar10
                ? nil : try NumericArray(shape: [count], elementType: .uint8, bytes: coarse))
    }
}

extension CIFAR: CustomStringConvertible {
    public var description: String { self == .cifar10 ? "CIFAR-10" : "CIFAR-100" }
}

extension CIFAR {
    private static let pixelByteCount = 3 * size * size

    private var labelCounts: [Int] { self == .cifar10 ? [10] : [20, 100] }

    private var recordByteCount: Int { labelCounts.count + CIFAR.pixelByteCount }

    private func recordCount(_ source: ByteSource) throws(FormatError) -> Int {
        let (count, rest) = source.count.quotientAndRemainder(dividingBy: recordByteCount)
        guard rest == 0, count > 0 else {
            let other: CIFAR = self == .cifar10 ? .cifar100 : .cifar10
            let isOther = source.count > 0 && source.count % other.recordByteCount == 0
            let start = try source.bytes(0..<min(4, source.count))
            throw FormatError(
                .malformed, path: source.path, offset: source.count,
                isOther ? "the file is of \(other), not of \(self)" : "the file's size is not that of \(self)",
                expected:
                    "a multiple of \(recordByteCount) bytes: \(labelCounts.count.counted("label")) and 32 × 32 × 3 samples",
                received: "\(source.count.counted("byte")), first \(Signature.describe(start))",
                remedy: isOther ? "Read it as \(other)." : "Download the binary version again, and unpack it.")
        }
        return count
    }

    /// Reads one file; fills the first pixels of `rest` and leaves the others in it.
    private func read(
        _ source: ByteSource, _ rest: inout UnsafeMutableBufferPointer<UInt8>, _ labels: inout [UInt8],
        _ coarse: inout [UInt8]
    ) throws(FormatError) {
        let plane = CIFAR.size * CIFAR.size
        var record = 0
        let count = source.count / recordByteCount
        while record < count {
            let first = record * recordByteCount
            let length = min(64, count - record) * recordByteCount
            let bytes = try source.bytes(first..<first + length)
            for start in stride(from: 0, to: length, by: recordByteCount) {
                for (index, count) in labelCounts.enumerated() where bytes[start + index] >= count {
                    throw FormatError(
                        .malformed, path: source.path, offset: first + start + index,
                        "the label of image \(record) is out of range", expected: "0 to \(count - 1)",
                        received: "\(bytes[start + index])", remedy: "Download the binary version of \(self) again.")
                }
                if self == .cifar100 { coarse.append(bytes[start]) }
                labels.append(bytes[start + labelCounts.count - 1])
                let planes = start + labelCounts.count
                for pixel in 0..<plane {
                    for channel in 0..<3 { rest[3 * pixel + channel] = bytes[planes + channel * plane + pixel] }
                }
                rest = UnsafeMutableBufferPointer(rebasing: rest.dropFirst(CIFAR.pixelByteCount))
                record += 1
            }
        }
    }
}
