import ApusConfiguration
package import ApusFormats
import Foundation

extension [ModelObservation] {
    /// Reads what `HistogramLog` writes.
    package init(lines text: String, path: String) throws(FormatError) {
        self.init()
        for (index, line) in text.split(separator: "\n").enumerated() {
            do {
                append(try FileJSON.decoder().decode(ModelObservation.self, from: Data(line.utf8)))
            } catch {
                throw FormatError(
                    .malformed, path: path, "line \(index + 1) is no observation of a model: \(error)",
                    remedy: "Remove the file, or restore it.")
            }
        }
    }
}
