import ApusConfiguration
import Foundation

/// A folder of images with one sub-folder a class.
///
/// Classes are the sub-folders, sorted by value if all their names are whole numbers, else by their bytes; images are the files called `.png`, `.jpg` or `.jpeg`
/// (in capitals too) anywhere in them, in sorted order. Names that start with a point are skipped; symbolic links are
/// followed.
///
/// ```swift
/// let folder = try ImageFolder("flowers")   // flowers/rose/1.jpg, flowers/tulip/1.jpg, …
/// print(folder.classNames, folder.paths.count, folder.skipped)
/// let data = try Dataset.images(folder, height: 64, width: 64, channels: 3)
/// ```
public struct ImageFolder: Hashable, Sendable {
    /// The images, class by class.
    public let paths: [String]
    /// The class of each image: a place in `classNames`.
    public let labels: [Int32]
    /// The names of the sub-folders, in the order of the labels.
    public let classNames: [String]
    /// The files that are no images by their names, and links that lead nowhere; those whose names start with a point are left out.
    public let skipped: [String]

    /// Lists a folder; no image is opened.
    ///
    /// - Throws: if the folder is missing, has no sub-folders, or one of them has no images.
    public init(_ path: String) throws(FormatError) {
        try FormatError.checkPath(path)
        let top = try ImageFolder.Listing(path)
        let classes = ClassNames.sorted(Array(top.folders)).names
        guard !classes.isEmpty else {
            throw FormatError(
                .mismatch, path: path, "the folder has no sub-folders", expected: "one sub-folder a class",
                received: top.images.isEmpty ? "none" : top.images.count.counted("image"),
                remedy: "Put the images of each class into a folder with its name, or check the path.")
        }
        var paths: [String] = []
        var labels: [Int32] = []
        var skipped = (top.images + top.others).sorted(by: Listing.precedes).map { "\(path)/\($0)" }
        for (label, name) in classes.enumerated() {
            let (start, skippedStart) = (paths.count, skipped.count)
            try ImageFolder.gather("\(path)/\(name)", [top.identity], &paths, &skipped)
            guard paths.count > start else {
                let others = Array(skipped[skippedStart...])
                throw FormatError(
                    .mismatch, path: "\(path)/\(name)", "the folder of a class holds no images",
                    expected: "files called .png, .jpg or .jpeg",
                    received: others.isEmpty ? "no files" : ImageFolder.kinds(of: others),
                    remedy: others.isEmpty
                        ? "Add images, or remove the folder." : "Convert them to PNG, or remove the folder.")
            }
            labels += Array(repeating: Int32(clamping: label), count: paths.count - start)
        }
        self.paths = paths
        self.labels = labels
        classNames = classes
        self.skipped = skipped
    }

    /// What was left out, for people; `nil` if nothing was.
    ///
    /// - Parameter path: The folder as messages call it.
    package static func note(_ path: String, skipping files: [String]) -> String? {
        guard !files.isEmpty else { return nil }
        let names = files.map { $0.hasPrefix(path + "/") ? String($0.dropFirst(path.count + 1)) : $0 }
        return
            "\(path): \(files.count.counted("file")) left out, for only PNG and JPEG files in folders of classes are read: "
            + "\(kinds(of: files)) (\(names.shown(5)))"
    }

    /// How many files there are of each kind: `12 .bmp, 3 .gif`.
    private static func kinds(of files: [String]) -> String {
        let kinds = files.map { file in
            let kind = (file as NSString).pathExtension.lowercased()
            return kind.isEmpty ? "without a kind" : ".\(kind)"
        }
        let counts = Dictionary(grouping: kinds) { $0 }.mapValues(\.count)
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($1) \($0)" }.shown(8)
    }

    /// Adds the images of a folder and of those in it; `above` are the folders around it, in which links may lead again.
    private static func gather(
        _ path: String, _ above: [Listing.Identity], _ paths: inout [String], _ skipped: inout [String]
    ) throws(FormatError) {
        let listing = try Listing(path)
        guard !above.contains(listing.identity) else { return }
        skipped += listing.others.sorted(by: Listing.precedes).map { "\(path)/\($0)" }
        for name in (listing.images + listing.folders).sorted(by: Listing.precedes) {
            if listing.folders.contains(name) {
                try gather("\(path)/\(name)", above + [listing.identity], &paths, &skipped)
            } else {
                paths.append("\(path)/\(name)")
            }
        }
    }
}

extension ImageFolder {
    /// What a folder holds.
    private struct Listing {
        struct Identity: Hashable {
            var device: UInt64
            var file: UInt64

            init(_ status: stat) {
                device = UInt64(truncatingIfNeeded: status.st_dev)
                file = UInt64(truncatingIfNeeded: status.st_ino)
            }
        }

        var identity: Identity
        var images: [String] = []
        var others: [String] = []
        var folders: Set<String> = []

        init(_ path: String) throws(FormatError) {
            guard let stream = opendir(path) else { throw .reading(path, code: errno, expected: "a folder of images") }
            defer { closedir(stream) }
            var status = stat()
            guard fstat(dirfd(stream), &status) == 0 else { throw .reading(path, code: errno) }
            identity = Identity(status)
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                guard !name.hasPrefix(".") else { continue }
                guard stat("\(path)/\(name)", &status) == 0 else {
                    others.append(name)
                    continue
                }
                if status.st_mode & S_IFMT == S_IFDIR {
                    folders.insert(name)
                } else if status.st_mode & S_IFMT == S_IFREG, Listing.isImage(name) {
                    images.append(name)
                } else {
                    others.append(name)
                }
            }
        }

        static func precedes(_ left: String, _ right: String) -> Bool {
            left.utf8.lexicographicallyPrecedes(right.utf8)
        }

        private static func isImage(_ name: String) -> Bool {
            let name = name.lowercased()
            return [".png", ".jpg", ".jpeg"].contains { name.hasSuffix($0) }
        }
    }
}
