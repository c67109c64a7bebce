import Apus
import ApusDoctor
import ApusExperiments
import Foundation
import Synchronization
import Testing

/// What the watcher tells of a training, once each, and of healthy ones nothing.
@Suite struct WatcherTests {
    private func told(_ layers: Sequential, _ optimizer: Optimizer) throws -> [String] {
        let lines = Mutex<[String]>([])
        var trainer = Trainer(layers, loss: .softmaxCrossEntropy, optimizer: optimizer, seed: 7)
        try trainer.fit(
            Dataset.moons(count: 400, noise: 0.2, seed: 1), epochs: 30, batchSize: 40,
            callbacks: [Callback(Watcher(every: 10) { line in lines.withLock { $0.append(line) } })])
        return lines.withLock { $0 }
    }

    @Test func healthyTrainingsAreQuiet() throws {
        for optimizer: Optimizer in [.adam(learningRate: 0.01), .sgd(learningRate: 0.1, momentum: 0.9)] {
            let layers = Sequential {
                Dense(32, activation: .relu, kernelInitializer: .heNormal)
                Dense(32, activation: .tanh)
                Dense(2)
            }
            #expect(try told(layers, optimizer).isEmpty)
        }
    }

    @Test func deadLayersAreTold() throws {
        let layers = Sequential {
            Dense(16, activation: .relu, biasInitializer: .constant(-100))
            Dense(2)
        }
        let lines = try told(layers, .sgd(learningRate: 0.01))
        #expect(lines.contains("step 11: 0.dense yields 0 for every sample"), "\(lines)")
        #expect(lines.contains("step 11: no gradient reaches 0.dense/kernel and 2 more"), "\(lines)")
        #expect(Set(lines.map { $0.drop { $0 != ":" } }).count == lines.count)
    }

    @Test func saturationIsTold() throws {
        let layers = Sequential {
            Dense(16, activation: .tanh, kernelInitializer: .constant(1000))
            Dense(2)
        }
        #expect(
            try told(layers, .sgd(learningRate: 0.0001)).contains(
                "step 11: 0.dense is saturated: its gradient is next to 0"))
    }

    @Test func updatesThatAreLostAreTold() throws {
        let lines = try told(
            Sequential {
                Dense(16, activation: .relu); Dense(2)
            }, .sgd(learningRate: 1e-9))
        #expect(
            lines.contains("step 11: updates of 0.dense/kernel are lost in rounding: they are too small"), "\(lines)")
    }

    @Test func stepsThatAreTooLongAreTold() throws {
        let lines = try told(
            Sequential {
                Dense(16, activation: .tanh); Dense(2)
            }, .sgd(learningRate: 100))
        #expect(
            lines.contains { $0.hasSuffix("most steps make the loss of their own batch greater: they are too long") },
            "\(lines)")
    }

    /// A run keeps its diagnosis, and its report shows it.
    @Test func aRunKeepsItsDiagnosis() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-doctor-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let experiment = Experiment(
            name: "rate", seed: 1, data: DataSource(source: .generated(.moons(count: 600, noise: 0.2)), test: 0.3),
            model: .layers(
                Sequential {
                    Dense(16, activation: .relu); Dense(2)
                }),
            optimizer: .adam(learningRate: 30), schedule: .constant, batchSize: 32, epochs: 10,
            callbacks: [.watch(every: 50)], doctor: true)
        var run = try ExperimentRun(experiment)
        try run.begin(in: folder)
        try run.train()
        let diagnosis = try run.examine(Doctor(budget: 60))
        #expect(diagnosis.findings.first?.label == .learningRateTooHigh)
        let kept = try RunFolder(existing: folder)
        #expect(kept.diagnosis == diagnosis)
        #expect(kept.watched.map(\.step) == [1, 51, 101])
        let repair = try #require(diagnosis.findings.first?.repair)
        let rate = try #require(repair.settings.first?.split(separator: "=").last)
        #expect(
            repair.difference.split(separator: "\n").map(String.init) == [
                "  optimizer:", "    adam:", "-     learningRate: 30", "+     learningRate: \(rate)",
            ], "\(repair.difference)")
        #expect(repair.swift == "experiment = try experiment.setting([\"optimizer.adam.learningRate=\(rate)\"])")
        let proof = try #require(diagnosis.findings.first?.experiment?.curves)
        #expect(proof.control.count == proof.treated.count && proof.control.allSatisfy { $0.count == 10 })
    }
}
