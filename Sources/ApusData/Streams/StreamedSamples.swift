import ApusBackend
import ApusGraph
import ApusTensor

/// Samples that a function makes, each a row with a place for every input and target.
struct StreamedSamples: RowReader {
    /// The place of an input or target.
    struct Part {
        let name: String
        let row: TensorType
        let offset: Int
        /// How labels are checked; `nil` for inputs and numbers.
        var labels: Labels?
    }

    let count: Int
    let inputs: [Part]
    let targets: [Part]
    let byteCount: Int
    private let sample: @Sendable (Int) throws -> Sample
    private let signature: @Sendable (Int) -> [UInt8]
    /// Whether the samples have a name that changes when they do.
    private let isNamed: Bool

    /// - Parameters:
    ///   - classNames: the classes of a target, if they are known
    ///   - ignoring: the label of a target that does not count, if there is one
    ///   - sample: makes a sample; sample 0 is made at once
    ///   - signature: what of a sample goes into fingerprints
    ///   - isNamed: whether that changes whenever the sample does
    init(
        count: Int, classNames: (String) -> [String]?, ignoring: (String) -> Int?,
        sample: @escaping @Sendable (Int) throws -> Sample, signature: @escaping @Sendable (Int) -> [UInt8],
        isNamed: Bool = false
    ) throws {
        guard count > 0 else {
            throw DatasetError(
                .impossible, "without a sample nothing is known of their shapes", received: count.counted("sample"),
                remedy: "Give at least one sample.")
        }
        let first = try sample(0)
        try evaluate(first.inputs.leaves + first.targets.leaves)
        guard !first.inputs.isEmpty, !first.targets.isEmpty else {
            throw DatasetError(
                .malformed, "samples need at least one \(first.inputs.isEmpty ? "input" : "target")",
                received: "sample 0 without one", remedy: "Give each sample its inputs and targets.")
        }
        var end = 0
        func part(_ name: String, _ row: TensorType, _ labels: Labels? = nil) -> Part {
            defer { end = (end + row.byteCount + 7) / 8 * 8 }
            return Part(name: name, row: row, offset: end, labels: labels)
        }
        inputs = first.inputs.map { part($0.name, TensorType($0.tensor.shape, $0.tensor.elementType)) }
        targets = first.targets.map { name, tensor in
            guard tensor.elementType.isInteger else { return part(name, TensorType(tensor.shape, .float32)) }
            return part(
                name, TensorType(tensor.shape, .int32),
                Labels(target: name, classNames: classNames(name), ignored: ignoring(name)))
        }
        byteCount = end
        self.count = count
        self.sample = sample
        self.signature = signature
        self.isNamed = isNamed
    }

    /// Checks that the classes of all labels are known: how many there are can't be found without reading all samples.
    func checkClasses() throws(DatasetError) {
        guard let target = targets.first(where: { $0.labels != nil && $0.labels?.classNames == nil }) else { return }
        throw DatasetError(
            .malformed, "the target\(target.name.asName) is whole numbers, but its classes are not known",
            expected: "their names, in the order of the labels", received: "\(target.row.elementType) without names",
            remedy: "Give classNames:, or make the target a floating-point tensor.")
    }

    func read(_ row: Int, into target: UnsafeMutableRawPointer) throws {
        let sample = try sample(row)
        try evaluate(sample.inputs.leaves + sample.targets.leaves)
        try check(sample.inputs.names, inputs, "inputs", row)
        try check(sample.targets.names, targets, "targets", row)
        for part in inputs {
            let tensor = sample.inputs[part.name]
            try check(tensor, part, "input", isRight: tensor.elementType == part.row.elementType, row)
            copy(tensor, part, to: target)
        }
        for part in targets {
            let tensor = sample.targets[part.name]
            try check(tensor, part, "target", isRight: tensor.elementType.isInteger == (part.labels != nil), row)
            if let labels = part.labels {
                let stored = (target + part.offset).assumingMemoryBound(to: Int32.self)
                try labels.store(tensor, into: stored, part.row.shape, firstRow: row)
            } else {
                copy(
                    tensor.elementType == .float32 ? tensor : try tensor.cast(to: .float32).evaluated(), part,
                    to: target)
            }
        }
    }

    func signature(of row: Int) -> [UInt8] { signature(row) }

    func version(of row: Int) -> [UInt8]? { isNamed ? signature(row) : nil }

    private func copy(_ tensor: Tensor, _ part: Part, to target: UnsafeMutableRawPointer) {
        (target + part.offset).copyMemory(from: tensor.elements().start, byteCount: part.row.byteCount)
    }

    private func check(_ names: [String], _ parts: [Part], _ what: String, _ row: Int) throws(DatasetError) {
        guard Set(names) != Set(parts.map(\.name)) else { return }
        throw DatasetError(
            .malformed, "sample \(row) has other \(what) than sample 0", expected: parts.map(\.name).asNames,
            received: names.isEmpty ? "none" : names.asNames, remedy: "Give all samples the same names.")
    }

    private func check(_ tensor: Tensor, _ part: Part, _ what: String, isRight: Bool, _ row: Int) throws(DatasetError) {
        guard !isRight || tensor.shape != part.row.shape else { return }
        let kind = part.labels == nil ? "\(part.row.elementType)" : "whole numbers "
        throw DatasetError(
            .malformed,
            "the \(what)\(part.name.asName) of sample \(row) is of another type or shape than that of sample 0",
            expected: "\(kind)\(part.row.shape)", received: "\(tensor.elementType)\(tensor.shape)",
            remedy: "Make all samples alike.")
    }
}
