public import ApusExperiments
import ApusFormats
import ApusGraph
public import ApusTensor
import Foundation

/// Samples from files, as a run's model takes them: `[N] + shape`, each with a name.
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
    /// - Parameter limit: The number of samples after which the rest is left out.
    /// - Throws: `FormatError` for files that are missing, damaged, or hold samples of another shape.
    public static func read(_ paths: [String], for inputs: RunInputs, limit: Int? = nil) throws -> [PredictionInput] {
        var left = limit ?? .max
        var result: [PredictionInput] = []
        var images: [String] = []
        func flush() throws {
            // Images of many files become batches.
            for start in stride(from: 0, to: images.count, by: 256) {
                result.append(try read(images: Array(images[start..<min(start + 256, images.count)]), inputs))
            }
            images = []
        }
        for path in paths where left > 0 {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw FormatError(.missing, path: path, "there is no such file", remedy: "Check the path.")
            }
            if isFolder.boolValue {
                let found = try imagesIn(path)
                images += found.prefix(left)
                left -= min(left, found.count)
            } else if isImage(path) {
                images.append(path)
                left -= 1
            } else {
                try flush()
                var input = try path.lowercased().hasSuffix(".csv") ? readTable(path, inputs) : readArray(path, inputs)
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

    /// All images in a folder and the folders in it, sorted by path.
    private static func imagesIn(_ folder: String) throws -> [String] {
        let found = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
            .filter(isImage).sorted().map { "\(folder)/\($0)" }
        guard !found.isEmpty else {
            throw FormatError(
                .missing, path: folder, "the folder holds no images", expected: "files that end in .png, .jpg or .jpeg",
                remedy: "Check the path.")
        }
        return found
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
        return PredictionInput(
            names: names(path, count), samples: samples, remark: remark(path, samples, array.elementType, inputs))
    }

    /// `[N, 28, 28]`
    private static func text(_ sample: [Int]) -> String {
        "[" + (["N"] + sample.map(String.init)).joined(separator: ", ") + "]"
    }

    private static func readTable(_ path: String, _ inputs: RunInputs) throws -> PredictionInput {
        let table = try CSVTable.read(path, format: inputs.table?.format ?? CSVFormat())
        let width = inputs.sampleShape.count
        if let columns = try inputs.features?.map({ feature in try value(of: feature, in: table, path) }) {
            let known = columns.compactMap { $0 }
            if known.count == columns.count {
                let rows = (0..<table.rowCount).flatMap { row in known.map { $0(row) } }
                return PredictionInput(
                    names: names(path, table.rowCount),
                    samples: Tensor(rows, shape: Shape([table.rowCount] + inputs.shape)))
            }
        }
        let columns = try table.columns.map { column in
            guard case .numbers(let numbers) = column.values else {
                throw FormatError(
                    .mismatch, path: path, "the column \(column.name) holds no numbers",
                    expected: "\(width) columns of numbers",
                    remedy: remedy(inputs))
            }
            return numbers
        }
        guard columns.count == width else {
            throw FormatError(
                .mismatch, path: path, "the table does not fit the network", expected: "\(width) columns",
                received: "\(columns.count)",
                remedy: remedy(inputs))
        }
        let rows = (0..<table.rowCount).flatMap { row in columns.map { Float($0[row]) } }
        return PredictionInput(
            names: names(path, table.rowCount),
            samples: Tensor(rows, shape: Shape([table.rowCount] + inputs.shape)))
    }

    private static func remedy(_ inputs: RunInputs) -> String {
        guard let features = inputs.features else {
            return "Give the columns that the network was trained on, in their order, without the label."
        }
        let names = features.map(\.name)
        return
            "Give the columns that the network was trained on by their names, in any order, or in this order without others: "
            + names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
    }

    /// The value of a feature in each row; `nil` if the table has no such column.
    private static func value(
        of feature: RunInputs.Feature, in table: CSVTable, _ path: String
    ) throws -> ((Int) -> Float)? {
        if let column = try? table.column(named: feature.name) {
            guard case .numbers(let numbers) = column.values else {
                throw FormatError(
                    .mismatch, path: path, "the column \(feature.name) holds words",
                    expected: "numbers, as in training", remedy: "Correct the column.")
            }
            return { Float(numbers[$0].isNaN ? feature.mean : numbers[$0]) }
        }
        // `color=red` is a word of the column `color`; names and words may have signs of equality themselves.
        for sign in feature.name.indices where feature.name[sign] == "=" {
            guard let column = try? table.column(named: String(feature.name[..<sign])) else { continue }
            let word = feature.name[feature.name.index(after: sign)...]
            switch column.values {
            case .categories(let codes, let names):
                let place = names.firstIndex { $0 == word }.map(Int32.init) ?? -2
                return { codes[$0] == place ? 1 : 0 }
            case .numbers(let numbers):
                // Words that look like numbers.
                return { Double(word) == numbers[$0] ? 1 : 0 }
            case .text: continue
            }
        }
        return nil
    }

    private static func names(_ path: String, _ count: Int) -> [String] {
        count == 1 ? [path] : (0..<count).map { "\(path)#\($0)" }
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
