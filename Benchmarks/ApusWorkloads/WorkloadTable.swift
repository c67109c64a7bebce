import Apus
import Foundation

/// The file that all programs of the benchmark read: networks by name, in the vocabulary of experiments, and what is done with them.
private struct WorkloadTable: Decodable {
    struct Entry: Decodable {
        let name: String
        let model: String
        let input: [Int]
        let vocabulary: Int?
        let batch: Int
        let optimizer: Optimizer
        let isInference: Bool?
        let precisions: [NumericPrecision]?
    }

    let models: [String: Sequential]
    let workloads: [Entry]
}

extension Workload {
    /// The table, in its order. A benchmark is run from a checkout, so the file is where it was when this was compiled.
    public static let all: [Workload] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "workloads.json")
        do {
            let table = try JSONDecoder().decode(WorkloadTable.self, from: try Data(contentsOf: file))
            return try table.workloads.map { try Workload($0, table.models) }
        } catch {
            fatalError("\(file.path): \(error)")
        }
    }()

    private init(_ entry: WorkloadTable.Entry, _ models: [String: Sequential]) throws {
        guard let model = models[entry.model] else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: [], debugDescription: "\(entry.name) has no model \(entry.model)"))
        }
        self.init(
            name: entry.name, model: model, optimizer: entry.optimizer, input: Shape(entry.input),
            vocabulary: entry.vocabulary, batch: entry.batch,
            isInference: entry.isInference ?? false, precisions: entry.precisions ?? [.float32])
    }
}
