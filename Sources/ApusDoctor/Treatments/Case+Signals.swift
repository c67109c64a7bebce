import ApusExperiments
import ApusData
import ApusNN
import ApusTensor

/// What signals go through: inputs, start values, activations, depth.
extension Case {
    // MARK: Inputs and targets

    func inputTreatments() -> [Treatment] {
        var found: [Treatment] = []
        let layers = tree.outerLayers
        let path = "data.normalize"
        if let rescaling = layers.first, rescaling.kind == "rescaling" {
            found.append(
                Treatment(
                    .inputNotNormalised, at: ["\(rescaling.place).rescaling"], Edit(rescaling.place, "linear"),
                    "the first layer scales inputs that are scaled already", suspicion: 0.6, level: 1))
        }
        // Places in a table are no measurements, and stay as they are.
        guard !layers.contains(where: { $0.kind == "embedding" }) else { return found }
        guard let input = control.start?.input, tree["target"]?.kind != "input" || tree["data.normalize"] != nil else {
            return found
        }
        let isNone = tree[path] == .text("none")
        let scales = columnScales
        let (least, greatest) = (scales.min() ?? 1, scales.max() ?? 1)
        let offset = input.deviation > 0 ? abs(input.mean) / input.deviation : 0
        let isOdd = offset > 3 || input.deviation > 8 || input.deviation < 0.12 || greatest > 30 * max(least, 1e-12)
        guard isOdd || isNone else { return found }
        let isImage = patient.data.kind == .images
        let text =
            "the network receives inputs of mean \(input.mean.short) and standard deviation \(input.deviation.short)"
            + (greatest > 30 * least ? ", columns of deviations from \(least.short) to \(greatest.short)" : "")
        for value: SettingValue in isImage ? ["unitRange", "standardize"] : ["standardize"] where tree[path] != value {
            found.append(
                Treatment(
                    .inputNotNormalised, at: [path], Edit(path, value), text, suspicion: isOdd ? 0.92 : 0.4, level: 1))
        }
        return found
    }

    /// The standard deviation of each column of a table, as the network receives it; those that are constant left out.
    private var columnScales: [Double] {
        let data = patient.data.training
        guard patient.data.kind == .table, data.isInMemory, data.sampleShape.count <= 4096, data.inputNames.count == 1
        else { return [] }
        let indices = stride(from: 0, to: data.count, by: max(1, data.count / 300))
        let rows = indices.compactMap { index in
            try? data.preprocessing(Values(data.features(at: index).expandingShape(at: 0))).only.cast(to: .float32)
                .evaluated().scalars
        }
        guard let width = rows.first?.count, rows.count > 2 else { return [] }
        return (0..<width).map { column in
            Moments(rows.map { Double($0[column]) }).deviation
        }.filter { $0 > 0 && $0.isFinite }
    }

    func targetTreatments() -> [Treatment] {
        guard case .numbers(let width) = patient.task, experiment.target?.isInput != true, tree.isList, width <= 16,
            outputActivation == "linear" || head != nil
        else { return [] }
        let moments = Moments(targetSamples)
        let (mean, deviation) = (moments.mean, moments.deviation)
        guard deviation > 0, abs(mean) > 3 * deviation || deviation > 8 || deviation < 0.12,
            var items = tree["model"]?.items, let head
        else { return [] }
        // Outputs that are scaled like the targets; the loss is measured in their unit.
        items.append(["rescaling": ["scale": .number(deviation), "offset": .number(mean)]])
        var edit = Edit([])
        if let activation = head.last.activation, activation != "linear" {
            let index = Int(head.last.place.split(separator: ".")[1])!
            if case .object(let entries) = items[index], case .object(var arguments)? = entries[head.last.kind] {
                arguments["activation"] = nil
                items[index] = .object([head.last.kind: .object(arguments)])
            }
        }
        edit = edit.and(Edit("model", .list(items)))
        let isSquare = lossName == "meanSquaredError"
        let weight = experiment.loss.weight / (isSquare ? deviation * deviation : deviation)
        edit = edit.and(loss(with: "weight", .number(weight)))
        let text =
            "targets have the mean \(mean.short) and the standard deviation \(deviation.short), outputs begin near 0"
        let file = tree["data.source"]?.arguments?["file"]?.string ?? "data"
        var all = [Treatment(.targetNotScaled, at: [file], edit, text, suspicion: 0.94, level: 1)]
        if tree["data.normalize"] == .text("none") {
            all.append(
                Treatment(
                    .targetNotScaled, at: [file, "data.normalize"], edit.and(Edit("data.normalize", "standardize")),
                    text,
                    suspicion: 0.93, level: 1))
        }
        return all
    }

    // MARK: Start values

    /// The layers with a kernel, and what their kernels begin with.
    private var kernels: [(layer: ExperimentTree.Layer, gradient: Look.Gradient)] {
        let layers = tree.layers.filter(\.isLinear)
        let all = control.start?.gradients.filter { $0.path.hasSuffix("kernel") } ?? []
        // Recurrent layers and attention have kernels of their own.
        let own = all.filter { gradient in
            let layer = gradient.path.split(separator: "/").dropLast().last ?? ""
            return ExperimentTree.Layer.linear.contains(String(layer.split(separator: ".").last ?? ""))
        }
        return [all, own].first { $0.count == layers.count }.map { Array(zip(layers, $0)) } ?? []
    }

    func initializationTreatments() -> [Treatment] {
        var found: [Treatment] = []
        let last = head?.last.place
        var wrong: [Cause: [ExperimentTree.Layer]] = [:]
        for (layer, kernel) in kernels {
            guard let initializer = layer.initializer?.kind, initializer != "orthogonal" else { continue }
            let size = kernel.weight * kernel.fanIn.squareRoot()
            // An output that begins with zeros learns: what is before it does not.
            if kernel.weight == 0 {
                if layer.place != last { wrong[.initZero, default: []].append(layer) }
            } else if kernel.isConstant {
                if layer.place != last { wrong[.symmetricInit, default: []].append(layer) }
            } else if size < 0.45 {
                wrong[.initTooSmall, default: []].append(layer)
            } else if size > 2.2 {
                wrong[.initTooLarge, default: []].append(layer)
            }
        }
        let all = wrong.flatMap(\.value)
        for (cause, layers) in wrong {
            let repaired = Edit(
                (all.isEmpty ? layers : all).map { ($0.path("kernelInitializer"), initializer(for: $0)) })
            let text =
                switch cause {
                case .initZero: "the kernels of \(layers.count.counted("layer")) begin with zeros"
                case .symmetricInit:
                    "all weights of a kernel begin with the same number, so all units of a layer stay alike"
                case .initTooSmall: "kernels begin with numbers that make signals smaller from layer to layer"
                default: "kernels begin with numbers that make signals greater from layer to layer"
                }
            found.append(
                Treatment(
                    cause, at: layers.map { $0.path("kernelInitializer") }, repaired, text,
                    suspicion: cause == .initZero || cause == .symmetricInit ? 0.97 : 0.88, minimumGain: 0.015, level: 2
                ))
        }
        let given = tree.layers.filter { layer in
            guard let kind = layer.initializer?.kind else { return false }
            return ["normal", "uniform", "truncatedNormal"].contains(kind) && !all.contains(layer)
        }
        if !given.isEmpty {
            let sizes = kernels.filter { given.contains($0.layer) }.map {
                $0.gradient.weight * $0.gradient.fanIn.squareRoot()
            }
            let isSmall = (sizes.min() ?? 1) * (sizes.max() ?? 1) < 1
            found.append(
                Treatment(
                    isSmall ? .initTooSmall : .initTooLarge, at: given.map { $0.path("kernelInitializer") },
                    Edit((given + all).map { ($0.path("kernelInitializer"), initializer(for: $0)) }),
                    "kernels begin with numbers that do not depend on the number of inputs", suspicion: 0.6,
                    minimumGain: 0.02, level: 2))
        }
        let biased = tree.layers.filter { layer in
            guard let bias = layer.argument("biasInitializer") else { return false }
            return bias != "zeros"
        }
        if !biased.isEmpty {
            let hidden = biased.contains { $0.place != last && ($0.activation ?? "relu") == "relu" }
            let isDead = hidden && (control.start?.deadShare ?? 0) > 0.5
            found.append(
                Treatment(
                    isDead ? .deadReLU : .initBadBias, at: biased.map { $0.path("biasInitializer") },
                    Edit(biased.map { ($0.path("biasInitializer"), "zeros") }),
                    isDead
                        ? "\(((control.start?.deadShare ?? 0) * 100).short) % of a layer's units are 0 for every sample before the first step"
                        : "biases do not begin with 0", suspicion: 0.9, minimumGain: 0.015, level: 2))
        }
        return found
    }

    private func initializer(for layer: ExperimentTree.Layer) -> SettingValue {
        let behind = activation(behind: layer)
        return ["relu", "leakyReLU", "elu", "gelu", "silu", "swish", "relu6", "prelu"].contains(behind)
            ? "heNormal" : "glorotUniform"
    }

    /// The activation that a layer's outputs go through, in it or behind it.
    private func activation(behind layer: ExperimentTree.Layer) -> String {
        if let own = layer.activation, own != "linear" { return own }
        let layers = tree.layers
        guard let index = layers.firstIndex(of: layer) else { return "linear" }
        for next in layers[(index + 1)...] {
            if Case.activationNames.contains(next.kind) { return next.kind }
            if next.isLinear { return "linear" }
        }
        return "linear"
    }

    // MARK: Activations

    private static let proven: Set<String> = [
        "relu", "leakyReLU", "elu", "selu", "gelu", "silu", "swish", "relu6", "mish", "hardSwish", "linear", "prelu",
    ]

    /// Layers with a kernel but the last.
    private var hidden: [ExperimentTree.Layer] {
        let last = head?.last.place
        return tree.layers.filter { $0.isLinear && $0.place != last }
    }

    /// What makes all hidden activations ReLU, with start values that suit it.
    private var rectified: Edit {
        var edit = Edit([])
        for layer in hidden {
            if let own = layer.activation, own != "linear" { edit = edit.and(Edit(layer.path("activation"), "relu")) }
            edit = edit.and(Edit(layer.path("kernelInitializer"), "heNormal"))
        }
        let headPlaces = Set(head?.activations.map(\.place) ?? [])
        for layer in tree.layers
        where Case.activationNames.contains(layer.kind) && !headPlaces.contains(layer.place) && layer.kind != "linear" {
            edit = edit.and(Edit(layer.place, "relu"))
        }
        return edit
    }

    func activationTreatments() -> [Treatment] {
        guard tree.isList else { return [] }
        var found: [Treatment] = []
        let names = Set(hidden.map { activation(behind: $0) })
        let odd = names.subtracting(Case.proven)
        if !odd.isEmpty {
            let places = hidden.filter { odd.contains(activation(behind: $0)) }.map { $0.path("activation") }
            let name = odd.sorted()[0]
            let gain = control.start?.depthGain
            let isFlat = name == "sigmoid" || name == "tanh"
            let cause: Cause =
                switch name {
                case "exponential": .explodingForward
                case "sigmoid", "hardSigmoid": hidden.count > 1 ? .vanishingGradient : .saturation
                case "tanh":
                    (control.end ?? control.start)?.saturatedShare ?? 0 > 0.5 ? .saturation : .vanishingGradient
                default: .activationUnsuitable
                }
            let text =
                "hidden layers go through \(name)"
                + (isFlat && gain != nil
                    ? ", and the first kernel gets \(gain!.short) of the gradient of the last" : "")
            found.append(
                Treatment(
                    cause, at: ["model"] + places, rectified, text,
                    suspicion: name == "tanh" ? 0.35 : hidden.count > 1 || !isFlat ? 0.86 : 0.5,
                    minimumGain: 0.03, level: 2))
            if hidden.count > 4, let short = shortened {
                found.append(
                    Treatment(
                        cause, at: ["model"] + places, rectified.shorter(short),
                        text + "; there are \(hidden.count) of them",
                        suspicion: name == "tanh" ? 0.3 : 0.84, minimumGain: 0.03, level: 2))
            }
        }
        // A stack of linear maps that is no narrower in between.
        let linear = hidden.filter { layer in
            ["dense", "conv1D", "conv2D"].contains(layer.kind) && activation(behind: layer) == "linear"
                && !isNormalizedBehind(layer)
        }
        if !linear.isEmpty, linear.count == hidden.count {
            var edit = Edit([])
            for layer in linear {
                edit = edit.and(Edit(layer.path("activation"), "relu"))
                if layer.initializer == nil { edit = edit.and(Edit(layer.path("kernelInitializer"), "heNormal")) }
            }
            let text = "no hidden layer has an activation: together they are one linear map"
            let places = linear.map { $0.path("activation") }
            found.append(Treatment(.missingNonlinearity, at: places, edit, text, suspicion: 0.8, minimumGain: 0.05))
            // So few units bend the map in few places.
            let narrow = linear.filter { $0.kind == "dense" && ($0.argument("units")?.int ?? 0) < 32 }
            if !narrow.isEmpty {
                let wide = edit.and(Edit(narrow.map { ($0.path("units"), 32) }))
                found.append(
                    Treatment(.missingNonlinearity, at: places, wide, text, suspicion: 0.78, minimumGain: 0.05))
            }
        }
        return found
    }

    private func isNormalizedBehind(_ layer: ExperimentTree.Layer) -> Bool {
        layer.place.split(separator: ".").count > 2
    }

    // MARK: Depth

    /// The places of layers that a plain chain of equal layers can do without.
    private var shortened: [Int]? {
        let layers = tree.outerLayers
        let dense = layers.filter { $0.kind == "dense" && $0.place != head?.last.place }
        let others: Set<String> = ["dense", "flatten", "reshape", "dropout"]
        guard dense.count > 5,
            layers.allSatisfy({ others.contains($0.kind) || Case.activationNames.contains($0.kind) })
        else { return nil }
        let equal = dense.dropFirst().filter { $0.argument("units") == dense[1].argument("units") }
        return equal.dropFirst(2).compactMap { Int($0.place.split(separator: ".")[1]) }
    }

    /// Start values of He for many layers of ReLU, each of which halves the signal of Glorot's.
    private var rectifiedStart: Treatment? {
        let halved = hidden.filter { layer in
            activation(behind: layer) == "relu"
                && ["glorotUniform", "glorotNormal", "lecunUniform", "lecunNormal"].contains(
                    layer.initializer?.kind ?? "glorotUniform")
        }
        guard tree.isList, halved.count > 8, !tree.layers.contains(where: { $0.kind.hasSuffix("Norm") }) else {
            return nil
        }
        let places = halved.map { $0.path("kernelInitializer") }
        return Treatment(
            .initTooSmall, at: places, Edit(places.map { ($0, "heNormal") }),
            "each of \(halved.count) layers of ReLU halves the signal that its start values keep", suspicion: 0.75,
            minimumGain: 0.02, level: 2)
    }

    func depthTreatments() -> [Treatment] {
        (rectifiedStart.map { [$0] } ?? []) + shorteningTreatments()
    }

    private func shorteningTreatments() -> [Treatment] {
        guard let places = shortened, !places.isEmpty, let items = tree["model"]?.items else { return [] }
        let kept = items.indices.filter { !places.contains($0) }.map { items[$0] }
        let dead = control.end?.deadShare ?? control.start?.deadShare ?? 0
        let isFlat = !Set(hidden.map { activation(behind: $0) }).isDisjoint(with: ["sigmoid", "tanh"])
        let cause: Cause = isFlat ? .vanishingGradient : dead > 0.6 ? .deadReLU : .tooDeepWithoutResidual
        let text =
            "\(hidden.count) plain layers one after the other"
            + (dead > 0.2 ? "; \((dead * 100).short) % of the units of one are 0 for every sample" : "")
        // Narrow layers of ReLU die by chance, few of them as well.
        let robust = kept.map { item -> SettingValue in
            guard case .object(var entries) = item, case .object(var arguments)? = entries["dense"],
                arguments["activation"] == "relu"
            else { return item }
            arguments["activation"] = ["leakyReLU": 0.1]
            arguments["units"] = .whole(max(16, arguments["units"]?.int ?? 16))
            entries["dense"] = .object(arguments)
            return .object(entries)
        }
        var found = [
            Treatment(
                cause, at: ["model"], Edit("model", .list(kept)), text, suspicion: 0.8, minimumGain: 0.02, level: 2)
        ]
        if robust != kept {
            found.append(
                Treatment(
                    cause, at: ["model"], Edit("model", .list(robust)), text, suspicion: 0.79, minimumGain: 0.02,
                    level: 2))
        }
        return found
    }
}

extension Edit {
    /// The edit without what it says of some layers, which are left out.
    fileprivate func shorter(_ places: [Int]) -> Edit {
        // Settings of layers are applied first, so the list without them is written by name.
        Edit(assignments.map { ($0.path, $0.value) } + places.sorted(by: >).map { ("model.\($0)", "linear") })
    }
}
