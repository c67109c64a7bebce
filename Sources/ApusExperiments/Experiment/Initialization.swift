public import ApusConfiguration
public import ApusInference
public import ApusNN
package import ApusTraining
import Foundation

/// The weights that a training starts from in place of drawn ones: the key `init` of an experiment.
///
/// ```swift
/// let experiment = Experiment(
///     name: "flowers", data: DataSource(source: .images(ImageSource("flowers"))), model: "mobilenetV2-large",
///     initialization: Initialization(from: "mobilenetV2-imagenet", replaceHead: true))
/// let other = Initialization(from: "runs/encoder-1", map: ["encoder": "features"], except: ["classifier"])
/// ```
public struct Initialization: Configurable {
    /// A file of weights, the folder of a run, or a name of `KnownWeights`. Relative paths start where the program was started.
    public var from: String
    /// What begins the file's names, and what begins the model's in its place: `["backbone": ""]`.
    public var map: [String: String]
    /// What begins the paths of variables that keep their drawn values: `["classifier"]`.
    public var except: [String]
    /// Whether the last layer that has weights keeps its drawn values, as for another number of classes.
    public var replaceHead: Bool
    /// Whether all else must fit, or what fits is taken.
    public var mode: WeightsMode

    /// Weights to start from.
    ///
    /// - Parameters:
    ///   - from: A file, the folder of a run, or a name of `KnownWeights`.
    ///   - map: What begins the file's names, and what begins the model's in its place.
    ///   - except: What begins the paths of variables that keep their drawn values.
    ///   - replaceHead: Whether the last layer that has weights keeps its drawn values.
    ///   - mode: Whether all else must fit, or what fits is taken.
    public init(
        from: String, map: [String: String] = [:], except: [String] = [], replaceHead: Bool = false,
        mode: WeightsMode = .strict
    ) {
        self.from = from
        self.map = map
        self.except = except
        self.replaceHead = replaceHead
        self.mode = mode
    }

    public static let schema = Schema(
        Initialization(from: ""),
        .leading("from", \.from, isLabelled: true, help: "A file of weights, the folder of a run, or a name"),
        .optional("map", \.map, help: "What begins the file’s names, and what begins the model’s in its place"),
        .optional("except", \.except, help: "What begins the paths of variables that keep their drawn values"),
        .optional(
            "replaceHead", \.replaceHead, help: "Whether the last layer that has weights keeps its drawn values"),
        .optional("mode", \.mode, help: "`strict`: all else must fit; `partial`: what fits is taken"))

    // MARK: Loading

    /// The file or folder that `from` stands for; what has the name of known weights goes first.
    ///
    /// - Throws: `TrainingError` if it is a name that is not known, or whose file is not on this machine.
    public var path: String {
        get throws {
            if FileManager.default.fileExists(atPath: from) { return from }
            if let known = KnownWeights(rawValue: from) { return try known.existingPath }
            // What looks like a path is reported as a file that is missing.
            if from.contains("/") || from.contains(".") { return from }
            throw TrainingError(
                "there are no weights \(from.shown): it is neither a file, nor the folder of a run, nor a name (\(Names.hint(from, KnownWeights.allCases.map(\.rawValue))))",
                kind: .missing)
        }
    }

    /// Takes the values of variables from the weights.
    ///
    /// - Returns: Which variables were loaded, and which were not.
    /// - Throws: What `Variables.load` throws; `TrainingError` that says what to do where something does not fit. Nothing changes then.
    @discardableResult
    public func load(into variables: inout Variables) throws -> WeightsReport {
        let head = variables.paths.last.map(Initialization.layer)
        do {
            return try variables.load(
                try path, mode: mode, mapping: map, except: except + (replaceHead ? [head].compactMap { $0 } : []))
        } catch let error as WeightsError {
            throw TrainingError("\(error)\(remedy(error.report, head: head))", kind: .malformed)
        }
    }

    /// Lets a training start from the weights.
    ///
    /// - Throws: What loading throws; `TrainingError` if a model of several outputs has no one head to replace.
    @discardableResult
    package func load(into trainer: inout Trainer) throws -> WeightsReport {
        if replaceHead, let graph = trainer.model as? ModelGraph, graph.outputNames.count > 1 {
            throw TrainingError(
                "init.replaceHead needs a model of one output; this one has \(graph.outputNames.joined(separator: ", ")): name what begins anew in init.except"
            )
        }
        var variables = trainer.state!.variables
        let report = try load(into: &variables)
        trainer.load(variables)
        return report
    }

    /// The layer of a variable: `classifier/1` of `classifier/1/kernel`.
    private static func layer(_ path: String) -> String {
        path.split(separator: "/").dropLast().joined(separator: "/")
    }

    /// What to do where something does not fit.
    private func remedy(_ report: WeightsReport, head: String?) -> String {
        // Nothing fits at all: other names are meant, or another model.
        guard !report.loaded.isEmpty else { return "" }
        let others = report.unexpected.map { $0.contains("/") ? $0 : $0.replacing(".", with: "/") }
        var layers: [String] = []
        for layer in (report.mismatched.map(\.name) + report.missing + others).map(Initialization.layer)
        where !layer.isEmpty && !layers.contains(layer) { layers.append(layer) }
        guard !layers.isEmpty else { return "" }
        let list = "except: [\(layers.prefix(3).joined(separator: ", "))\(layers.count > 3 ? ", …" : "")]"
        if layers == [head] { return "; for a head of other classes say replaceHead: true or \(list) at init" }
        return "; to keep the drawn values there say \(list) at init"
    }
}
