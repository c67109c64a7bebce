public import ApusExperiments
import ApusFormats
import ApusGraph
public import ApusTensor
import Foundation

/// Samples from files, as a run's model takes them: `[N] + shape`, each with a name.
///
/// ```swift
/// import ApusExperiments
///
/// let folder = try RunFolder(existing: "runs/lenet5-1")
/// for input in try PredictionInput.read(["shoe.png", "shirts"], for: folder.inputs()) {
///     print(input.names, input.samples.shape)
/// }
/// ```
public struct PredictionInput: Sendable {
    /// `shoe.png`, or `test.npy#3` where a file holds many samples.
    public var names: [String]
    /// `[N] + shape`: images as `uint8`, tables as `float32`, arrays in the type of their file.
    public var samples: Tensor
    /// What the reader should know about the numbers, if anything.
    public var remark: String?

    /// Reads images (PNG, JPEG; a folder stands for all images in it), arrays (`.npy`, IDX) and tables (`.csv`).
    ///
    /// Images get the channels and the size of the model's input.
    ///
    /// - Parameters:
    ///   - paths: The files and folders.
    ///   - inputs: What the model takes: shape, scaling, columns.
    ///   - limit: The number of samples after which the rest is left out.
    /// - Throws: `FormatError` for files that are missing, damaged, or hold samples of another shape.
    public static func read(_ paths: [String], for inputs: RunInputs, limit: Int? = nil) throws -> [PredictionInput] {
        var left = limit ?? .max
        var result: [PredictionInput] = []
        var images: [String] = []
        var notes: [String] = []
        func flush() throws {
            // Images of many files become batches.
            for start in stride(from: 0, to: images.count, by: 256) {
                var input = try read(images: Array(images[start..<min(start + 256, images.count)]), inputs)
                input.remark = notes.isEmpty ? nil : notes.joined(separator: "; ")
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
                var input = try isTable(path) ? readTable(path, inputs) : readArray(path, inputs)
                if input.names.count > left {
                    input.samples = input.samples[0..<left]
                    input.names = Array(input.names.prefix(left))
                }
                left -= input.names.count
                if !input.names.isEmpty { result.append(input) }
            }
        }
        try flush()
        return result
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

    private static func read(images paths: [String], _ inputs: RunInputs) throws -> PredictionInput {
        var shape = inputs.shape
        if shape.count == 2 { shape.append(1) }
        guard shape.count == 3, shape[2] == 1 || shape[2] == 3 else {
            throw FormatError(
                .mismatch, path: paths[0], "the network does not take images",
                expected: "samples \(inputs.sampleShape)",
                received: "an image", remedy: "Give an array (.npy) or a table (.csv).")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(paths.count * inputs.sampleShape.count)
        for path in paths {
            let image = try ImageFile.decode(
                path, ImageFile.Options(channels: shape[2], minimumSize: (shape[0], shape[1])))
            let fitting =
                image.height == shape[0] && image.width == shape[1]
                ? image : try image.resized(height: shape[0], width: shape[1])
            bytes += fitting.pixels
        }
        return PredictionInput(
            names: paths, samples: Tensor(bytes: bytes, TensorType(Shape([paths.count] + inputs.shape), .uint8)))
    }

    // MARK: Arrays and tables

    private static func readArray(_ path: String, _ inputs: RunInputs) throws -> PredictionInput {
        let array = path.lowercased().hasSuffix(".npy") ? try NPY.read(path) : try IDX.read(path)
        let (given, wanted) = (array.shape.dimensions, inputs.shape)
        // Images of one channel come without the axis of channels; one sample comes without the axis of samples.
        let plain = wanted.last == 1 ? Array(wanted.dropLast()) : wanted
        let count: Int
        if given == wanted || given == plain {
            count = 1
        } else if !given.isEmpty, Array(given.dropFirst()) == wanted || Array(given.dropFirst()) == plain {
            count = given[0]
        } else {
            throw FormatError(
                .mismatch, path: path, "the samples do not fit the network",
                expected: text(wanted) + (plain == wanted ? "" : " or \(text(plain))"),
                received: "\(array.shape)", remedy: "Reshape or resize the samples.")
        }
        let samples = Tensor(bytes: array.bytes, TensorType(Shape([count] + wanted), array.elementType))
        try checkFinite(samples, count, path)
        return PredictionInput(
            names: names(path, count), samples: samples, remark: remark(path, samples, array.elementType, inputs))
    }

    /// `[N, 28, 28]`
    private static func text(_ sample: [Int]) -> String {
        "[" + (["N"] + sample.map(String.init)).joined(separator: ", ") + "]"
    }

    static func names(_ path: String, _ count: Int) -> [String] {
        count == 1 ? [path] : (0..<count).map { "\(path)#\($0)" }
    }

    /// A number that is none gives a prediction that means nothing.
    private static func checkFinite(_ samples: Tensor, _ count: Int, _ path: String) throws {
        guard !samples.elementType.isInteger, samples.elementType != .bool, count > 0 else { return }
        let numbers = samples.cast(to: .float64).scalars(as: Double.self)
        guard let place = numbers.firstIndex(where: { !$0.isFinite }) else { return }
        throw FormatError(
            .mismatch, path: path, "the sample \(place / (numbers.count / count)) holds \(numbers[place])",
            expected: "finite numbers", remedy: "Replace what is missing, or remove the sample.")
    }

    /// Fractions where bytes are expected are likely a mistake.
    private static func remark(
        _ path: String, _ samples: Tensor, _ type: ElementType, _ inputs: RunInputs
    ) -> String? {
        guard inputs.elementType == "uint8", !type.isInteger, samples.count > 0 else { return nil }
        let numbers = samples.cast(to: .float32).scalars
        guard numbers.allSatisfy({ abs($0) <= 1 }) else { return nil }
        return
            "\(path): the numbers lie between −1 and 1, but the network was trained on bytes, 0…255; predictions may be meaningless"
    }
}
