import Foundation

/// A folder of images with one sub-folder a class.
///
/// Classes are the sub-folders, sorted by the bytes of their names; images are the files called `.png`, `.jpg` or `.jpeg`
/// (in capitals too) anywhere in them, in sorted order. Names that start with a point are skipped; symbolic links are
/// followed.
public struct ImageFolder: Hashable, Sendable {
    /// The images, class by class.
    public let paths: [String]
    /// The class of each image: a place in `classNames`.
    public let labels: [Int32]
    /// The names of the sub-folders, in the order of the labels.
    public let classNames: [String]

    /// Lists a folder; no image is opened.
    ///
    /// - Throws: if the folder is missing, has no sub-folders, or one of them has no images.
    public init(_ path: String) throws(FormatError) {
        try FormatError.checkPath(path)
        let top = try ImageFolder.Listing(path)
        let classes = top.folders.sorted(by: Listing.precedes)
        guard !classes.isEmpty else {
            throw FormatError(
                .mismatch, path: path, "the folder has no sub-folders", expected: "one sub-folder a class",
                received: top.images.isEmpty ? "none" : top.images.count.counted("image"),
                remedy: "Put the images of each class into a folder with its name, or check the path.")
        }
        var paths: [String] = []
        var labels: [Int32] = []
        for (label, name) in classes.enumerated() {
            let start = paths.count
            try ImageFolder.gather("\(path)/\(name)", [top.identity], &paths)
            guard paths.count > start else {
                throw FormatError(
                    .mismatch, path: "\(path)/\(name)", "the folder of a class holds no images",
                    expected: "files called .png, .jpg or .jpeg", remedy: "Add images, or remove the folder.")
            }
            labels += Array(repeating: Int32(clamping: label), count: paths.count - start)
        }
        self.paths = paths
        self.labels = labels
        classNames = classes
    }

    /// Adds the images of a folder and of those in it; `above` are the folders around it, in which links may lead again.
    private static func gather(
        _ path: String, _ above: [Listing.Identity], _ paths: inout [String]
    ) throws(FormatError) {
        let listing = try Listing(path)
        guard !above.contains(listing.identity) else { return }
        for name in (listing.images + listing.folders).sorted(by: Listing.precedes) {
            if listing.folders.contains(name) {
                try gather("\(path)/\(name)", above + [listing.identity], &paths)
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
                guard !name.hasPrefix("."), stat("\(path)/\(name)", &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    folders.insert(name)
                } else if status.st_mode & S_IFMT == S_IFREG, Listing.isImage(name) {
                    images.append(name)
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
