import ApusTensor

extension TracedModel {
    /// What a training should know whose batches, or whose last batch, have one sample; of a model that was traced for one.
    package var remarksOnSingleSamples: [String] {
        // Of images there are as many values a channel as there are places.
        let norm = records.first { $0.layer is BatchNorm && $0.input.count == $0.input.shape[-1] }
        return norm.map { norm in
            [
                "a batch of one sample has no variance for the batch normalization \(norm.path), which yields nothing but its offset "
                    + "there; choose a batchSize that leaves no single sample at the end of an epoch"
            ]
        } ?? []
    }
}
