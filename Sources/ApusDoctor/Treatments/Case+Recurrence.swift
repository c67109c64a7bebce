import ApusExperiments

/// What signals go through from step to step of a sequence: recurrent layers.
extension Case {
    private static let recurrent: Set<String> = ["simpleRNN", "lstm", "gru"]

    func recurrentTreatments() -> [Treatment] {
        let layers = tree.layers.filter { Case.recurrent.contains($0.kind) }
        guard !layers.isEmpty else { return [] }
        return kernelTreatments(layers) + activationTreatments(layers) + gateTreatments(layers)
            + forgettingTreatments(layers) + clippingTreatments(layers)
    }

    /// The kernel of the state: an orthogonal one neither grows nor shrinks what it passes on.
    private func kernelTreatments(_ layers: [ExperimentTree.Layer]) -> [Treatment] {
        let given = layers.filter { layer in
            guard let initializer = layer.argument("recurrentInitializer") else { return false }
            return !["orthogonal", "identity"].contains(initializer.kind)
        }
        guard !given.isEmpty else { return [] }
        let places = given.map { $0.path("recurrentInitializer") }
        let sizes = control.start?.gradients.filter { $0.path.hasSuffix("recurrentKernel") }.map {
            $0.weight * $0.fanIn.squareRoot()
        }
        let isLarge = (sizes?.max() ?? 1) > 1
        let isConstant = given.contains {
            ["zeros", "ones", "constant"].contains($0.argument("recurrentInitializer")!.kind)
        }
        let text =
            isConstant
            ? "all weights of the kernel of the state begin with the same number"
            : "the kernel of the state makes signals \(isLarge ? "greater" : "smaller") from step to step"
        return [
            Treatment(
                isConstant ? .symmetricInit : isLarge ? .explodingGradient : .initTooSmall, at: places,
                Edit(places.map { ($0, "orthogonal") }), text, suspicion: 0.85, level: 2)
        ]
    }

    /// Other activations than tanh, whose slope at 0 is 1 and whose values have an end.
    private func activationTreatments(_ layers: [ExperimentTree.Layer]) -> [Treatment] {
        let odd = layers.filter { ($0.activation ?? "tanh") != "tanh" }
        guard !odd.isEmpty else { return [] }
        let names = odd.compactMap(\.activation)
        let isFlat = names.contains { ["sigmoid", "hardSigmoid", "softmax", "softsign"].contains($0) }
        var edit = Edit(odd.map { ($0.path("activation"), "tanh") })
        for layer in odd where layer.argument("recurrentInitializer") != nil {
            edit = edit.and(Edit(layer.path("recurrentInitializer"), "orthogonal"))
        }
        return [
            Treatment(
                isFlat ? .vanishingGradient : .explodingGradient, at: odd.map { $0.path("activation") }, edit,
                "the state goes through \(names[0]) in every step", suspicion: 0.75, minimumGain: 0.03, level: 2)
        ]
    }

    /// Gates in place of a plain recurrent layer.
    private func gateTreatments(_ layers: [ExperimentTree.Layer]) -> [Treatment] {
        let plain = layers.filter { $0.kind == "simpleRNN" }
        guard !plain.isEmpty else { return [] }
        let kept = [
            "units", "returnsSequences", "isReversed", "useBias", "kernelRegularizer", "recurrentRegularizer",
        ]
        let edits = plain.map { layer -> (path: String, value: SettingValue) in
            var arguments: [String: SettingValue] = [:]
            for name in kept { arguments[name] = layer.argument(name) }
            guard case .object(var entries) = tree[layer.place] else {
                return (layer.place, ["gru": .object(arguments)])
            }
            entries[layer.kind] = nil
            entries["gru"] = .object(arguments)
            return (layer.place, .object(entries))
        }
        return [
            Treatment(
                .vanishingGradient, at: plain.map { "\($0.place).\($0.kind)" }, Edit(edits),
                "a plain recurrent layer passes every step's signal and gradient through all steps behind it",
                suspicion: 0.55, minimumGain: 0.03, level: 2)
        ]
    }

    /// Gates that begin half closed forget half of the state in every step.
    private func forgettingTreatments(_ layers: [ExperimentTree.Layer]) -> [Treatment] {
        let forgetful = layers.filter { $0.kind == "lstm" && $0.argument("unitForgetBias") == .flag(false) }
        guard !forgetful.isEmpty else { return [] }
        let places = forgetful.map { $0.path("unitForgetBias") }
        return [
            Treatment(
                .initBadBias, at: places, Edit(places.map { ($0, .flag(true)) }),
                "the gates that keep the state begin half closed", suspicion: 0.6, minimumGain: 0.03, level: 2)
        ]
    }

    /// Gradients through many steps may be large by chance.
    private func clippingTreatments(_ layers: [ExperimentTree.Layer]) -> [Treatment] {
        guard control.diverged || control.failure != nil,
            tree["optimizer.clipping"] ?? SettingValue.none == SettingValue.none
        else {
            return []
        }
        return [
            Treatment(
                .explodingGradient, at: ["optimizer.clipping"], Edit("optimizer.clipping", ["globalNorm": 1]),
                "training diverges, and gradients through the steps of a sequence are not clipped", suspicion: 0.5)
        ]
    }
}
