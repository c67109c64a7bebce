// How experiment files are read: whatever is left out is at its default, and a key that does not exist is an error with a
// suggestion. The defaults are those of the initializers.

extension Experiment {
    public init(from decoder: any Decoder) throws {
        let fields = try Fields(
            decoder, "name", "seed", "data", "model", "loss", "metrics", "optimizer", "schedule", "batchSize", "epochs")
        let standard = Experiment(name: try fields.required("name"), model: try fields.required("model"))
        self.init(
            name: standard.name, seed: try fields.value("seed", default: standard.seed),
            data: try fields.value("data", default: standard.data), model: standard.model,
            loss: try fields.choice("loss", default: standard.loss),
            metrics: try fields.choices("metrics", of: "metric", default: standard.metrics),
            optimizer: try fields.value("optimizer", default: standard.optimizer),
            schedule: try fields.value("schedule", default: standard.schedule),
            batchSize: try fields.value("batchSize", default: standard.batchSize),
            epochs: try fields.value("epochs", default: standard.epochs))
    }
}

extension Experiment.DataSource {
    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder, "source", "directory", "validation")
        let standard = Self()
        self.init(
            source: try fields.value("source", default: standard.source),
            directory: try fields.value("directory", default: standard.directory),
            validation: try fields.value("validation", default: standard.validation))
    }
}

extension Experiment.Validation {
    public init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder, "fraction", "stratified")
        let standard = Self()
        self.init(
            fraction: try fields.value("fraction", default: standard.fraction),
            stratified: try fields.value("stratified", default: standard.stratified))
    }
}

extension Optimizer {
    public init(from decoder: any Decoder) throws {
        let (name, fields) = try Fields.kind(
            decoder, "optimizer",
            known: [
                "sgd": ["learningRate", "momentum", "nesterov"], "adam": ["learningRate", "beta1", "beta2", "epsilon"],
            ])
        switch (name == "sgd" ? Optimizer.sgd() : .adam()) {
        case .sgd(let rate, let momentum, let nesterov):
            self = .sgd(
                learningRate: try fields.value("learningRate", default: rate),
                momentum: try fields.value("momentum", default: momentum),
                nesterov: try fields.value("nesterov", default: nesterov))
        case .adam(let rate, let beta1, let beta2, let epsilon):
            self = .adam(
                learningRate: try fields.value("learningRate", default: rate),
                beta1: try fields.value("beta1", default: beta1),
                beta2: try fields.value("beta2", default: beta2), epsilon: try fields.value("epsilon", default: epsilon)
            )
        }
    }
}

extension Schedule {
    public init(from decoder: any Decoder) throws {
        let (name, fields) = try Fields.kind(decoder, "schedule", known: ["constant": [], "cosine": ["warmupSteps"]])
        self = name == "cosine" ? .cosine(warmupSteps: try fields.value("warmupSteps", default: 0)) : .constant
    }
}
