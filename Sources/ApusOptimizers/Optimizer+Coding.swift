public import ApusConfiguration
import ApusNN

extension Optimizer: Hashable, CustomStringConvertible {
    public static func == (a: Optimizer, b: Optimizer) -> Bool {
        AnyHashable(a.rule) == AnyHashable(b.rule) && a.settings == b.settings
    }

    public func hash(into hasher: inout Hasher) {
        rule.hash(into: &hasher)
        hasher.combine(settings)
    }

    public var description: String {
        let around = Settings.schema.arguments(settings)
        return around.isEmpty ? "\(rule)" : "\(rule) with \(around.joined(separator: ", "))"
    }

    /// What is around the rule, as one value.
    private var settings: Settings {
        Settings(
            clipping: clipping, weightDecay: weightDecay, proximalL1: proximalL1, accumulation: accumulation,
            skipsNonFinite: skipsNonFinite, average: average, layerDecay: layerDecay, unfreezing: unfreezing,
            groups: groups)
    }

    fileprivate struct Settings: Configurable {
        var clipping: Clipping?
        var weightDecay: Double?
        var proximalL1: Double?
        var accumulation = 1
        var skipsNonFinite = false
        var average: Double?
        var layerDecay: LayerDecay?
        var unfreezing: Unfreezing?
        var groups: [ParameterGroup] = []

        static let schema = Schema(
            Settings(),
            .optional(
                "clipping", \.clipping, former: "clip",
                help: "How gradients are clipped: at most a value, a norm or a global norm"),
            .optional(
                "weightDecay", \.weightDecay,
                help:
                    "λ of the decoupled decay w ← w − η λ w before the rule; `nil` is the rule’s own: 0, but for `adamW`"
            ),
            .optional(
                "proximalL1", \.proximalL1,
                help:
                    "λ₁ of a proximal L1 step after the rule, w ← sign(w) max(|w| − η λ₁, 0), which makes small weights exactly 0; "
                    + "none if `nil`"
            ),
            .optional(
                "accumulation", \.accumulation, former: "accumulate",
                help: "The number of steps whose gradients are averaged before the variables change"),
            .optional(
                "skipsNonFinite", \.skipsNonFinite, former: "skipNonFinite",
                help: "Whether a step whose gradients are not all finite changes nothing"),
            .optional(
                "average", \.average,
                help:
                    "μ of an average of the weights, with which the model is evaluated: a ← w after the first update, "
                    + "then a ← μ a + (1 − μ) w; none if `nil`"
            ),
            .optional(
                "layerDecay", \.layerDecay,
                help:
                    "What the learning rate is multiplied by from a layer to the one before it: η · factorᵈ, d layers before the last; "
                    + "no such factor if `nil`"
            ),
            .optional(
                "unfreezing", \.unfreezing,
                help: "With which epochs variables begin to train that are frozen at first"),
            .optional("groups", \.groups, help: "Settings of variables by path; the first group that matches counts"))
    }
}

extension Optimizer {
    /// The rule of a name with all arguments at their default.
    ///
    /// - Throws: `OptimizerError` with a suggestion if there is none.
    public init(named name: String) throws {
        guard let rule = try? OptimizerKinds.registry.member(name, from: nil, at: []) else {
            throw OptimizerError("there is no optimizer \(name) (\(Names.hint(name, OptimizerKinds.registry.kinds)))")
        }
        self.init(rule)
    }
}

extension Optimizer: FileRepresentable {
    public static var form: Form {
        let settings = Settings.schema.constants
        var kinds = OptimizerKinds.registry.form(beside: settings)
        // The decay may stand among the rule's arguments, as in Keras.
        let decay = settings.filter { $0.name == "weightDecay" }
        kinds.kinds = kinds.kinds.map { kind in
            kind.content?.constants?.contains { $0.name == "weightDecay" } == true ? kind : kind.adding(decay)
        }
        return .kinds(kinds)
    }
}

extension Optimizer: Codable {
    /// Reads `adam`, or `{adam: {learningRate: 0.01}, clipping: {globalNorm: 1}, …}`.
    public init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            self.init(try OptimizerKinds.registry.member(name, from: nil, at: decoder.codingPath))
            return
        }
        let container = try decoder.container(keyedBy: NameKey.self)
        let options = Settings.schema.names
        let known = options + Settings.schema.formerNames
        let kinds = container.allKeys.filter { !known.contains($0.stringValue) }
        guard kinds.count == 1 else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath,
                    debugDescription:
                        "expected one optimizer, and beside it \(options.joined(separator: ", ")), but received "
                        + "\(container.allKeys.map(\.stringValue).sorted().joined(separator: ", "))"))
        }
        // The decay may stand among the rule's arguments, as in Keras.
        let (rule, fields) = try OptimizerKinds.registry.member(
            kinds[0].stringValue, from: try container.superDecoder(forKey: kinds[0]), besides: ["weightDecay"],
            at: decoder.codingPath)
        let settings = try Settings.schema.value(from: Fields(decoder), besides: [kinds[0].stringValue])
        let decay: Double? = rule is AdamW ? nil : try fields.value("weightDecay", isLeading: false)
        self.init(
            rule, clipping: settings.clipping, weightDecay: settings.weightDecay ?? decay,
            proximalL1: settings.proximalL1, accumulation: settings.accumulation,
            skipsNonFinite: settings.skipsNonFinite, average: settings.average, layerDecay: settings.layerDecay,
            unfreezing: settings.unfreezing, groups: settings.groups)
    }

    public func encode(to encoder: any Encoder) throws {
        let kind = type(of: rule).kind
        guard !Settings.schema.isDefault(settings) else { return try rule.encode(named: kind, to: encoder) }
        var container = encoder.container(keyedBy: NameKey.self)
        try container.encode(rule, forKey: NameKey(kind))
        try Settings.schema.write(settings, to: &container)
    }
}
