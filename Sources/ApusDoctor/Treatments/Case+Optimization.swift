import ApusExperiments
import Foundation
import ApusOptimizers
import ApusTraining

/// How the weights change: rate, optimizer, schedule, batches, epochs; and what holds them back.
extension Case {
    private var steps: Int { patient.stepsPerEpoch * experiment.epochs }

    // MARK: Regularization

    func regularizationTreatments() -> [Treatment] {
        var found: [Treatment] = []
        func release(_ arguments: [String], _ text: String, _ suspicion: Double) {
            var edit = Edit([])
            for layer in tree.layers {
                for name in arguments where layer.argument(name) != nil {
                    edit = edit.and(Edit(layer.path(name), .none))
                }
            }
            guard !edit.assignments.isEmpty else { return }
            found.append(
                Treatment(.overRegularised, at: edit.paths, edit, text, suspicion: suspicion, minimumGain: 0.012))
        }
        release(
            ["kernelRegularizer", "biasRegularizer", "activityRegularizer"], "layers have a penalty on their weights",
            0.75)
        release(["kernelConstraint", "biasConstraint"], "weights are constrained", 0.75)
        var quiet = Edit([])
        for layer in tree.layers {
            switch layer.kind {
            case "gaussianNoise":
                if layer.argument("standardDeviation")?.double ?? 0 > 0.2 {
                    quiet = quiet.and(Edit(layer.path("standardDeviation"), .number(0.02)))
                }
            case "dropout", "alphaDropout", "gaussianDropout", "spatialDropout":
                if layer.argument("rate")?.double ?? 0 > 0.55 {
                    quiet = quiet.and(Edit(layer.path("rate"), .number(0.1)))
                }
            default: break
            }
        }
        let noise = noiseOfOutput
        if !noise.isEmpty {
            found.append(
                Treatment(
                    .overRegularised, at: noise.map { "\($0.place).\($0.kind)" },
                    Edit(noise.map { ($0.place, "linear") }),
                    "noise is added to the outputs that the loss compares", suspicion: 0.92, minimumGain: 0.01))
        }
        if !quiet.assignments.isEmpty {
            found.append(
                Treatment(
                    .overRegularised,
                    at: quiet.paths.map { $0.split(separator: ".").dropLast().joined(separator: ".") },
                    quiet, "the noise in the network is as great as its signal", suspicion: 0.8))
        }
        for path in ["optimizer.weightDecay", "optimizer.adamW.weightDecay"] {
            guard let decay = tree[path]?.double, decay >= 0.02 else { continue }
            found.append(
                Treatment(
                    .overRegularised, at: [path], Edit(path, .number(min(decay / 100, 0.0001))),
                    "weights decay by \(decay) of the rate in every step", suspicion: 0.75))
        }
        let still = tree.layers.filter { $0.kind == "batchNorm" && ($0.argument("momentum")?.double ?? 0) > 0.999 }
        if !still.isEmpty {
            found.append(
                Treatment(
                    .trainEvalMismatch, at: still.map { $0.path("momentum") },
                    Edit(still.map { ($0.path("momentum"), .number(steps < 500 ? 0.9 : 0.99)) }),
                    "the running statistics never leave their start, which is what predictions use", suspicion: 0.97))
        }
        return found
    }

    // MARK: Optimizer

    /// The usual values of a rule's constants.
    private static let usual: [String: [String: Double]] = [
        "sgd": ["momentum": 0.9],
        "rmsprop": ["rho": 0.9, "momentum": 0, "epsilon": 1e-7],
        "adam": ["beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7],
        "adamW": ["beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7],
        "adamax": ["beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7],
        "nadam": ["beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7],
        "lion": ["beta1": 0.9, "beta2": 0.99],
        "adadelta": ["rho": 0.95, "epsilon": 1e-7],
        "adagrad": ["initialAccumulator": 0.1, "epsilon": 1e-7],
    ]

    func optimizerTreatments() -> [Treatment] {
        var found: [Treatment] = []
        func add(
            _ cause: Cause, _ path: String, _ value: SettingValue, _ text: String, _ suspicion: Double,
            minimumGain: Double = 0.02
        ) {
            found.append(
                Treatment(cause, at: [path], Edit(path, value), text, suspicion: suspicion, minimumGain: minimumGain))
        }
        if let rule = tree.optimizer, let constants = Case.usual[rule] {
            var all = Edit([])
            for (name, value) in constants.sorted(by: { $0.key < $1.key }) {
                let path = "optimizer.\(rule).\(name)"
                guard let given = tree[path]?.double, isOdd(given, name, usual: value) else { continue }
                let usual = SettingValue.number(rule == "sgd" && given < 0.9 ? 0 : value)
                add(
                    .optimizerMisconfigured, path, usual, "\(name) is \(given); usual is \(value)", 0.7,
                    minimumGain: 0.025)
                all = all.and(Edit(path, usual))
            }
            if !all.assignments.isEmpty, let path = tree.optimizerPath("learningRate"),
                let rate = tree[path]?.double, let own = Case.usualRates[rule], rate != own
            {
                found.append(
                    Treatment(
                        .optimizerMisconfigured, at: all.paths + [path], all.and(Edit(path, .number(own))),
                        "constants and rate of the optimizer are unusual", suspicion: 0.6, minimumGain: 0.025))
            }
        }
        if let average = tree["optimizer.average"]?.double, average < 1, 1 / (1 - average) > Double(steps) / 6 {
            let better = max(0, 1 - 20 / Double(max(40, steps)))
            add(
                .trainEvalMismatch, "optimizer.average", .number((better * 1000).rounded() / 1000),
                "what is evaluated averages over \((1 / (1 - average)).short) steps, but there are \(steps)", 0.95)
        }
        let groups = tree["optimizer.groups"]?.items ?? []
        let frozen = groups.filter { $0["isFrozen"] == .flag(true) }
        let others = groups.filter { $0["isFrozen"] != .flag(true) }
        if !others.isEmpty {
            add(
                .learningRateTooLow, "optimizer.groups", .list(frozen), "some variables have a rate of their own", 0.8,
                minimumGain: 0.015)
        }
        if !frozen.isEmpty, experiment.initialization == nil {
            found.append(
                Treatment(
                    .parameterNotUpdated, at: ["optimizer.groups"], Edit("optimizer.groups", .list(others)),
                    "variables are frozen that begin with random numbers", suspicion: 0.6, minimumGain: 0.08,
                    greatestShare: 0.85))
        }
        if let clipping = tree["optimizer.clipping"], clipping != .none {
            add(.optimizerMisconfigured, "optimizer.clipping", .none, "gradients are clipped: \(clipping)", 0.4)
        }
        return found
    }

    private static let usualRates: [String: Double] = [
        "adam": 0.001, "adamW": 0.001, "nadam": 0.001, "adamax": 0.001, "rmsprop": 0.001, "lion": 0.0003, "sgd": 0.01,
        "adagrad": 0.01, "adadelta": 1,
    ]

    /// Whether a constant is far from what is usual: a horizon more than four times as long or short, another order of ε.
    private func isOdd(_ value: Double, _ name: String, usual: Double) -> Bool {
        switch name {
        case "epsilon": return value > usual * 1e4 || value <= 1e-12
        case "initialAccumulator": return value > 10
        default:
            let (horizon, own) = (1 / max(1e-9, 1 - usual), 1 / max(1e-9, 1 - value))
            if name == "momentum" { return value > 0.95 }
            return own > 4 * horizon || own * 4 < horizon
        }
    }

    func scheduleTreatments() -> [Treatment] {
        guard let schedule = tree["schedule"], schedule != "constant", steps > 0 else { return [] }
        let base = experiment.optimizer.learningRate
        // Of the whole training, whatever a trial is.
        let rates = Trials.places(steps, 1000).map { base * experiment.schedule.factor(step: $0, total: steps) }
        let isOdd =
            rates.max()! > 3 * base || rates.max()! < 0.3 * base
            || rates.count { $0 < 0.01 * base } * 3 > rates.count
        return [
            Treatment(
                .scheduleFault, at: ["schedule"], Edit("schedule", "constant"),
                "the schedule takes the rate from \(rates[0].short) to \(rates[rates.count - 1].short); the optimizer's is \(base.short)",
                suspicion: isOdd ? 0.85 : 0.35, minimumGain: isOdd ? 0.015 : 0.03)
        ]
    }

    // MARK: Rate

    func rateTreatments() -> [Treatment] {
        guard let path = tree.optimizerPath("learningRate"), experiment.optimizer.learningRate > 0 else { return [] }
        let rate = experiment.optimizer.learningRate
        let limit = stableRate.flatMap { $0 < rate ? $0 : nil }
        let excess = limit.map {
            ": \(rate.short) is \((rate / $0).short) times the greatest rate that is stable where training begins, \($0.short)"
        }
        func treatment(_ factor: Double) -> Treatment {
            let value = rate * factor
            let digits = value.rounded(digits: 2)
            let isLess = factor < 1
            return Treatment(
                isLess ? .learningRateTooHigh : .learningRateTooLow, at: [path], Edit(path, .number(digits)),
                isLess
                    ? "steps are so long that the loss does not settle" + (excess ?? "")
                    : "steps are so short that training gets nowhere",
                suspicion: 0.3, minimumGain: 0.05, level: 3, evidence: stableRate.map { ["stableRate": $0] } ?? [:],
                greatestShare: 0.85)
        }
        let isWild = control.diverged || control.failure != nil
        let factors = isWild ? [0.1, 0.01, 0.001] : [0.1, 10, 0.01, 100, 1000, 0.001, 10_000]
        // Half of what is stable: the loss bends more as training goes on.
        return ((limit.map { [$0 / rate / 2] } ?? []) + factors).map(treatment)
    }

    /// What is tried of a training that goes wrong after it went well, besides what is tried of every one.
    func laterTreatments() -> [Treatment] {
        var found: [Treatment] = []
        if tree["schedule"] == "constant" {
            found.append(
                Treatment(
                    .learningRateTooHigh, at: ["schedule"], Edit("schedule", "cosine"),
                    "the rate does not fall while steps become too long", suspicion: 0.4))
        }
        if tree["optimizer.clipping"] ?? SettingValue.none == SettingValue.none {
            found.append(
                Treatment(
                    .explodingGradient, at: ["optimizer.clipping"],
                    Edit("optimizer.clipping", ["globalNorm": .number(1)]),
                    "some batches have gradients that are far greater than others", suspicion: 0.35))
        }
        return found
    }

    // MARK: Effort

    func effortTreatments() -> [Treatment] {
        var found: [Treatment] = []
        if experiment.batchSize < 4 {
            let normalizes = tree.layers.contains { $0.kind == "batchNorm" }
            found.append(
                Treatment(
                    .batchTooSmall, at: ["batchSize"],
                    Edit([("batchSize", 32), ("epochs", .whole(min(experiment.epochs * 4, experiment.epochs + 60)))]),
                    "a batch has \(experiment.batchSize.counted("sample"))"
                        + (normalizes ? ", whose statistics normalize it" : ""), suspicion: normalizes ? 0.9 : 0.5))
        }
        if patient.stepsPerEpoch < 8, experiment.batchSize > 32, patient.data.training.count > 128 {
            found.append(
                Treatment(
                    .batchTooLarge, at: ["batchSize"], Edit("batchSize", 32),
                    "an epoch has \(patient.stepsPerEpoch.counted("step")), \(steps) in all", suspicion: 0.6,
                    minimumGain: 0.03))
        }
        if experiment.callbacks.contains(where: { $0.rule is EarlyStopping }), control.stoppedEarly,
            let items = tree["callbacks"]?.items
        {
            found.append(
                Treatment(
                    .undertrained, at: ["callbacks"],
                    Edit("callbacks", .list(items.filter { $0.kind != "earlyStopping" })),
                    "early stopping ended training after \(control.epochs.count.counted("epoch")) of \(experiment.epochs)",
                    suspicion: 0.85))
        }
        if let overfitting { found.append(overfitting) }
        if !control.diverged {
            found.append(
                Treatment(
                    .undertrained, at: ["epochs"], Edit("epochs", .whole(experiment.epochs * 4)),
                    "training ends while the network still improves", suspicion: 0.2, minimumGain: 0.09, level: 3,
                    greatestShare: 0.67))
        }
        let hidden = tree.layers.filter {
            ["dense", "conv2D", "conv1D"].contains($0.kind) && $0.place != head?.last.place
        }
        // A wider code always reproduces its inputs better.
        if !hidden.isEmpty, tree.isList, experiment.target?.isInput != true || quality < 0.35 {
            // Filters work at every place of an image: few of them are as much as many units, and cost more.
            func width(_ layer: ExperimentTree.Layer) -> (path: String, units: Int, isFew: Bool, more: Int) {
                let units = layer.argument(layer.kind == "dense" ? "units" : "filters")?.int ?? 8
                return layer.kind == "dense"
                    ? (layer.path("units"), units, units < 64, max(32, units * 4))
                    : (layer.path("filters"), units, units < 8, units < 16 ? units * 4 : units)
            }
            let widths = hidden.map(width)
            let wider = widths.map { ($0.path, SettingValue.whole($0.more)) }
            if widths.contains(where: \.isFew) {
                found.append(
                    Treatment(
                        .underfittingCapacity, at: wider.map(\.0), Edit(wider),
                        "hidden layers have \(widths.map { "\($0.units)" }.joined(separator: ", ")) units",
                        suspicion: 0.2, minimumGain: 0.09, level: 3, greatestShare: 0.67))
            }
        }
        return found
    }
}

extension Case {
    /// What keeps the weights of the best epoch, where the loss on samples that are held back has risen since.
    private var overfitting: Treatment? {
        let losses = control.epochs.compactMap { $0.validation?.loss }
        guard !experiment.keepsBest, let least = losses.min(), let best = losses.firstIndex(of: least),
            let last = losses.last,
            least.isFinite, last > 1.5 * least, best < losses.count / 2,
            control.epochs.last!.training.loss < control.epochs[best].training.loss,
            let items = tree["callbacks"]?.items
        else { return nil }
        let patience = max(5, experiment.epochs / 20)
        let kept = items.filter { $0.kind != "checkpoint" && $0.kind != "earlyStopping" }
        return Treatment(
            .overfitting, at: ["callbacks", "model"],
            Edit("callbacks", .list(kept + [["earlyStopping": ["patience": .whole(patience)]]])),
            "the loss on samples that are held back was \(least.short) after epoch \(best + 1) and is \(last.short) at the end, while that of training fell",
            suspicion: 0.9, minimumGain: 0.1, level: 3, isMeasuredByLoss: true)
    }
}

extension Double {
    /// The number with so many digits.
    fileprivate func rounded(digits: Int) -> Double {
        guard self != 0, isFinite else { return self }
        let scale = pow(10, Double(digits - 1) - log10(abs(self)).rounded(.down))
        return (self * scale).rounded() / scale
    }
}
