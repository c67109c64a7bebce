public import ApusConfiguration
import ApusFormats
import ApusGraph

/// A folder of PNG and JPEG images with one sub-folder a class: `{images: {folder: DIR, height: 28, width: 28, channels: 1}}`.
///
/// ```swift
/// let flowers = ImageSource("flowers", testFolder: "flowers-test", height: 64, width: 64, channels: 3)
/// let source = DataSource(source: .images(flowers), augment: [.flip()])
/// ```
public struct ImageSource: SampleReader, Configurable {
    /// The path of the folder, from `data.directory` on if it is relative. The names of the sub-folders are the classes.
    public var folder: String
    /// A folder with the same classes, whose images are the test part.
    public var testFolder: String?
    /// The size to which all images are brought; `nil`: that of the first image.
    public var height: Int?
    /// The width to which all images are brought; `nil`: that of the first image.
    public var width: Int?
    /// 1 (gray) or 3 (RGB); `nil`: as the first image.
    public var channels: Int?
    /// Whether images are decoded when they are needed; `nil`: if all of them together take more than 1 GiB.
    public var streams: Bool?

    /// A source of images, which are all brought to one size.
    ///
    /// - Parameters:
    ///   - folder: The folder with one sub-folder a class.
    ///   - testFolder: A folder of the same classes for the test; part of `folder` is held back if `nil`.
    ///   - height: The height of all images, in pixels; that of the first one if `nil`.
    ///   - width: The width of all images, in pixels; that of the first one if `nil`.
    ///   - channels: 1 for gray, 3 for RGB; as the first image if `nil`.
    ///   - streams: Whether images are decoded when batches are made; where all together take more than 1 GiB if `nil`.
    public init(
        _ folder: String, testFolder: String? = nil, height: Int? = nil, width: Int? = nil, channels: Int? = nil,
        streams: Bool? = nil
    ) {
        self.folder = folder
        self.testFolder = testFolder
        self.height = height
        self.width = width
        self.channels = channels
        self.streams = streams
    }

    public static let kind = "images"
    public static let schema = Schema(
        ImageSource(""), .leading("folder", \.folder), .optional("testFolder", \.testFolder),
        .optional("height", \.height), .optional("width", \.width), .optional("channels", \.channels),
        .optional("streams", \.streams, former: "stream"))

    public func read(_ request: SampleRequest) throws -> RawSamples {
        let content = "one sub-folder of PNG or JPEG images a class"
        func dataset(_ folder: ImageFolder, _ size: Shape?) throws -> Dataset {
            try .images(
                folder, height: height ?? size?[0], width: width ?? size?[1], channels: channels ?? size?[2],
                streams: streams)
        }
        let path = try request.folder(folder, holding: content)
        let classes = try ImageFolder(path)
        let samples = try dataset(classes, nil)
        var notes = [ImageFolder.note(path, skipping: classes.skipped)].compactMap { $0 }
        func raw(_ test: Dataset?) -> RawSamples {
            var raw = RawSamples(samples, test: test)
            raw.notes = notes
            return raw
        }
        guard let testFolder else { return raw(nil) }
        let testPath = try request.folder(testFolder, holding: content)
        let testClasses = try ImageFolder(testPath)
        guard testClasses.classNames == classes.classNames else {
            throw DatasetError(
                .malformed, "\(testPath): the folder has other classes than \(path)",
                expected: classes.classNames.joined(separator: ", "),
                received: testClasses.classNames.joined(separator: ", "),
                remedy: "Name the sub-folders of both alike.")
        }
        notes += [ImageFolder.note(testPath, skipping: testClasses.skipped)].compactMap { $0 }
        return raw(try dataset(testClasses, samples.sampleShape))
    }
}
