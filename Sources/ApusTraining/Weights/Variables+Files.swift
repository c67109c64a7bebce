import ApusConfiguration
import ApusFormats
public import ApusInference
public import ApusNN
import ApusOptimizers
import ApusTensor
import Foundation

extension Variables {
    /// Takes the values of variables from a file of weights, or from a checkpoint, which holds the optimizer's slots as well.
    ///
    /// Safetensors, npz, files of `torch.save` (of a checkpoint the model's state dict) and of Keras (`.keras`, `.weights.h5`, `.h5`)
    /// are told apart by their content. Names and axes are those of the file.
    ///
    /// - Parameters:
    ///   - path: A file, or the folder of a run: the weights that it keeps.
    ///   - mode: Whether everything must fit, or what fits is taken.
    ///   - mapping: What begins the file's names, and what begins the model's in its place: `["encoder": "backbone"]`. Whole
    ///     names between slashes count, the longest beginning first; an empty one stands for none. What is mapped takes the place
    ///     of what has the name already.
    ///   - excepted: What begins the names of variables that keep their values, by whole names between slashes: those of the model,
    ///     or of the file where the model has others: `["classifier"]`.
    ///   - usesAverages: Whether the averages of a checkpoint that keeps them take the place of the values.
    /// - Returns: Which variables were loaded, and which were not.
    /// - Throws: `FormatError` for a damaged file; `WeightsError` with the report if something does not fit, or nothing does;
    ///   `TrainingError` if the mapping gives two variables one name or fits none, or if what is excepted fits none. Nothing changes then.
    @discardableResult
    public mutating func load(
        _ path: String, mode: WeightsMode = .strict, mapping: [String: String] = [:], except excepted: [String] = [],
        usesAverages: Bool = false
    ) throws -> WeightsReport {
        let file = try WeightsFile(Variables.weightsFile(path))
        var report = WeightsReport(path: path)
        let names = file.names.filter { !file.isSlot($0) }
        // Names of PyTorch have dots where paths have slashes.
        let isDotted = !names.contains { $0.contains("/") }
        let mapping =
            isDotted
            ? Dictionary(mapping.map { ($0.replacing(".", with: "/"), $1) }) { first, _ in first } : mapping
        let slashed = { (name: String) in isDotted ? name.replacing(".", with: "/") : name }
        try checkUse(mapping, of: names.map(slashed), path)
        try checkUse(excepted, of: paths + names.map(slashed), path)
        let isExcepted = { (name: String) in excepted.contains { Variables.begins(name, with: $0) } }
        let renamed = { (name: String) in Variables.renamed(name, mapping) }
        let matching = try WeightsNames(
            names, of: self, keras: file.kerasForm, shape: { try file.shape(of: $0) }, renamed: renamed)
        report.names = matching.style
        // The names in the file by those in the model.
        var sources: [String: String] = [:]
        for name in names where !(matching.style != .apus && WeightsNames.isCounter(name)) {
            let target = matching.target(of: name, renamed: renamed)
            guard let other = sources[target] else {
                sources[target] = name
                continue
            }
            guard name == target || other == target else {
                throw TrainingError("the mapping gives \(other) and \(name) of \(path) the same name \(target)")
            }
            sources[target] = name == target ? other : name
            report.unexpected.append(target)
        }
        let known = Set(paths.flatMap { matching.targets(of: $0) })
        report.unexpected += names.filter { name in
            let target = matching.target(of: name, renamed: renamed)
            return sources[target] == name && !known.contains(target) && !isExcepted(target)
                && !isExcepted(slashed(name))
        }
        for name in paths {
            if isExcepted(name) {
                report.excepted.append(name)
                continue
            }
            let arrays = matching.targets(of: name).map { sources[$0] }
            if let problem = matching.problem(of: name) {
                throw FormatError(
                    .unsupported, path: path, "the weights are not those of the model's layer: \(problem.text)",
                    remedy: problem.remedy)
            }
            let found = arrays.compactMap { $0 }
            guard found.count == arrays.count else {
                report.missing.append(name)
                continue
            }
            var isFitting = true
            for (number, source) in found.enumerated() where isFitting {
                let shape = try file.shape(of: source)
                let expected = matching.expected(name, number, for: shape)
                guard !expected.fits else { continue }
                isFitting = false
                report.mismatched.append(WeightsReport.Mismatch(name: name, shape: shape, expected: expected.shape))
            }
            if isFitting { report.loaded.append(name) }
        }
        if mode == .strict ? !report.isComplete : report.loaded.isEmpty { throw WeightsError(report: report) }
        var copy = self
        for name in report.loaded {
            let arrays = try matching.targets(of: name).map { target in
                let source = sources[target]!
                let average = "\(source)/\(Optimizer.averageSlot.name)"
                let isAverage = usesAverages && file.isSlot(average) && file.contains(average)
                return try file.tensor(isAverage ? average : source)
            }
            try copy.setValue(name, matching.value(name, arrays))
        }
        self = copy
        return report
    }

    /// The file of a path, which may be the folder of a training.
    package static func weightsFile(_ path: String) -> String {
        let checkpoints = "\(path)/\(CheckpointStore.usualName)"
        return FileManager.default.fileExists(atPath: checkpoints) ? CheckpointStore(checkpoints).keptWeights : path
    }

    /// A beginning that no name has is a mistake.
    private func checkUse(_ mapping: [String: String], of names: [String], _ path: String) throws {
        for prefix in mapping.keys.sorted() where !names.contains(where: { Variables.begins($0, with: prefix) }) {
            let beginnings = Set(names.map { $0.split(separator: "/").first.map(String.init) ?? $0 })
            throw TrainingError(
                "no name in \(path) begins with \(prefix) (\(Names.hint(prefix, beginnings.sorted())))", kind: .missing)
        }
    }

    private func checkUse(_ excepted: [String], of names: [String], _ path: String) throws {
        for prefix in excepted where !names.contains(where: { Variables.begins($0, with: prefix) }) {
            let beginnings = Set(names.map { $0.split(separator: "/").first.map(String.init) ?? $0 })
            throw TrainingError(
                "no variable of the model or of \(path) begins with \(prefix.shown), which is to be excepted (\(Names.hint(prefix, beginnings.sorted())))",
                kind: .missing)
        }
    }

    private static func begins(_ name: String, with prefix: String) -> Bool {
        prefix.isEmpty || name == prefix || name.hasPrefix(prefix + "/")
    }

    /// A name with another beginning.
    private static func renamed(_ name: String, _ mapping: [String: String]) -> String {
        let prefixes = mapping.keys.filter { begins(name, with: $0) }
        guard let prefix = prefixes.max(by: { $0.count < $1.count }), let other = mapping[prefix] else { return name }
        let rest = name.dropFirst(prefix.count).drop { $0 == "/" }
        return [other, String(rest)].filter { !$0.isEmpty }.joined(separator: "/")
    }
}
