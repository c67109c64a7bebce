import ApusBackend
import ApusData
import ApusNN
import ApusTensor
import Foundation

/// Does steps and predictions both ways, with the whole model and on features, and compares all bits.
struct FeatureCheck {
    let request: FeatureRequest

    /// Whether steps change the state in the same way: one on a whole batch, and one on as many samples as the last of an epoch has.
    ///
    /// The samples of a batch come in a random order from all over the data set, as in training; their features are computed beside others.
    ///
    /// - Parameters:
    ///   - step: A step of the layers behind the features.
    ///   - files: The rows of all samples; if `nil`, those that are needed are computed in another order.
    func agrees(_ step: TrainingStep, _ set: FeatureSet, _ files: [FeatureFile]?) throws -> Bool {
        let (all, size) = (set.dataset, set.sources[0].batchSize)
        let order = RandomKey(seed: request.trainer.seed).child("feature check").permutation(all.count)
        let samples = try all.subset(Array(order.prefix(size + all.count % size)))
        let features =
            try files.map { set.replacing(samples, by: $0, of: all, isStored: false) }
            ?? set.computing(samples, inOrderOf: all.subset(order.prefix(2 * size).sorted()))
        var (whole, cut) = (request.state, request.state)
        let rate = request.trainer.optimizer.learningRate > 0 ? request.trainer.optimizer.learningRate : 0.001
        return try pairs(samples, features, size).allSatisfy { sample, feature in
            let expected = try request.step(&whole, sample, learningRate: rate)
            let result = try step(&cut, feature, learningRate: rate)
            return expected.loss.bitPattern == result.loss.bitPattern
                && zip(whole.buffers, cut.buffers).allSatisfy { $0.hasBytes(of: $1) }
        }
    }

    /// Whether the model yields the same for the first and the last batch of what it is validated on.
    ///
    /// - Parameters:
    ///   - inference: The layers behind the features.
    ///   - files: The rows of all samples; if `nil`, those that are needed are computed.
    func agrees(_ inference: InferenceStep, _ set: FeatureSet, _ files: [FeatureFile]?) throws -> Bool {
        let (all, size) = (set.dataset, set.sources[0].batchSize)
        let rest = all.count > size ? all.count % size : 0
        var views = [all.prefix(size)]
        if rest > 0 { views.append(try all.subset(Array(all.count - rest..<all.count))) }
        let variables = request.state.borrowedEvaluatedVariables
        return try views.allSatisfy { samples in
            let features =
                try files.map { set.replacing(samples, by: $0, of: all, isStored: false) }
                ?? set.computing(samples, inOrderOf: samples)
            return try pairs(samples, features, size).allSatisfy { sample, feature in
                let expected = try request.inference.predict(variables, sample.inputs, sample.preprocessing)
                let result = try inference.predict(variables, feature.inputs, feature.preprocessing)
                return zip(expected.leaves, result.leaves).allSatisfy { $0.elements().hasBytes(of: $1.elements()) }
            }
        }
    }

    private func pairs(_ samples: Dataset, _ features: Dataset, _ size: Int) throws -> [(Batch, Batch)] {
        func batches(_ dataset: Dataset) throws -> [Batch] {
            let batches = dataset.batches(of: size, epoch: 0, seed: 0, shuffled: false, ahead: 0)
            let all = Array(batches)
            try batches.checkFailure()
            return all
        }
        return Array(zip(try batches(samples), try batches(features)))
    }
}

extension Buffer {
    /// Whether both hold the same bytes.
    fileprivate func hasBytes(of other: Buffer) -> Bool {
        byteCount == other.byteCount && memcmp(bytes.baseAddress!, other.bytes.baseAddress!, byteCount) == 0
    }
}
