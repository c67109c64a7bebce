import Apus
import ApusExperiments
import Foundation

/// Two half moons and a small network: an epoch takes milliseconds.
let moons = """
    name: moons
    data: {source: {moons: {count: 200, noise: 0.1}}}
    model: [{dense: {units: 8, activation: tanh}}, {dense: 2}]
    optimizer: {adam: {learningRate: 0.02}}
    schedule: constant
    batchSize: 32
    epochs: 3
    """

func moonsFile() throws -> ExperimentFile { try ExperimentFile(yaml: moons, path: "moons.yaml") }

/// Ends a training as Ctrl-C does, after a number of epochs in all.
final class Interruption: @unchecked Sendable {
    private var epochs: Int
    init(after epochs: Int) { self.epochs = epochs }

    var callback: Callback {
        .onEvent { event, control in
            guard case .epochEnded = event else { return }
            self.epochs -= 1
            if self.epochs == 0 { control.stop(.interrupted) }
        }
    }
}
