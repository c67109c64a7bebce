import ApusConfiguration
import Foundation

extension [ModelObservation] {
    /// Reads what `HistogramLog` writes; lines that are damaged are left out.
    ///
    /// - Parameter report: Is told of the first line that is damaged, and how many are.
    package init(lines text: String, path: String, report: (String) -> Void) {
        self.init()
        var damaged: [Int] = []
        for (index, line) in text.split(separator: "\n").enumerated() {
            if let entry = try? FileJSON.decoder().decode(ModelObservation.self, from: Data(line.utf8)) {
                append(entry)
            } else {
                damaged.append(index + 1)
            }
        }
        guard let first = damaged.first else { return }
        report(
            "\(path) is damaged: line \(first) is no observation of a model"
                + (damaged.count > 1 ? ", nor are \(damaged.count - 1) others" : ""))
    }
}
