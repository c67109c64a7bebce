import ApusExperiments
import ApusNN
import ApusTensor

/// The end of the network: output, loss and metrics against the question of the data.
extension Case {
    /// The layers at the end: the last one with a kernel, and the activations behind it, between which noise may stand.
    var head: (last: ExperimentTree.Layer, activations: [ExperimentTree.Layer])? {
        let layers = tree.outerLayers
        guard let index = layers.lastIndex(where: \.isLinear) else { return nil }
        let behind = Array(layers[(index + 1)...])
        let activations = behind.filter { Case.activationNames.contains($0.kind) || $0.kind == "activation" }
        let noise = behind.filter { Case.noiseNames.contains($0.kind) }
        return activations.count + noise.count == behind.count ? (layers[index], activations) : nil
    }

    /// Layers that draw random numbers while training.
    static let noiseNames: Set<String> = [
        "dropout", "alphaDropout", "gaussianDropout", "spatialDropout", "gaussianNoise",
    ]

    /// The noise behind the last layer with a kernel.
    var noiseOfOutput: [ExperimentTree.Layer] {
        guard let last = head?.last, let index = tree.outerLayers.firstIndex(of: last) else { return [] }
        return tree.outerLayers[index...].filter { Case.noiseNames.contains($0.kind) }
    }

    static let activationNames: Set<String> = [
        "relu", "sigmoid", "softmax", "tanh", "elu", "selu", "gelu", "silu", "softplus", "softsign", "exponential",
        "hardSigmoid", "leakyReLU", "linear", "relu6", "mish", "hardSwish", "hardTanh", "logSoftmax", "swish",
    ]

    /// What the outputs go through at the end; `linear` for nothing.
    var outputActivation: String {
        guard let head else { return "linear" }
        let names =
            [head.last.activation]
            + head.activations.map {
                $0.kind == "activation" ? $0.arguments?.kind ?? $0.argument("activation")?.kind : $0.kind
            }
        return names.compactMap { $0 }.last { $0 != "linear" } ?? "linear"
    }

    /// The places of the activations of the output.
    private var activationPlaces: [String] {
        guard let head else { return [] }
        return (head.last.activation.map { $0 == "linear" ? [] : [head.last.path("activation")] } ?? [])
            + head.activations.map(\.place)
    }

    /// The output without any activation.
    private var linearOutput: Edit {
        guard let head else { return Edit([]) }
        var edit = Edit([])
        if let activation = head.last.activation, activation != "linear" {
            edit = edit.and(Edit(head.last.path("activation"), "linear"))
        }
        for layer in head.activations where layer.kind != "linear" { edit = edit.and(Edit(layer.place, "linear")) }
        return edit
    }

    var lossName: String { experiment.loss.name }
    private var lossArguments: [String: SettingValue] {
        if case .object(let arguments)? = tree["loss"]?.arguments { arguments } else { [:] }
    }
    private var takesProbabilities: Bool { lossArguments["fromProbabilities"] == .flag(true) }
    private var isCrossEntropy: Bool {
        ["softmaxCrossEntropy", "binaryCrossEntropy", "focal", "binaryFocal"].contains(lossName)
    }
    private var isLossOfNumbers: Bool {
        [
            "meanSquaredError", "meanAbsoluteError", "meanAbsolutePercentageError", "meanSquaredLogarithmicError",
            "huber",
            "logCosh", "poisson", "cosineSimilarity", "klDivergence",
        ].contains(lossName)
    }

    /// Metrics that take logits.
    private var metricsOfLogits: Edit {
        guard let metrics = tree["metrics"]?.items else { return Edit([]) }
        let changed = metrics.map { metric -> SettingValue in
            guard let kind = metric.kind, metric.arguments?["fromProbabilities"] == .flag(true) else { return metric }
            return .text(kind)
        }
        return changed == metrics ? Edit([]) : Edit("metrics", .list(changed))
    }

    /// The head that fits the task: linear outputs, as many as it asks for, and the loss of the task.
    private var rightHead: Edit? {
        guard let head, let units = head.last.argument("units")?.int ?? head.last.argument("filters")?.int else {
            return nil
        }
        var edit = linearOutput
        let loss: String
        switch patient.task {
        case .classes(let count):
            if units == 1, count == 2 {
                loss = "binaryCrossEntropy"
            } else {
                if units < count { edit = edit.and(Edit(head.last.path("units"), .whole(count))) }
                loss = "softmaxCrossEntropy"
            }
        case .positions(let count):
            if units < count { edit = edit.and(Edit(head.last.path("units"), .whole(count))) }
            loss = "softmaxCrossEntropy"
        case .oneHot(let count):
            guard units == count else { return nil }
            loss = "softmaxCrossEntropy"
        case .answers(let count):
            guard units == count else { return nil }
            loss = "binaryCrossEntropy"
        case .several: return nil
        case .numbers: loss = isLossOfNumbers && lossName != "poisson" ? lossName : "meanSquaredError"
        }
        if tree["loss"] != .text(loss) { edit = edit.and(Edit("loss", .text(loss))) }
        edit = edit.and(metricsOfLogits)
        return edit.assignments.isEmpty ? nil : edit
    }

    func outputTreatments() -> [Treatment] {
        guard let head, let right = rightHead else { return [] }
        let activation = outputActivation
        let places = activationPlaces
        let units = head.last.argument("units")?.int ?? 0
        var found: [Treatment] = []
        func add(_ cause: Cause, _ places: [String], _ edit: Edit, _ text: String, _ suspicion: Double) {
            guard !edit.assignments.isEmpty else { return }
            // What is wrong by itself need not do much harm.
            let least = suspicion > 0.9 ? 0.01 : 0.02
            found.append(Treatment(cause, at: places, edit, text, suspicion: suspicion, minimumGain: least))
        }
        let mismatch = Cause.outputActivationMismatch
        switch patient.task {
        case .several: break
        case .numbers:
            guard let (least, greatest) = Case.reach(activation) else { break }
            let (low, high) = targetRange
            if low < least - 1e-6 || high > greatest + 1e-6 {
                add(
                    mismatch, places, linearOutput,
                    "\(activation) yields numbers in \(Case.range(least, greatest)), but targets lie in \(Case.range(low, high))",
                    1)
            }
            if isCrossEntropy {
                add(
                    .lossTaskMismatch, ["loss"], right, "\(lossName) compares classes, but the targets are numbers", 0.9
                )
            }
        case .classes, .answers, .oneHot, .positions:
            if activation == "softmax", units == 1 {
                add(mismatch, places, right, "softmax over one output is 1, whatever the input is", 1)
            } else if let count = patient.task.labelCount, units < count,
                !(units == 1 && patient.task == .classes(2))
            {
                add(
                    mismatch, [head.last.path("units"), "loss"], right,
                    "\(units.counted("output")) can't tell \(count) classes apart", 1)
            } else if isCrossEntropy, !takesProbabilities, activation != "linear" {
                add(
                    mismatch, places, linearOutput.and(metricsOfLogits),
                    "\(lossName) takes logits, but the output goes through \(activation) before", 0.95)
            } else if isCrossEntropy, takesProbabilities, !["softmax", "sigmoid"].contains(activation) {
                add(
                    mismatch, ["loss"] + places, right,
                    "\(lossName) takes probabilities, but the output (\(activation)) is not one", 1)
            } else if lossName == "softmaxCrossEntropy", takesProbabilities, activation == "sigmoid" {
                add(mismatch, places, right, "probabilities of sigmoids do not add up to 1, as the loss assumes", 0.8)
            } else if isLossOfNumbers {
                let fits = activation == "sigmoid" || activation == "softmax" && units > 1
                add(
                    fits ? .lossTaskMismatch : mismatch, fits ? ["loss"] : places + ["loss"], right,
                    "\(lossName) compares numbers, but the targets are \(patient.task.isClasses ? "classes" : "answers of yes or no")",
                    fits ? 0.6 : 0.85)
            } else if lossName == "softmaxCrossEntropy", case .answers = patient.task {
                add(
                    .lossTaskMismatch, ["loss"], right, "answers of yes or no are no classes that exclude each other",
                    0.9)
            }
        }
        // The head that needs nothing of what there is, where less did not help.
        if found.first.map({ $0.edit != right }) == true {
            add(found[0].cause, found[0].places + ["loss"], right, found[0].observation, found[0].suspicion - 0.05)
        }
        return found
    }

    /// The numbers that an activation can yield; `nil` for all.
    static func reach(_ activation: String) -> (Double, Double)? {
        switch activation {
        case "relu", "softplus", "exponential": (0, .infinity)
        case "relu6": (0, 6)
        case "sigmoid", "softmax", "hardSigmoid": (0, 1)
        case "tanh", "softsign", "hardTanh": (-1, 1)
        default: nil
        }
    }

    private static func range(_ low: Double, _ high: Double) -> String { "\(low.short)…\(high.short)" }

    /// The least and the greatest target of some samples.
    var targetRange: (Double, Double) {
        let values = targetSamples
        return (values.min() ?? 0, values.max() ?? 0)
    }

    /// Targets of samples from all over the training part, of an autoencoder its inputs.
    var targetSamples: [Double] {
        let data = patient.data.training
        guard data.isInMemory else { return [] }
        let isInput = experiment.target?.isInput == true
        return stride(from: 0, to: data.count, by: max(1, data.count / 500)).flatMap { index -> [Double] in
            if isInput {
                let input = data.preprocessing(Values(data.features(at: index).expandingShape(at: 0))).only
                return ((try? input.evaluated().cast(to: .float32).evaluated().scalars) ?? []).map(Double.init)
            }
            return data.target(at: index).scalars(as: Double.self)
        }
    }

    /// The loss with another argument, or without it.
    func loss(with argument: String, _ value: SettingValue?) -> Edit {
        var arguments = lossArguments
        arguments[argument] = value
        return Edit("loss", arguments.isEmpty ? .text(lossName) : .object([lossName: .object(arguments)]))
    }

    func lossTreatments() -> [Treatment] {
        let entries = lossArguments
        var found: [Treatment] = []
        if entries["reduction"] == .text("sum") {
            found.append(
                Treatment(
                    .lossReduction, at: ["loss"], loss(with: "reduction", nil),
                    "the loss is the sum over a batch, so steps are \(experiment.batchSize) times as long",
                    suspicion: 0.9))
        }
        if entries["classWeights"] != nil {
            found.append(
                Treatment(
                    .lossTaskMismatch, at: ["loss"], loss(with: "classWeights", nil),
                    "classes have factors of their own",
                    suspicion: 0.7))
        }
        if let smoothing = entries["labelSmoothing"]?.double, smoothing > 0.2 {
            found.append(
                Treatment(
                    .overRegularised, at: ["loss"], loss(with: "labelSmoothing", .number(0.1)),
                    "labels are smoothed by \(smoothing)", suspicion: 0.7))
        }
        if experiment.loss.weight < 0.1 || experiment.loss.weight > 10 {
            found.append(
                Treatment(
                    .lossReduction, at: ["loss"], loss(with: "weight", nil),
                    "the loss is multiplied by \(experiment.loss.weight)",
                    suspicion: 0.3))
        }
        if let reason = unsuitableLoss {
            found.append(
                Treatment(
                    .lossTaskMismatch, at: ["loss"], Edit("loss", "meanSquaredError"), reason, suspicion: 0.9))
        }
        return found
    }

    /// Why the loss does not suit the numbers that are to be told; `nil` if it does.
    private var unsuitableLoss: String? {
        guard patient.task.isNumbers else { return nil }
        let (low, high) = targetRange
        switch lossName {
        case "meanSquaredLogarithmicError" where low < 0:
            return "a loss of logarithms takes every negative number for 0"
        case "poisson" where low < 0: return "a loss of rates has no meaning for negative numbers"
        case "meanAbsolutePercentageError" where low < 0.05 * (high - low) && high > -0.05 * (high - low):
            return "errors are measured as shares of targets that come near 0, where a small one counts most"
        default: return nil
        }
    }
}
