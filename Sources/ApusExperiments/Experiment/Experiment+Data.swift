import ApusConfiguration
public import ApusData
import ApusNN
import ApusTraining

extension Experiment {
    /// The samples, divided and scaled.
    ///
    /// Numbers that the model's first layer takes for places in a table (`Embedding`) stay as they are unless `normalize` says otherwise.
    ///
    /// - Throws: What reading the data throws; `TrainingError` for numbers that the table has no place for.
    public func loadedData() throws -> LoadedData {
        let loaded = try source.load(seed: seed)
        try checkIndices(loaded)
        return loaded
    }

    /// The same for k folds of the data.
    func loadedFolds(_ k: Int) throws -> [LoadedData] {
        let folds = try source.folds(k, seed: seed)
        for fold in folds.prefix(1) { try checkIndices(fold) }
        return folds
    }

    /// The data source with the scaling that fits the model.
    private var source: DataSource {
        var source = data
        if source.normalize == nil, firstEmbedding != nil { source.normalize = Scaling.none }
        return source
    }

    /// The embedding that takes the samples themselves, and its path.
    private var firstEmbedding: (path: String, layer: Embedding)? {
        func find(_ layer: any Layer, _ path: String) -> (String, Embedding)? {
            switch layer {
            case let named as Named: return find(named.layer, path)
            case let embedding as Embedding: return (path, embedding)
            case let layers as Sequential:
                guard let first = layers.layers.first else { return nil }
                let name = (first as? Named)?.name ?? "0.\(first.kind)"
                return find(first, path.isEmpty ? name : "\(path)/\(name)")
            default: return nil
            }
        }
        return (try? model.model()).flatMap { find($0, "") }
    }

    /// Finds numbers that the first embedding has no row for.
    private func checkIndices(_ loaded: LoadedData) throws {
        guard let (path, layer) = firstEmbedding, layer.vocabulary > 0 else { return }
        for (name, part) in [("training", loaded.training), ("validation", loaded.validation), ("test", loaded.test)] {
            guard let part, part.isInMemory, part.preprocessing == .identity else { continue }
            for sample in 0..<part.count {
                let wrong = part.features(at: sample).scalars(as: Double.self).first {
                    // Other numbers are cut to whole ones.
                    !($0 > -1 && $0 < Double(layer.vocabulary))
                }
                guard let wrong else { continue }
                throw TrainingError(
                    "\(path) (embedding) has a vocabulary of \(layer.vocabulary), but a sample of the \(name) part holds the index \(wrong == wrong.rounded() && abs(wrong) < 1e15 ? "\(Int(wrong))" : "\(wrong)"); "
                        + "indices lie in 0..<\(layer.vocabulary): give a greater vocabulary, or other numbers",
                    kind: .malformed)
            }
        }
    }
}
