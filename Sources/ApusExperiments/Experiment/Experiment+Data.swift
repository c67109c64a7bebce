import ApusConfiguration
public import ApusData
import ApusNN
import ApusTraining

extension Experiment {
    /// The samples, divided and scaled.
    ///
    /// Inputs whose numbers the model takes for places in a table (`Embedding`) stay as they are unless `normalize` says otherwise.
    ///
    /// - Throws: What reading the data throws; `TrainingError` for numbers that the table has no place for.
    public func loadedData() throws -> LoadedData {
        let loaded = try data.load(seed: seed, unscaled: unscaled)
        try checkIndices(loaded)
        return loaded
    }

    /// The same for k folds of the data.
    func loadedFolds(_ k: Int) throws -> [LoadedData] {
        let folds = try data.folds(k, seed: seed, unscaled: unscaled)
        for fold in folds.prefix(1) { try checkIndices(fold) }
        return folds
    }

    /// The inputs whose numbers the model takes for places in a table.
    private var unscaled: Set<String> { Set(embeddings.map(\.input)) }

    /// An embedding that takes samples themselves.
    private struct FirstEmbedding {
        /// The name of the input; empty for that of plain data.
        let input: String
        let path: String
        let layer: Embedding
    }

    /// The embeddings that take the samples themselves.
    private var embeddings: [FirstEmbedding] {
        func find(_ layer: any Layer, _ input: String, _ path: String) -> FirstEmbedding? {
            switch layer {
            case let named as Named: return find(named.layer, input, path)
            case let embedding as Embedding: return FirstEmbedding(input: input, path: path, layer: embedding)
            case let layers as Sequential:
                guard let first = layers.layers.first else { return nil }
                let name = (first as? Named)?.name ?? "0.\(first.kind)"
                return find(first, input, path.isEmpty ? name : "\(path)/\(name)")
            default: return nil
            }
        }
        switch try? model.model() {
        case let layers as Sequential: return [find(layers, "", "")].compactMap { $0 }
        case let graph as ModelGraph:
            return graph.parts.sorted { $0.key < $1.key }.compactMap { name, part in
                guard part.from.names.count == 1, let input = part.from.names.first, graph.parts[input] == nil else {
                    return nil
                }
                let owner = part.sharing ?? name
                return find(graph.parts[owner]?.layers ?? part.layers, input, owner)
            }
        default: return []
        }
    }

    /// Finds numbers that an embedding has no row for.
    private func checkIndices(_ loaded: LoadedData) throws {
        for embedding in embeddings where embedding.layer.vocabulary > 0 { try checkIndices(loaded, embedding) }
    }

    private func checkIndices(_ loaded: LoadedData, _ embedding: FirstEmbedding) throws {
        let (path, vocabulary) = (embedding.path, embedding.layer.vocabulary)
        for (name, part) in [("training", loaded.training), ("validation", loaded.validation), ("test", loaded.test)] {
            guard let part, part.isInMemory, let input = part.inputName(embedding.input),
                part.preprocessing[input] == .identity
            else { continue }
            for sample in 0..<part.count {
                let wrong = part.input(input, at: sample).scalars(as: Double.self).first {
                    // Other numbers are cut to whole ones.
                    !($0 > -1 && $0 < Double(vocabulary))
                }
                guard let wrong else { continue }
                throw TrainingError(
                    "\(path) (embedding) has a vocabulary of \(vocabulary), but a sample of the \(name) part holds the index \(wrong == wrong.rounded() && abs(wrong) < 1e15 ? "\(Int(wrong))" : "\(wrong)"); "
                        + "indices lie in 0..<\(vocabulary): give a greater vocabulary, or other numbers",
                    kind: .malformed)
            }
        }
    }
}

extension Dataset {
    /// The input of a name; that of plain data for an empty one. `nil` if there is none.
    fileprivate func inputName(_ name: String) -> String? {
        name.isEmpty && inputNames.count == 1 ? inputNames[0] : inputNames.first { $0 == name }
    }
}
