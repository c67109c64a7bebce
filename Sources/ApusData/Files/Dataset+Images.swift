public import ApusFormats
import ApusBackend
import ApusGraph
import Foundation

extension Dataset {
    /// The images of a folder with one sub-folder a class: `uint8` `[height, width, channels]`.
    ///
    /// Images of another size are resized (bilinear, antialiased), whatever their proportions.
    ///
    /// - Parameters:
    ///   - folder: the folder, as `ImageFolder` found it
    ///   - height: of all images; without it, that of the first image
    ///   - width: likewise
    ///   - channels: 1 (gray) or 3 (RGB); without it, those of the first image
    ///   - streams: whether images are decoded when batches are made, and only as many stay in memory as fit into `memoryLimit`;
    ///     without it, if they do not all fit
    ///   - memoryLimit: the bytes of decoded images that may stay in memory
    /// - Throws: `FormatError` if an image is damaged (of those that are streamed, `Batches.failure` tells);
    ///   `DatasetError` for an impossible size.
    public static func images(
        _ folder: ImageFolder, height: Int? = nil, width: Int? = nil, channels: Int? = nil, streams: Bool? = nil,
        memoryLimit: Int = 1 << 30
    ) throws -> Dataset {
        var size = (height: height ?? 0, width: width ?? 0, channels: channels ?? 0)
        if height == nil || width == nil || channels == nil {
            guard let path = folder.paths.first else {
                throw DatasetError(.missing, "there are no images", remedy: "Give a folder of images.")
            }
            let first = try ImageFile.decode(path)
            size = (height ?? first.height, width ?? first.width, channels ?? first.channels)
        }
        let column = try Column.images(
            ImageRows(paths: folder.paths, height: size.height, width: size.width, channels: size.channels),
            streams: streams, memoryLimit: memoryLimit)
        return Dataset(
            column, Column.labels(folder.labels.map(Int.init)), rows: Array(folder.paths.indices),
            classNames: folder.classNames, preprocessing: .unitRange)
    }
}

extension Column {
    /// Images in memory, or decoded when they are needed.
    static func images(_ reader: ImageRows, streams: Bool?, memoryLimit: Int = 1 << 30) throws -> Column {
        let (height, width, channels) = (reader.height, reader.width, reader.channels)
        guard (1...65536).contains(height), (1...65536).contains(width), height * width <= ImageFile.usualPixelLimit,
            channels == 1 || channels == 3
        else {
            throw DatasetError(
                .impossible, "images can't have this size",
                expected: "a height and width of at least 1, at most 2^26 pixels, 1 or 3 channels",
                received: "height \(height), width \(width), channels \(channels)", remedy: "Give another size.")
        }
        let row = TensorType([height, width, channels], .uint8)
        guard streams ?? (row.byteCount > memoryLimit / max(1, reader.paths.count)) else {
            let buffer = Buffer(byteCount: reader.paths.count * row.byteCount)
            try concurrently(reader.paths.count) { try reader.read($0, into: buffer.start + $0 * row.byteCount) }
            return Column(buffer: buffer, row: row)
        }
        return Column(reader, row: row, limit: memoryLimit)
    }
}

/// Images that are decoded from files.
struct ImageRows: RowReader {
    let paths: [String]
    let height: Int
    let width: Int
    let channels: Int

    func read(_ row: Int, into target: UnsafeMutableRawPointer) throws {
        var options = ImageFile.Options(channels: channels)
        options.minimumSize = (height, width)
        var image = try ImageFile.decode(paths[row], options)
        if image.height != height || image.width != width {
            image = try image.resized(height: height, width: width)
        }
        image.pixels.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    }

    var isConcurrent: Bool { true }

    /// The file's name, with that of its folder, and its size.
    func signature(of row: Int) -> [UInt8] {
        var status = stat()
        let size = stat(paths[row], &status) == 0 ? Int(status.st_size) : -1
        return Array("\(paths[row].split(separator: "/").suffix(2).joined(separator: "/")) \(size)".utf8)
    }
    /// The whole path, the size of the image, and when the file was written last.
    func version(of row: Int) -> [UInt8]? {
        var status = stat()
        guard stat(paths[row], &status) == 0 else { return nil }
        let path = URL(filePath: paths[row]).standardizedFileURL.path
        let time = status.st_mtim
        return Array("\(path) \(status.st_size) \(time.tv_sec).\(time.tv_nsec) \(height)x\(width)x\(channels)".utf8)
    }
}
