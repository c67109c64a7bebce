import ApusData
import ApusFormats
import ApusNN
import ApusTensor

/// A training of the layers behind those that never change, on what these yield.
struct FeatureTraining {
    /// The samples to train on, with rows of features as inputs.
    let training: Dataset
    /// Those to validate on.
    private let validation: Dataset?
    /// A step of the layers behind, on the state of the whole model.
    let step: TrainingStep
    private let inference: InferenceStep
    private let validationBatchSize: Int
    /// The variables of the layers that never change, and the hash of their values.
    private let paths: [String]
    private let fingerprint: UInt64
    /// How many places are tried, from behind.
    private static let trials = 3

    /// Computes the features, or reads them, and makes sure that training on them gives the same bits.
    ///
    /// - Parameter report: Receives a line that says what was done.
    /// - Throws: `TrainingError` where features can't be kept; what computing them throws; `FormatError` if they can't be written.
    static func prepared(
        _ request: FeatureRequest, _ augmentations: [Augmentation], _ cache: FeatureCache, report: (String) -> Void
    ) throws -> FeatureTraining {
        let (model, layers) = try request.trainer.constantLayers(request.training, augmentations)
        let training = try withoutActuallyEscaping(report) { report -> FeatureTraining? in
            // What comes next may be computed together with the last layer, so that the last bits differ; further in front they do not.
            for place in layers.places.prefix(trials) {
                if let training = try FeatureTraining(request, model, place, cache, report) { return training }
            }
            return nil
        }
        if let training { return training }
        throw FeatureRequest.error(
            "training on them would differ in the last bits, for what the frozen layers yield for a sample depends on those beside it",
            remedy: "freeze layers that do not")
    }

    /// - Returns: `nil` if a step on the features of a place gives other bits than a whole one.
    private init?(
        _ request: FeatureRequest, _ model: Sequential, _ place: LayerPlace, _ cache: FeatureCache,
        _ report: @escaping (String) -> Void
    ) throws {
        let (trainer, all, check) = (request.trainer, request.state.borrowedVariables, FeatureCheck(request: request))
        let before = model.traced(before: place, request.training.signature, request.isFrozen)
        var variables = Variables()
        for (path, _) in before.descriptions { if let known = all.variable(path) { variables.set(path, known) } }
        func source(_ dataset: Dataset, _ mode: Mode, _ batchSize: Int) throws -> FeatureSource {
            let layers = FeatureProgram.Layers(
                model: model, place: place, variables: variables, mode: mode, precision: trainer.precision,
                device: trainer.device, isFrozen: request.isFrozen)
            return try FeatureSource(layers, dataset, batchSize: batchSize)
        }
        func behind(_ set: FeatureSet) -> SequentialPart {
            SequentialPart(
                of: model, behind: place, before.descriptions, set.row.elementType,
                rows: set.sources.count == 1 ? nil : set.sources.map(\.batchSize))
        }
        var store = FeatureStore(cache, report)

        let validated = try request.validation.map {
            FeatureSet(sources: [try source($0, .inference, request.validationBatchSize)])
        }
        let whole = FeatureSet(sources: [try source(request.training, .training, request.batchSize)])
        let inference = InferenceStep(
            behind(whole), trainer.objective, precision: trainer.precision, device: trainer.device)
        let validation = try validated.map { set in
            try store.features(set) { try check.agrees(inference, set, $0) }
        }
        if case .some(.none) = validation { return nil }

        var sets = [whole]
        let (count, size) = (request.training.count, request.batchSize)
        if count > size, count % size > 0 {
            sets.append(
                FeatureSet(sources: whole.sources + [try source(request.training, .training, count % size)]))
        }
        // Two rows a sample are kept only where one does not do.
        if sets.count > 1, store.holds(sets[1]) { sets.reverse() }
        var found: (training: Dataset, step: TrainingStep)?
        for set in sets where found == nil {
            let step = try trainer.makeStep(behind(set), trainer.objective)
            found = try store.features(set) { try check.agrees(step, set, $0) }.map { ($0, step) }
        }
        guard let found else { return nil }
        (training, step) = found
        (self.inference, self.validation) = (inference, validation ?? nil)
        validationBatchSize = request.validationBatchSize
        (paths, fingerprint) = (variables.paths, FeatureTraining.fingerprint(variables, variables.paths))
        store.finish(next: model.calls.first { $0.place == place }?.path)
    }

    /// Loss and metrics of the validation samples.
    func validate(_ variables: Variables) throws -> Measurements? {
        try validation.map { try inference.measure(variables, $0, batchSize: validationBatchSize) }
    }

    /// Throws if a callback has put other values in the place of the frozen ones.
    func check(_ state: TrainingState) throws {
        guard FeatureTraining.fingerprint(state.borrowedVariables, paths) != fingerprint else { return }
        throw TrainingError(
            "frozen weights have changed while training, as by a callback that puts others in their place: features that were computed "
                + "with the former ones do not hold any more; train without cacheFeatures")
    }

    private static func fingerprint(_ variables: Variables, _ paths: [String]) -> UInt64 {
        var hash = XXH3()
        for path in paths { if let value = variables[path] { hash.add(value.elements().bytes) } }
        return hash.value
    }
}
