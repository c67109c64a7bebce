import ApusConfiguration
import ApusData
import ApusExperiments
import ApusGraph
import ApusModels
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import ApusTestKit
import Foundation
import Testing

/// What is said about mistakes in experiment files, word for word.
@Suite struct ExperimentFileProblemTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        let yaml: String
        let message: String
        var testDescription: String { message }

        init(_ yaml: String, _ message: String) {
            self.yaml = yaml
            self.message = message
        }
    }

    static let keys =
        "name, seed, data, model, init, loss, target, losses, targets, metrics, optimizer, schedule, batchSize, epochs, precision, memory, cacheFeatures, device, callbacks, doctor"

    /// Lines after `name` and `model`, which are the first two.
    static let lines: [Mistake] = [
        Mistake("batchsize: 3", "e.yaml:3: there is no key batchsize (did you mean batchSize?)"),
        Mistake("seed: 1\ncolour: 3", "e.yaml:4: there is no key colour (known are \(keys))"),
        Mistake("data:\n  sorce: x", "e.yaml:4: there is no key sorce (did you mean source?) at data"),
        Mistake(
            "data:\n  validation:\n    stratified: true\n    fractions: 0.1",
            "e.yaml:6: there is no key fractions (did you mean fraction?) at data.validation"),
        Mistake(
            "optimizer:\n  adam:\n    learnRate: 1",
            "e.yaml:5: there is no key learnRate (did you mean learningRate?) at optimizer.adam"),
        Mistake(
            "schedule: {cosine: {warmup: 3}}",
            "e.yaml:3: there is no key warmup (known are end, warmupSteps, warmupShare) at schedule.cosine"),
        Mistake("optimizer:\n  adm: {}", "e.yaml:4: there is no optimizer adm (did you mean adam?) at optimizer"),
        Mistake(
            "optimizer: newton",
            "e.yaml:3: there is no optimizer newton (known are adadelta, adagrad, adam, adamW, adamax, lamb, lion, nadam, "
                + "rAdam, rmsprop, sgd) at optimizer"),
        Mistake(
            "loss: mse",
            "e.yaml:3: there is no loss mse (known are binaryCrossEntropy, binaryFocal, categoricalHinge, "
                + "cosineSimilarity, focal, hinge, huber, klDivergence, logCosh, meanAbsoluteError, "
                + "meanAbsolutePercentageError, meanSquaredError, meanSquaredLogarithmicError, poisson, "
                + "softmaxCrossEntropy, squaredHinge) at loss"),
        Mistake("schedule: cosinus", "e.yaml:3: there is no schedule cosinus (did you mean cosine?) at schedule"),
        Mistake(
            "metrics:\n  - accurate", "e.yaml:4: there is no metric accurate (did you mean accuracy?) at metrics.0"),
        Mistake(
            "optimizer: {adam: {}, clipping: 3}",
            "e.yaml:3: there is no clipping 3 (known are value, norm, globalNorm) at optimizer.clipping"),
        Mistake("optimizer: {adam: {}, clipping: norm}", "e.yaml:3: the key value is missing at optimizer.clipping"),
        Mistake(
            "optimizer: {adam: {}, sgd: {}}",
            "e.yaml:3: expected one optimizer, and beside it clipping, weightDecay, proximalL1, accumulation, skipsNonFinite, "
                + "average, layerDecay, unfreezing, groups, but received adam, sgd at optimizer"),
        Mistake("epochs: many", "e.yaml:3: expected a whole number but found \"many\" at epochs"),
        Mistake("epochs: 2.5", "e.yaml:3: expected a whole number but found 2.5 at epochs"),
        Mistake("epochs: [3, 4]", "e.yaml:3: expected a whole number but found a list of 2 at epochs"),
        Mistake("epochs:", "e.yaml:3: expected a whole number but found nothing at epochs"),
        Mistake("seed: -1", "e.yaml:3: expected a whole number from 0 but found -1 at seed"),
        Mistake(
            "optimizer:\n  sgd:\n    momentum: much",
            "e.yaml:5: expected a number but found \"much\" at optimizer.sgd.momentum"),
        Mistake(
            "data: {validation: {stratified: 3}}",
            "e.yaml:3: expected true or false but found 3 at data.validation.stratified"),
        Mistake("metrics: accuracy", "e.yaml:3: expected a list but found \"accuracy\" at metrics"),
        Mistake(
            "data: [1, 2]",
            "e.yaml:3: expected arguments by name (source, directory, validation, test, seed, normalize, augment) but found a list of 2 at data"
        ),
        Mistake(
            "precision: float31",
            "e.yaml:3: expected one of float32, mixedBFloat16 but found \"float31\" at precision"),
        Mistake("epochs: 0", "e.yaml:3: expected a whole number from 1 but found 0 at epochs"),
        Mistake("batchSize: -4", "e.yaml:3: expected a whole number from 1 but found -4 at batchSize"),
        Mistake(
            "data:\n  validation: {fraction: 1.5}",
            "e.yaml:4: expected a number in 0..<1 but found 1.5 at data.validation.fraction"),
        Mistake(
            "optimizer: {sgd: {momentum: 2}}",
            "e.yaml:3: the optimizer's momentum is 2.0 but must be in 0..<1 at optimizer"),
        Mistake("epochs: 3\nseed: 1\nepochs: 4", "e.yaml:5: the key epochs is given twice"),
        Mistake("data:\n  validation:\n\tfraction: 0.1", "e.yaml:5: a tab indents the line; YAML wants spaces"),
        Mistake("a: [", "e.yaml:4: this is not YAML: did not find expected node content"),
    ]

    @Test(arguments: lines) func line(_ mistake: Mistake) {
        #expect(
            message { try Experiment(yaml: "name: a\nmodel: mlp\n\(mistake.yaml)\n", path: "e.yaml") }
                == mistake.message)
    }

    static let files: [Mistake] = [
        Mistake("", "e.yaml is empty; an experiment says at least its model"),
        Mistake("# nothing but this\n", "e.yaml is empty; an experiment says at least its model"),
        Mistake("name: a\nepochs: 3", "e.yaml:1: the key model is missing"),
        Mistake(
            "- flatten\n- relu", "e.yaml:1: expected keys with values, at least a model, but found a list of 2"),
        Mistake("name: a/b\nmodel: mlp", "e.yaml:1: expected a name without slashes but found \"a/b\" at name"),
        Mistake(
            "name: a\nmodel:\n  - flatten\n  - dense: {unit: 3}",
            "e.yaml:4: there is no key unit (did you mean units?) at model.1.dense"),
        Mistake(
            "name: a\nmodel:\n  - flatten\n  - dens: 3",
            "e.yaml:4: there is no layer dens (did you mean dense?) at model.1"),
        Mistake(
            "name: a\nmodel:\n  - flatten\n  - dense:\n      activation: relu",
            "e.yaml:5: the key units is missing at model.1.dense"),
        Mistake(
            "name: a\nmodel:\n  - residual:\n      body:\n        - dense: ten",
            "e.yaml:5: expected a whole number but found \"ten\" at model.0.residual.body.0.dense"),
    ]

    /// A file without a name is called as the file is.
    @Test func namesOfFiles() throws {
        #expect(try Experiment(yaml: "model: mlp", path: "experiments/wide.net.yaml").name == "wide.net")
        #expect(try Experiment(yaml: "{name: a, model: mlp}", path: "e.yaml").name == "a")
        #expect(try ExperimentFile(yaml: "model: mlp", path: "e.yaml").setting("name=b").experiment().name == "b")
        #expect(
            try Experiment(yaml: "{model: mlp, data: {validation: 0.2}}", path: "e.yaml").data.validation.fraction
                == 0.2)
    }

    /// Texts of people are shown with bounds, and without what terminals obey.
    @Test func messagesAreBounded() throws {
        let long = String(repeating: "x", count: 10_000_000)
        for text in [
            "seed: \(long)", "\(long): 1", "model: {\(long): 1}", "loss: \(long)", "name: \(long)",
            "name: \"a/\(long)\"",
        ] {
            let said = message {
                try Experiment(
                    yaml: "model: mlp\n\(text)\n".replacing("model: mlp\nmodel", with: "model"), path: "e.yaml")
            }
            #expect(said.count < 2000 && said != "no error", "\(text.prefix(20))")
        }
        #expect(
            message { try Experiment(yaml: "name: \"a\\e[31m\"\nmodel: mlp", path: "e.yaml") }
                == "e.yaml:1: expected a name of at most 80 letters without control characters but found \"a\\u{1B}[31m\" at name"
        )
        #expect(
            message {
                try Experiment(
                    yaml: "model: mlp\nmetrics: [\(Array(repeating: "a", count: 60_000).joined(separator: ","))]",
                    path: "e.yaml")
            }
                == "e.yaml has more than 50000 values: this is no file of settings")
    }

    @Test(arguments: files) func file(_ mistake: Mistake) {
        #expect(message { try Experiment(yaml: mistake.yaml, path: "e.yaml") } == mistake.message)
    }

    @Test func allAreFound() throws {
        let text = """
            name: a
            model: mlp
            colour: 3
            epochs: many
            optimizer: {adm: {}}
            batchSize: 0
            """
        #expect(
            try ExperimentFile(yaml: text, path: "e.yaml").problems == [
                "e.yaml:3: there is no key colour (known are \(Self.keys))",
                "e.yaml:4: expected a whole number but found \"many\" at epochs",
                "e.yaml:5: there is no optimizer adm (did you mean adam?) at optimizer",
                "e.yaml:6: expected a whole number from 1 but found 0 at batchSize",
            ])
        #expect(try ExperimentFile(yaml: "{name: a, model: mlp}", path: "e.yaml").problems == [])
        #expect(try ExperimentFile(yaml: "{epochs: 0}", path: "e.yaml").problems.count == 2)
    }

    @Test func manyAliasesAreRefused() {
        let lines = (1...9).map { level in
            "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]"
        }
        let text = "a0: &a0 [1]\n" + lines.joined(separator: "\n")
        #expect(
            message { try Experiment(yaml: text, path: "e.yaml") }
                == "e.yaml has more than 50000 values: this is no file of settings")
    }
}

/// Layers of experiment files.
@Suite struct ExperimentFileTests {
    private func file(_ lines: String) throws -> ExperimentFile {
        try ExperimentFile(yaml: "name: a\nmodel: mlp\n\(lines)\n", path: "e.yaml")
    }

    private func set(_ lines: String, _ assignments: String...) throws -> Experiment {
        var file = try file(lines)
        for assignment in assignments { file = try file.setting(assignment) }
        return try file.experiment()
    }

    @Test func values() throws {
        #expect(try set("", "epochs=3").epochs == 3)
        #expect(try set("epochs: 5", "epochs=3", "epochs=4").epochs == 4)
        #expect(try set("", "data.validation.fraction=0.25").data.validation.fraction == 0.25)
        #expect(try set("", "metrics=[accuracy, f1]").metrics == [.accuracy, .f1()])
        #expect(try set("", "name=b=c").name == "b=c")
        #expect(try set("data: {directory: /x}", "data.directory=null").data.directory == nil)
        #expect(try set("data: {directory: /x}", "data.directory=").data.directory == nil)
        #expect(try set("data:", "data.directory=/y").data.directory == "/y")
        let table = "data: {source: {csv: {file: a, target: b, inputs: {x: [c]}}}}"
        let changed = try set(table, "data.source.csv.inputs.y=[d]", "data.source.csv.inputs.x=[e, f]").data.source
        #expect((changed.reader as? CSVSource)?.inputs == ["x": ["e", "f"], "y": ["d"]])
    }

    @Test func kinds() throws {
        // What the file leaves out begins with its default.
        #expect(try set("", "optimizer.adam.beta1=0.8").optimizer == .adam(learningRate: 0.003, beta1: 0.8))
        #expect(
            try set("", "schedule.cosine.end=0.1").schedule
                == .cosine(end: 0.1, warmupSteps: 200, warmupShare: 0.1))
        #expect(try set("optimizer: adam", "optimizer.adam.learningRate=0.01").optimizer == .adam(learningRate: 0.01))
        #expect(try set("optimizer: adam", "optimizer.sgd.momentum=0.9").optimizer == .sgd(momentum: 0.9))
        #expect(
            try set("optimizer: {adam: {beta1: 0.8}, clipping: {norm: 1}}", "optimizer.adam.learningRate=0.01")
                .optimizer
                == .adam(learningRate: 0.01, beta1: 0.8).clippingGradients(.norm(1)))
        #expect(
            try set("optimizer: {adam: {}, clipping: {norm: 1}}", "optimizer.sgd.momentum=0.5").optimizer
                == Optimizer.sgd(momentum: 0.5).clippingGradients(.norm(1)))
        #expect(
            try set("optimizer: sgd", "optimizer.groups=[{pattern: '*', isFrozen: true}]").optimizer
                == Optimizer.sgd().freezing("*"))
        #expect(
            try set("optimizer: sgd", "optimizer.clipping.value=2", "optimizer.clipping.norm=3").optimizer
                == Optimizer.sgd().clippingGradients(.norm(3)))
        #expect(
            try set("optimizer: {sgd: {}, groups: [{pattern: a}, {pattern: b}]}", "optimizer.groups.1.isFrozen=true")
                .optimizer
                == Optimizer.sgd().group("a").freezing("b"))
    }

    @Test func layers() throws {
        let text = """
            name: a
            model:
              - flatten
              - dense: 8
              - {name: head, dense: {units: 10, activation: relu}}
              - residual: {body: [dense: 10]}
            """
        let file = try ExperimentFile(yaml: text, path: "e.yaml")
        func layers(_ assignment: String) throws -> [AnyLayer] {
            guard case .layers(let model) = try file.setting(assignment).experiment().model else { return [] }
            return model.layers.map { AnyLayer($0) }
        }
        let byDefault = try layers("epochs=1")
        #expect(byDefault.count == 4)
        #expect(try layers("model.1.dense.units=64")[1] == AnyLayer(Dense(64)))
        #expect(try layers("model.1.dense=64")[1] == AnyLayer(Dense(64)))
        #expect(try layers("model.1.dense.activation=relu")[1] == AnyLayer(Dense(8, activation: .relu)))
        #expect(try layers("model.1.dropout=0.5")[1] == AnyLayer(Dropout(0.5)))
        #expect(
            try layers("model.1.dense.kernelRegularizer.l2=0.5")[1]
                == AnyLayer(Dense(8, kernelRegularizer: .l2(0.5))))
        #expect(
            try layers("model.2.dense.activation.leakyReLU.negativeSlope=0.3")[2]
                == AnyLayer(Dense(10, activation: .leakyReLU(negativeSlope: 0.3)).named("head")))
        #expect(try layers("model.2.name=top")[2] == AnyLayer(Dense(10, activation: .relu).named("top")))
        #expect(
            try layers("model.3.residual.body.0.dense.useBias=false")[3]
                == AnyLayer(Residual(body: Sequential([Dense(10, useBias: false)]))))
    }

    @Test func pathsThatLeadNowhere() throws {
        let file = try ExperimentFile(
            yaml: "{name: a, model: [flatten, {dense: 10}], optimizer: adam, metrics: []}", path: "e.yaml")
        func problem(_ assignment: String) -> String { message { try file.setting(assignment).experiment() } }
        #expect(problem("epoch=3") == "epoch can't be set: there is no key epoch (did you mean epochs?)")
        #expect(
            problem("optimizer.adam.learnRate=1")
                == "optimizer.adam.learnRate can't be set: there is no key learnRate (did you mean learningRate?) at optimizer.adam"
        )
        #expect(
            problem("optimizer.learningRate=1")
                == "optimizer.learningRate can't be set: learningRate is an argument of adam (did you mean optimizer.adam.learningRate?)"
        )
        #expect(
            problem("optimizer.adm.beta1=1")
                == "optimizer.adm.beta1 can't be set: there is no optimizer adm (did you mean adam?) at optimizer")
        #expect(
            problem("model.2.dense=1")
                == "model.2.dense can't be set: model is a list; expected a place from 0 to 1 but received 2")
        #expect(
            problem("model.dense.units=1")
                == "model.dense.units can't be set: model is a list; expected a place from 0 to 1 but received dense")
        #expect(problem("metrics.0=f1") == "metrics.0 can't be set: metrics is an empty list; set the whole list")
        #expect(problem("model.0.flatten.x=1") == "model.0.flatten.x can't be set: model.0.flatten takes no arguments")
        #expect(problem("name.x=1") == "name.x can't be set: name is \"a\" and has nothing inside")
        #expect(problem("epochs") == "expected PATH=VALUE, for instance epochs=3, but received \"epochs\"")
        #expect(problem("a..b=1") == "expected a path such as optimizer.adam.learningRate but received \"a..b\"")
        #expect(problem("epochs=[") == "epochs can't be set: [ is not YAML")
        #expect(
            problem("epochs=many")
                == "the setting epochs=many: expected a whole number but found \"many\" at epochs")
        #expect(
            message { try ExperimentFile(model: "mlp").setting("model.1.dense=3") }
                == "model.1.dense can't be set: model is \"mlp\" and has nothing inside")
    }

    @Test func merging() throws {
        let base = try file("optimizer: {adam: {beta1: 0.8}, clipping: {norm: 1}}\ndata: {directory: /x}\nepochs: 3")
        func merged(_ text: String) throws -> Experiment {
            try base.merging(try ExperimentFile(yaml: text, path: "o.yaml")).experiment()
        }
        let same = try merged("{optimizer: {adam: {learningRate: 0.1}}, data: {validation: {fraction: 0}}}")
        #expect(same.optimizer == .adam(learningRate: 0.1, beta1: 0.8).clippingGradients(.norm(1)))
        #expect(same.data.directory == "/x" && same.data.validation.fraction == 0 && same.epochs == 3)
        #expect(try merged("optimizer: {sgd: {momentum: 0.9}}").optimizer == .sgd(momentum: 0.9))
        #expect(
            try merged("optimizer: {clipping: {value: 2}}").optimizer == .adam(beta1: 0.8).clippingGradients(.value(2)))
        #expect(try merged("optimizer: sgd").optimizer == .sgd())
        #expect(try merged("model: lenet5").model == "lenet5")
        #expect(
            message { try merged("epochs: many") } == "o.yaml:1: expected a whole number but found \"many\" at epochs")
    }

    @Test func defaultsAreAnExperiment() throws {
        let page = Experiment.defaultsPage
        #expect(try Experiment(yaml: page, path: "defaults.yaml") == Experiment(name: "experiment", model: "mlp"))
        // Every key is there, those without a value as comments.
        for constant in Experiment.schema.constants + DataSource.schema.constants {
            #expect(page.contains("\(constant.name):"), "\(constant.name)")
        }
        #expect(page.contains("\n  # directory:\n"))
    }

    /// Every type that an experiment holds says how files write it; `anything` would let mistakes pass.
    @Test func everyFormIsKnown() throws {
        var seen: Set<String> = []
        func check(_ form: Form, _ path: String) {
            switch form {
            case .anything: Issue.record("the type at \(path) says nothing of its form: it needs FileRepresentable")
            case .list(let element): check(element, path + "[]")
            case .named(let content): check(content, path + ".*")
            case .mapping(let constants): for item in constants { check(item.form, "\(path).\(item.name)") }
            case .kinds(let kinds):
                // Other tests register layers of their own.
                for kind in kinds.kinds where kind.name != "doubling" {
                    if let content = kind.content { check(content, "\(path).\(kind.name)") }
                }
                for item in kinds.beside { check(item.form, "\(path).\(item.name)") }
            case .either(let forms): for form in forms { check(form, path) }
            case .type(let type): if seen.insert("\(type)").inserted { check(type.form, path) }
            default: break
            }
        }
        check(Experiment.form, "")
        #expect(seen.count > 20)
        let schema = try #require(
            try JSONSerialization.jsonObject(with: Data(Experiment.jsonSchema.utf8)) as? [String: Any])
        #expect((schema["properties"] as? [String: Any])?.keys.sorted() == Experiment.schema.names.sorted())
        #expect(schema["required"] as? [String] == ["model"])
    }
}

/// The experiments that the package brings.
@Suite struct ExperimentExampleTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Examples/experiments").path
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()

    @Test func thereAreSome() { #expect(Self.names.count >= 5) }

    @Test(arguments: names) func isReadAndTrains(_ name: String) throws {
        let path = "\(Self.folder)/\(name)"
        let file = try ExperimentFile(yaml: String(contentsOfFile: path, encoding: .utf8), path: path)
        #expect(file.problems == [])
        let experiment = try file.experiment()
        #expect(try Experiment(yaml: experiment.yaml(), path: name) == experiment)
        let images = Tensor.normal([4, 28, 28, 1], key: RandomKey(seed: 1))
        let model = try experiment.model.model(vocabulary: 10)
        var data = try Dataset(inputs: images, labels: [0, 3, 9, 1])
        if experiment.model.textNetwork != nil {
            let tokens = Tensor((0..<32).map { Int32($0 % 10) }, shape: [4, 8])
            data = try Dataset(inputs: tokens, labels: tokens)
        }
        var trainer = Trainer(
            model, objective: experiment.objective, optimizer: experiment.optimizer,
            schedule: experiment.schedule, seed: experiment.seed)
        let history = try trainer.fit(data, epochs: 1, batchSize: 4)
        #expect(history.epochs.count == 1)
        #expect(try trainer.evaluate(data).loss.isFinite)
    }
}
