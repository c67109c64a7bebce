import ApusData
import ApusFormats
import ApusGraph
package import ApusTensor
import Foundation

/// Samples from files, as a model takes them, each with a name.
package struct PredictionInput: Sendable {
    /// `shoe.png`, or `test.npy#3` where a file holds many samples.
    package var names: [String]
    /// By input, each `[N] + shape`: images as `uint8`, tables as `float32`, arrays in the type of their file.
    package var samples: Values
    /// What the reader should know about the numbers, if anything.
    package var remark: String?

    init(names: [String], samples: Values, remark: String? = nil) {
        self.names = names
        self.samples = samples
        self.remark = remark
    }

    /// Reads images (PNG, JPEG; a folder stands for all images in it), arrays (`.npy`, `.npz`, IDX) and tables (`.csv`).
    ///
    /// Images get the channels and the size of the model's input.
    ///
    /// - Parameter limit: The number of samples after which the rest is left out.
    /// - Throws: `FormatError` for files that are missing, damaged, or hold samples of another shape.
    package static func read(
        _ paths: [String], for model: ModelDescription, limit: Int? = nil
    ) throws -> [PredictionInput] {
        if let text = model.text {
            try text.checkSamples()
            return try read(paths, text, model, limit: limit)
        }
        var left = limit ?? .max
        var result: [PredictionInput] = []
        var images: [String] = []
        var notes: [String] = []
        func flush() throws {
            // Images of many files become batches.
            for start in stride(from: 0, to: images.count, by: 256) {
                var input = try read(images: Array(images[start..<min(start + 256, images.count)]), model)
                let remarks = notes + (start == 0 ? [input.remark].compactMap { $0 } : [])
                input.remark = remarks.isEmpty ? nil : remarks.joined(separator: "; ")
                notes = []
                result.append(input)
            }
            images = []
        }
        for path in paths where left > 0 {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw FormatError(.missing, path: path, "there is no such file", remedy: "Check the path.")
            }
            if isFolder.boolValue {
                let (found, note) = try imagesIn(path)
                if let note { notes.append(note) }
                images += found.prefix(left)
                left -= min(left, found.count)
            } else if isImage(path) {
                images.append(path)
                left -= 1
            } else {
                try flush()
                try checkImage(path)
                var input = try isTable(path) ? SampleTable(model).read(path) : readArrays(path, model)
                if input.names.count > left {
                    input.samples = input.samples.mapValues { $0[0..<left] }
                    input.names = Array(input.names.prefix(left))
                }
                left -= input.names.count
                if !input.names.isEmpty { result.append(input) }
            }
        }
        try flush()
        return result
    }

    static func names(_ path: String, _ count: Int) -> [String] {
        count == 1 ? [path] : (0..<count).map { "\(path)#\($0)" }
    }

    // MARK: Images

    private static func isImage(_ path: String) -> Bool {
        ["png", "jpg", "jpeg"].contains((path as NSString).pathExtension.lowercased())
    }

    /// Images of formats that are not read get a message of their own.
    private static func checkImage(_ path: String) throws {
        let kind = (path as NSString).pathExtension.lowercased()
        guard ["bmp", "gif", "webp", "tif", "tiff", "heic", "avif", "jp2", "svg"].contains(kind) else { return }
        throw FormatError(
            .unsupported, path: path, "images of this format are not read", expected: "PNG or JPEG",
            received: ".\(kind)",
            remedy: "Convert it to PNG.")
    }

    /// Whether a file is a table by its name.
    private static func isTable(_ path: String) -> Bool {
        ["csv", "tsv", "tab", "txt", "dat", "data"].contains((path as NSString).pathExtension.lowercased())
    }

    /// All images in a folder and the folders in it, sorted by path, and a note on files that are none.
    private static func imagesIn(_ folder: String) throws -> (images: [String], note: String?) {
        let files = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
            .filter { name in
                var isFolder: ObjCBool = false
                let exists = FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
                return !(exists && isFolder.boolValue) && !name.split(separator: "/").contains { $0.hasPrefix(".") }
            }
        let found = files.filter(isImage).sorted().map { "\(folder)/\($0)" }
        guard !found.isEmpty else {
            throw FormatError(
                .missing, path: folder, "the folder holds no images", expected: "files that end in .png, .jpg or .jpeg",
                remedy: "Check the path.")
        }
        let others = files.filter { !isImage($0) }.sorted().map { "\(folder)/\($0)" }
        return (found, ImageFolder.note(folder, skipping: others))
    }

    private static func read(images paths: [String], _ model: ModelDescription) throws -> PredictionInput {
        guard let input = model.inputs.first, model.inputs.count == 1, let size = input.imageSize else {
            throw FormatError(
                .mismatch, path: paths[0], "the network does not take images",
                expected: model.inputs.count == 1
                    ? "samples \(model.signature.first?.shape ?? [])" : "the inputs \(model.expected)",
                received: "an image",
                remedy: model.inputs.count == 1
                    ? "Give an array (.npy) or a table (.csv)."
                    : "Predict in Swift, with each input by its name, or give a table (.csv) or a file of arrays (.npz)."
            )
        }
        let images = try paths.map { path in
            // JPEG is decoded smaller where that is enough, as in training.
            try ImageFile.decode(
                path, ImageFile.Options(channels: size.channels, minimumSize: (size.height, size.width)))
        }
        // Numbers that went into the network as they were are rarely those of bytes.
        let isStrange = input.elementType != .uint8 && model.preprocessing[input.name] == .identity
        return PredictionInput(
            names: paths, samples: [input.name: try input.samples(images)],
            remark: isStrange
                ? "the network was trained on \(input.elementType) numbers as they were, but images are bytes, 0…255; predictions may be "
                    + "meaningless" : nil)
    }
}
