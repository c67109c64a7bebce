import Apus
import ApusTraining

extension Classics {
    func measure(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        switch setting.kind {
        case .facts: try facts()
        case .memorize: try memorize(setting, seed: seed)
        case .learn: try learn(setting, seed: seed)
        case .depth: try depth(setting, seed: seed)
        }
    }

    private func facts() throws -> LabMeasurement {
        var measurement = LabMeasurement()
        for network in Network.allCases {
            let published = network.zoo.published
            let model = network.zoo.model(classes: published.classes, images: published.images)
            let summary = try model.summary(input: published.input)
            let name = network.rawValue
            measurement["parameters.\(name)"] = Double(summary.trainableCount)
            measurement["flops.\(name)"] = Double(summary.flops)
            let boxes = try NetworkBox.boxes(of: model, input: published.input)
            for (key, path) in [
                ("kinds", \NetworkBox.kind.rawValue), ("sides", \.side), ("channels", \.channels),
                ("parameters", \.parameters), ("flops", \.flops),
            ] {
                measurement.series["\(name).\(key)"] = boxes.map { Double($0[keyPath: path]) }
            }
        }
        return measurement
    }

    private func memorize(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let (net, optimizer) = (
            setting.network.net(dividedBy: setting.divisor), Optimizer.adam(learningRate: setting.network.rate)
        )
        let data = try LabData.fashion(training: setting.images, test: 1, seed: seed).training
        var judge = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy])
        var state = try TrainingState(net, optimizer: optimizer, input: data.sampleShape, seed: seed)
        let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var accuracies: [Double] = []
        while state.step < setting.epochs, accuracies.last != 1 {
            for batch in data.batches(of: setting.batch, epoch: state.epoch, seed: seed) {
                guard try step(&state, batch).loss.isFinite else {
                    return LabMeasurement(["accuracy": accuracies.last ?? 0, "steps": .infinity])
                }
            }
            state.epoch += 1
            guard state.step % 5 == 0 else { continue }
            judge.load(state.evaluatedVariables)
            accuracies.append(try judge.evaluate(data)[.accuracy] ?? .nan)
        }
        let accuracy = accuracies.last ?? .nan
        return LabMeasurement(
            ["accuracy": accuracy, "steps": accuracy == 1 ? Double(state.step) : .infinity],
            series: ["accuracy": accuracies])
    }

    private func learn(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        let net = setting.network.net(dividedBy: setting.divisor)
        let data = try LabData.fashion(training: setting.images, test: setting.test, seed: seed)
        let perEpoch = (setting.images + setting.batch - 1) / setting.batch
        let training = LabSteps(
            net: net, optimizer: .adam(learningRate: setting.network.rate), batch: setting.batch,
            steps: setting.epochs * perEpoch, seed: seed, every: max(1, perEpoch / 6))
        let epochs = Set([1, 2, 3, 5, 10, 20, 30])
        var judge = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy])
        var (seconds, steps, accuracies): ([Double], [Double], [Double]) = ([], [], [])
        var (start, before) = (ContinuousClock.now, 0)
        let result = try training.run(on: data.training) { look in
            let step = look.state.step
            if step > before {
                seconds.append((ContinuousClock.now - start) / .seconds(1) / Double(step - before))
            }
            if step == training.every || (step > 0 && step % perEpoch == 0 && epochs.contains(step / perEpoch)) {
                judge.load(look.state.evaluatedVariables)
                accuracies.append(try judge.evaluate(data.test)[.accuracy] ?? .nan)
                steps.append(Double(step))
            }
            (start, before) = (.now, step)
        }
        let summary = try net.summary(input: data.training.sampleShape)
        let perStep =
            setting.isTimed
            ? seconds.sorted()[seconds.count / 4] : 3 * Double(summary.flops * setting.batch) / 1e11
        return LabMeasurement(
            [
                "accuracy": accuracies.last ?? .nan, "diverged": result.hasDiverged ? 1 : 0,
                "parameters": Double(summary.trainableCount), "flops": Double(summary.flops),
                "rate": Double(setting.batch) / perStep, "seconds": perStep * Double(training.steps),
            ],
            series: ["accuracy": accuracies, "seconds": steps.map { $0 * perStep }, "loss": result.losses])
    }

    private func depth(_ setting: Setting, seed: UInt64) throws -> LabMeasurement {
        func convolution(strides: Size2D = 1) -> [any Layer] {
            let convolution = Conv2D(
                filters: 16, kernelSize: 3, strides: strides, padding: .same, useBias: !setting.isNormalized,
                kernelInitializer: .heNormal)
            return setting.isNormalized ? [convolution, BatchNorm(momentum: 0.9)] : [convolution]
        }
        let relu = ActivationLayer(.relu)
        let blocks = (0..<setting.blocks).map { _ -> any Layer in
            let body = Sequential(convolution() + [relu] + convolution())
            return setting.isResidual ? Residual(body: body, activation: .relu) : Sequential(body.layers + [relu])
        }
        let net = Sequential(convolution(strides: 2) + [relu] + blocks + [GlobalAveragePool(), Dense(10)])
        let data = try LabData.fashion(training: setting.images, test: 1, seed: seed).training
        let perEpoch = (setting.images + setting.batch - 1) / setting.batch
        let result = try LabSteps(
            net: net, optimizer: .adam(learningRate: 1e-3), batch: setting.batch, steps: setting.epochs * perEpoch,
            seed: seed, every: max(1, perEpoch / 6)
        ).run(on: data)
        return LabMeasurement(
            ["loss": Array(result.losses.suffix(3)).mean, "diverged": result.hasDiverged ? 1 : 0],
            series: ["loss": result.losses])
    }
}
