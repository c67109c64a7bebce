import ApusConfiguration
import ApusGraph

extension Augmentation {
    package var problem: String? {
        func limited(_ value: Double, _ range: ClosedRange<Double>, _ name: String, _ constant: String) -> String? {
            let (low, high) = (range.lowerBound.plainText, range.upperBound.plainText)
            return range.contains(value)
                ? nil : "\(name) needs a \(constant) in \(low)…\(high), received \(value.plainText)"
        }
        func positive(_ value: Double, _ name: String, _ constant: String) -> String? {
            value > 0 && value.isFinite
                ? nil : "\(name) needs a positive \(constant), received \(value.plainText)"
        }
        func pixels(_ value: Int, _ name: String, _ constant: String) -> String? {
            (1...65536).contains(value)
                ? nil : "\(name) needs a \(constant) in 1…65536 pixels, received \(value)"
        }
        switch self {
        case .flip(_, let probability): return limited(probability, 0...1, "flip", "probability")
        case .randomCrop(let padding, _):
            return pixels(padding, "randomCrop", "padding")
        case .rotation(let degrees): return limited(degrees, 0...180, "rotation", "number of degrees")
        case .translation(let fraction): return limited(fraction, 0...1, "translation", "fraction")
        // Nothing is left of an image at the factor 0.
        case .zoom(let range): return limited(range, 0...0.9, "zoom", "range")
        case .brightness(let delta): return limited(delta, 0...1, "brightness", "delta")
        case .contrast(let delta): return limited(delta, 0...1, "contrast", "delta")
        case .cutout(let size): return pixels(size, "cutout", "size")
        case .noise(let deviation): return positive(deviation, "noise", "standardDeviation")
        case .mixup(let alpha): return positive(alpha, "mixup", "alpha")
        case .cutmix(let alpha): return positive(alpha, "cutmix", "alpha")
        }
    }

    /// The case's name, as files write it.
    package var name: String {
        switch self {
        case .flip: "flip"
        case .randomCrop: "randomCrop"
        case .rotation: "rotation"
        case .translation: "translation"
        case .zoom: "zoom"
        case .brightness: "brightness"
        case .contrast: "contrast"
        case .cutout: "cutout"
        case .noise: "noise"
        case .mixup: "mixup"
        case .cutmix: "cutmix"
        }
    }

    /// Whether it speaks of pixels and their places.
    fileprivate var needsImages: Bool {
        switch self {
        case .noise, .mixup: false
        default: true
        }
    }
}

extension Dataset {
    /// Checks whether augmentations fit the samples; for those that come from a file.
    ///
    /// - Throws: `DatasetError` for arguments out of range, for samples that are no images where images are needed,
    ///   for numeric targets where labels are mixed, and for samples of several images.
    public func check(_ augmentations: [Augmentation]) throws(DatasetError) {
        guard !augmentations.isEmpty else { return }
        let sample = inputColumns[try augmentedInput()].column.row
        for augmentation in augmentations { try check(augmentation, sample) }
    }

    private func check(_ augmentation: Augmentation, _ sample: TensorType) throws(DatasetError) {
        let shape = sample.shape
        func error(_ problem: String, expected: String? = nil, received: String? = nil, _ remedy: String)
            -> DatasetError
        {
            DatasetError(
                .impossible, "the augmentation \(augmentation.name) \(problem)", expected: expected,
                received: received, remedy: remedy)
        }
        if let problem = augmentation.problem {
            throw DatasetError(.impossible, problem, remedy: "Give a value in this range.")
        }
        guard sample.elementType == .uint8 || sample.elementType == .float32 else {
            throw error(
                "can't change samples of this type", expected: "uint8 or float32", received: "\(sample)",
                "Convert the samples, or leave the augmentation out.")
        }
        if augmentation.needsImages, shape.rank != 3 {
            throw error(
                "needs images", expected: "samples [height, width, channels]", received: "\(sample)",
                "Reshape the samples, or leave the augmentation out.")
        }
        let longest = AffineSampler<UInt8>.longestSide
        if augmentation.isGeometry, max(shape[0], shape[1]) > longest {
            throw error(
                "can't sample images as large as these", expected: "sides of at most \(longest) pixels",
                received: "\(sample)", "Load smaller images.")
        }
        if case .randomCrop(let padding, .reflect) = augmentation, padding >= min(shape[0], shape[1]) {
            throw error(
                "can't reflect more than the image has", expected: "a padding less than the image's sides",
                received: "\(padding) for \(sample)", "Give a smaller padding, or the mode zeros.")
        }
        guard augmentation.mixesSamples else { return }
        guard inputColumns.count == 1, targetColumns.count == 1 else {
            throw error(
                "mixes samples of one input and one target",
                received: "the inputs \(inputNames.asNames), the targets \(targetNames.asNames)", "Leave it out.")
        }
        if !isClassification {
            throw error(
                "mixes labels of classes", expected: "labels of classes", received: "\(targetType)",
                "Leave it out for numeric targets.")
        }
        guard targetColumns[0].isOneLabel else {
            throw error(
                "mixes labels of samples", expected: "one label a sample", received: "\(targetType)",
                "Leave it out for labels of positions.")
        }
        if let ignored = targetColumns[0].ignored {
            throw error(
                "mixes labels that all count", received: "the label \(ignored), which does not count",
                "Remove the samples with this label.")
        }
    }

    /// The place of the input that augmentations change: the only one, or the only one of images.
    func augmentedInput() throws(DatasetError) -> Int {
        guard inputColumns.count > 1 else { return 0 }
        let images = inputColumns.indices.filter {
            let row = inputColumns[$0].column.row
            return row.shape.rank == 3 && (row.elementType == .uint8 || row.elementType == .float32)
        }
        guard images.count == 1 else {
            throw DatasetError(
                .impossible,
                images.isEmpty
                    ? "augmentations change images, but no input is one"
                    : "augmentations change the one image of a sample, but \(images.count) inputs are images",
                expected: "one input [height, width, channels] of uint8 or float32",
                received: inputColumns.map { "\($0.name) \($0.column.row)" }.joined(separator: ", "),
                remedy: "Change the samples where they are made, or leave the augmentations out.")
        }
        return images[0]
    }
}

extension Double {
    /// The number as people write it: `1` instead of `1.0`.
    package var plainText: String {
        self == rounded() && magnitude < 1e15 ? "\(Int(self))" : "\(self)"
    }
}
