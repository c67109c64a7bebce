import ApusData
import ApusFormats
import ApusTensor
import Foundation

/// Inputs that are images whose paths a column holds.
extension SampleTable {
    /// The column of the paths of an input; `nil` for one that is no images.
    func imageColumn(of input: ModelDescription.Input) -> String? {
        guard case .images(let images)? = model.table?.inputs?[input.name] else { return nil }
        return images.images
    }

    /// The columns of all paths.
    var imageColumns: [String] { model.inputs.compactMap(imageColumn) }

    /// The images of a table's rows, by input.
    ///
    /// - Parameters:
    ///   - folder: From where relative paths start; where the program runs if empty.
    ///   - place: What messages call the table.
    func images(in table: CSVTable, folder: String, _ place: String) throws -> [String: Tensor] {
        var images: [String: Tensor] = [:]
        for input in model.inputs {
            guard let name = imageColumn(of: input) else { continue }
            guard let column = try? table.column(named: name) else {
                throw FormatError(
                    .mismatch, path: place, "there is no column \(name.shown), which holds the paths of images",
                    expected: "the columns that the network was trained on",
                    received: table.columns.map(\.name).shown(),
                    remedy: "Add it.")
            }
            guard case .categories(let codes, let words) = column.values, codes.allSatisfy({ $0 >= 0 }) else {
                throw FormatError(
                    .mismatch, path: place, "the column \(name.shown) lacks the path of an image",
                    expected: "a path in every row", remedy: "Add it, or leave the row out.")
            }
            images[input.name] = try input.samples(
                try codes.map { code in
                    let word = words[Int(code)]
                    return try Image(
                        contentsOf: word.hasPrefix("/") || folder.isEmpty ? word : "\(folder)/\(word)")
                })
        }
        return images
    }

    /// The folder of a table.
    static func folder(of path: String) -> String {
        URL(fileURLWithPath: path).deletingLastPathComponent().relativePath
    }
}
