/// Names of timm that neither equal torchvision's nor have its order.
enum TimmNames {
    /// torchvision's name of an array of timm's ConvNeXt; `nil` for other names.
    ///
    /// timm counts stages and calls their blocks by what they do: `stages.1.blocks.0.mlp.fc1.weight` is
    /// `features.3.0.block.3.weight`.
    static func convNeXt(_ name: String) -> String? {
        let parts = name.split(separator: ".").map(String.init)
        guard parts.count > 1 else { return nil }
        let rest = parts.dropFirst(2)
        switch (parts[0], parts[1]) {
        case ("stem", _): return joined(["features", "0", parts[1]], rest)
        case ("head", "norm"): return joined(["classifier", "0"], rest)
        case ("head", "fc"): return joined(["classifier", "2"], rest)
        case ("stages", _):
            guard let stage = Int(parts[1]), parts.count > 3 else { return nil }
            if parts[2] == "downsample" { return joined(["features", "\(2 * stage)", parts[3]], parts.dropFirst(4)) }
            guard parts[2] == "blocks", parts.count > 4 else { return nil }
            let block = ["features", "\(2 * stage + 1)", parts[3]]
            if parts[4] == "gamma" { return joined(block, ["layer_scale"]) }
            let what = parts[4] == "mlp" && parts.count > 5 ? "mlp.\(parts[5])" : parts[4]
            guard let number = ["conv_dw": "0", "norm": "2", "mlp.fc1": "3", "mlp.fc2": "5"][what] else { return nil }
            return joined(block + ["block", number], parts.dropFirst(what == parts[4] ? 5 : 6))
        default: return nil
        }
    }

    private static func joined(_ start: [String], _ rest: some Sequence<String>) -> String {
        (start + rest).joined(separator: ".")
    }
}
