import Apus

/// A small table of numbers that is part of the lab: all columns but the last are inputs.
struct LabTable {
    /// The names of the columns.
    let names: [String]
    /// The rows.
    let rows: [[Double]]

    /// 150 flowers of three species, in the order of the species: four lengths in cm.
    static let iris = LabTable(PackageResources.iris_csv)
    /// 342 penguins of three species: length of bill and flipper in mm.
    static let penguins = LabTable(PackageResources.penguins_csv)
    /// 569 tumours, malignant (0) or benign (1): ten measures of their cells.
    static let breastCancer = LabTable(PackageResources.breast_cancer_csv)
    /// 442 patients: ten measures, and the progression of the disease.
    static let diabetes = LabTable(PackageResources.diabetes_csv)

    private init(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        names = lines[0].split(separator: ",").map(String.init)
        rows = lines.dropFirst().map { $0.split(separator: ",").map { Double($0) ?? .nan } }
    }

    /// The last column as classes.
    var labels: [Int] { rows.map { Int($0.last ?? 0) } }

    /// A data set of some rows; the numbers of each column are scaled to mean 0 and standard deviation 1 over the rows of `scale`.
    func dataset(rows indices: [Int], scaledBy scale: [Int]) throws -> Dataset {
        let inputs = names.count - 1
        var values: [Float] = []
        let statistics = (0..<inputs).map { column in
            let numbers = scale.map { rows[$0][column] }
            let mean = numbers.reduce(0, +) / Double(numbers.count)
            let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(numbers.count)
            return (mean: mean, deviation: variance > 0 ? variance.squareRoot() : 1)
        }
        for index in indices {
            for (column, (mean, deviation)) in statistics.enumerated() {
                values.append(Float((rows[index][column] - mean) / deviation))
            }
        }
        let classes = (labels.max() ?? 0) + 1
        return try Dataset(
            inputs: Tensor(values).reshaped(to: [indices.count, inputs]), labels: indices.map { labels[$0] },
            classNames: (0..<classes).map(String.init))
    }
}
