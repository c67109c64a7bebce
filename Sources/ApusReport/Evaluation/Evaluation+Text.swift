import ApusConfiguration
import ApusExperiments
import ApusCharts
public import Foundation

extension Evaluation: CustomStringConvertible {
    /// Loss and metrics, and of each output a table of classes or numbers, and the confusion matrix.
    public var description: String {
        var parts = ["\(count) samples: \(measurements)"]
        for output in outputs {
            if !output.name.isEmpty, output.classification != nil || output.regression != nil {
                parts.append("output \(output.name.shown)")
            }
            if let classification = output.classification {
                parts.append(classification.table)
                if let matrix = classification.matrixText { parts.append(matrix) }
            }
            if let regression = output.regression { parts.append(regression.table) }
        }
        return parts.joined(separator: "\n\n")
    }

    /// Everything as JSON; numbers that are not finite are texts.
    public func json() throws -> Data { try FileJSON.encoder().encode(self) }
}

extension Evaluation.Classification {
    /// Precision, recall, F1 and support, one line a class.
    var table: String {
        TextTable(
            header: ["class", "precision", "recall", "F1", "support"],
            rows: classes.map {
                [$0.name, decimals($0.precision), decimals($0.recall), decimals($0.f1), "\($0.support)"]
            }
        ).description
    }

    /// The confusion matrix, unless it is too wide for a terminal.
    var matrixText: String? {
        guard classNames.count <= 25 else { return nil }
        let rows = confusionMatrix.enumerated().map { index, row in
            ["\(index) \(classNames[index])"] + row.map { $0 == 0 ? "·" : "\($0)" }
        }
        return "confusion matrix (rows: true class, columns: predicted class)\n"
            + TextTable(header: [""] + classNames.indices.map(String.init), rows: rows).description
    }
}

extension Evaluation.Regression {
    var table: String {
        TextTable(
            header: ["output", "mean absolute error", "RMSE", "R²", "bias"],
            rows: outputs.prefix(50).enumerated().map { index, row in
                [
                    "\(index)", NumberFormat.short(row.meanAbsoluteError, digits: 4),
                    NumberFormat.short(row.rootMeanSquaredError, digits: 4), NumberFormat.short(row.r2, digits: 4),
                    NumberFormat.short(row.bias, digits: 4),
                ]
            }
        ).description
    }
}

/// Four decimals.
func decimals(_ value: Double) -> String {
    value.isFinite ? String(format: "%.4f", value) : NumberFormat.short(value)
}
