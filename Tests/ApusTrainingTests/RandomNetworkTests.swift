import ApusBackend
import ApusConfiguration
import ApusGraph
import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import Foundation
import Testing

/// Networks that are drawn: several inputs, shared parts, merges and outputs, trained on the processor and on the reference.
@Suite struct RandomNetworkTests {
    /// A network with its data and objective.
    struct Drawn {
        var graph = ModelGraph([:])
        var inputs = Values()
        var targets = Values()
        var losses: [String: Loss] = [:]
        var metrics: [String: [Metric]] = [:]
    }

    private static let count = 20

    /// Draws a network: layers without kinks, for the reference rounds otherwise.
    static func drawn(_ seed: UInt64) -> Drawn {
        var random = SeededGenerator(seed: seed)
        var keys = RandomKey(seed: seed)
        var drawn = Drawn()
        /// The width of parts that are rows, by name.
        var widths: [String: Int] = [:]
        func pick<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &random)! }
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        func activation() -> Activation { pick([.tanh, .sigmoid, .linear, .softplus]) }

        for place in 0..<number(1...3) {
            let name = ["x", "y", "z"][place]
            if number(0...2) == 0 {
                drawn.inputs[name] = .normal([count, 5, 6, 2], key: keys.next())
                drawn.graph.parts["seen-\(name)"] = .init(from: name) {
                    Conv2D(
                        filters: number(1...3), kernelSize: 3, padding: pick([.same, .valid]), activation: activation())
                    if number(0...1) == 0 { BatchNorm() }
                    AveragePool2D(2)
                    Flatten()
                    Dense(4, activation: .tanh)
                }
                widths["seen-\(name)"] = 4
            } else {
                let width = number(2...5)
                drawn.inputs[name] = .normal([count, width], key: keys.next())
                widths[name] = width
                // A second input of the same kind goes through the same layers.
                if place == 0, number(0...1) == 0 {
                    drawn.inputs["twin"] = .normal([count, width], key: keys.next())
                    drawn.graph.parts["first"] = .init(from: name) {
                        Dense(4, activation: .tanh); Dense(3)
                    }
                    drawn.graph.parts["second"] = .init(from: "twin", sharing: "first")
                    (widths["first"], widths["second"]) = (3, 3)
                }
            }
        }
        for place in 0..<number(1...4) {
            let (a, b) = (pick(widths.keys.sorted()), pick(widths.keys.sorted()))
            let name = "part\(place)"
            let isEqual = widths[a] == widths[b] && a != b
            let merge: Parallel.Merge =
                isEqual ? pick(Parallel.Merge.allCases.filter { $0 != .maximum && $0 != .minimum }) : .concatenate
            let width = number(2...5)
            let from = a == b ? [a] : [a, b]
            drawn.graph.parts[name] = .init(from: "", merge: merge, isOutput: false) {
                if number(0...2) > 0 {
                    Dense(
                        width, activation: activation(),
                        kernelRegularizer: number(0...1) == 0 ? .l2(0.01) : nil)
                }
                if number(0...3) == 0 { LayerNorm() }
                if number(0...3) == 0 { Dropout(0.25) }
            }
            drawn.graph.parts[name]!.from = PartNames(from)
            let hasDense = drawn.graph.parts[name]!.layers.layers.first is Dense
            let merged = merge == .concatenate ? from.reduce(0) { $0 + widths[$1]! } : merge == .dot ? 1 : widths[a]!
            widths[name] = hasDense ? width : merged
        }
        // What is left over is an output, and needs something to be compared with.
        for name in drawn.graph.outputNames {
            let kind = number(0...2)
            let head = name + "-head"
            let labels = (Tensor.uniform([count], key: keys.next()) * 3).cast(to: .int32)
            switch kind {
            case 0:
                drawn.graph.parts[head] = .init(from: name) { Dense(3) }
                drawn.targets[head] = labels
                drawn.losses[head] = .softmaxCrossEntropy.weighted(pick([0.3, 1]))
                drawn.metrics[head] = [.accuracy]
            case 1:
                drawn.graph.parts[head] = .init(from: name) { Dense(1) }
                drawn.targets[head] = round(.uniform([count, 1], key: keys.next()))
                drawn.losses[head] = .binaryCrossEntropy
            default:
                drawn.graph.parts[head] = .init(from: name) { Dense(2) }
                drawn.targets[head] = .normal([count, 2], key: keys.next())
                drawn.losses[head] = pick([.meanSquaredError, .logCosh])
                drawn.metrics[head] = [.meanAbsoluteError]
            }
        }
        return drawn
    }

    private func trainer(_ drawn: Drawn, _ device: Device) -> Trainer {
        Trainer(
            drawn.graph,
            objective: Objective(losses: drawn.losses, targets: [:], metrics: OutputMetrics(byOutput: drawn.metrics)),
            optimizer: .sgd(learningRate: 0.05, momentum: 0.9), device: device, seed: 4)
    }

    @Test(arguments: 0..<16) func bothDevicesTrainTheSame(_ seed: Int) throws {
        let drawn = Self.drawn(UInt64(seed))
        let data = try Dataset(inputs: drawn.inputs, targets: drawn.targets)
        var results: [(Variables, Measurements, Values)] = []
        for device in [Device.cpu, .reference] {
            var trainer = trainer(drawn, device)
            // 20 steps, of which every second one has fewer samples.
            try trainer.fit(data, epochs: 10, batchSize: 12)
            results.append(
                (try #require(trainer.state).variables, try trainer.evaluate(data), try trainer.predict(drawn.inputs)))
        }
        let (ours, exact) = (results[0], results[1])
        #expect(ours.0.paths == exact.0.paths && ours.0.paths.count > 1)
        for path in ours.0.paths {
            let pairs = zip(ours.0[path]!.scalars, exact.0[path]!.scalars)
            #expect(pairs.allSatisfy { abs($0 - $1) < 2e-4 * max(1, abs($1)) }, "\(path) of \(drawn.graph)")
        }
        #expect(ours.1.names == exact.1.names && ours.1.names.count > drawn.losses.count)
        #expect(abs(ours.1.loss - exact.1.loss) < 1e-3 * max(1, abs(exact.1.loss)))
        #expect(ours.2.names == drawn.graph.outputNames)
        for (name, tensor) in ours.2 {
            let pairs = zip(tensor.scalars, exact.2[name].scalars)
            #expect(pairs.allSatisfy { abs($0 - $1) < 1e-3 * max(1, abs($1)) }, "\(name) of \(drawn.graph)")
        }
    }

    /// What is drawn is what it is meant to be.
    @Test func theyDiffer() throws {
        let all = (0..<16).map { Self.drawn(UInt64($0)) }
        #expect(all.contains { $0.inputs.count > 2 } && all.contains { $0.inputs.count == 1 })
        #expect(all.contains { $0.losses.count > 1 } && all.contains { $0.losses.count == 1 })
        #expect(all.contains { $0.graph.parts["second"] != nil })
        #expect(all.contains { $0.graph.parts.values.contains { $0.layers.layers.contains { $0 is BatchNorm } } })
        #expect(Set(all.flatMap { $0.graph.parts.values.filter { $0.from.names.count > 1 }.map(\.merge) }).count > 3)
    }

    /// A file holds all of it.
    @Test(arguments: 0..<16) func filesHoldThem(_ seed: Int) throws {
        let drawn = Self.drawn(UInt64(seed))
        let text = try FileJSON.text(drawn.graph)
        let read = try FileJSON.decoder().decode(ModelGraph.self, from: Data(text.utf8))
        #expect(read == drawn.graph)
        let inputs = Signature(
            drawn.inputs.map { ($0.name, Signature.Input(Shape(Array($0.tensor.shape.dimensions.dropFirst())))) })
        let weights = [drawn.graph, read].map { try? $0.initialized(inputs: inputs, seed: 1).leaves.map(\.scalars) }
        #expect(weights[0] != nil && weights[0] == weights[1])
    }
}
