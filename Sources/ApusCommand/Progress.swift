import Apus
import ApusExperiments
import Foundation
import Synchronization

/// Shows how the training goes: a bar on a terminal, one line an epoch elsewhere, JSON lines if asked for.
struct Progress: CallbackRule {
    private let isJSON: Bool
    private var epochs = 0
    private var samplesPerEpoch = 0
    private var epoch = 0
    /// When the samples of the epoch were first counted, and how many there were; `nil` before the first step of a resumed training.
    private var start: (samples: Int, time: ContinuousClock.Instant)?
    private var shownAt: ContinuousClock.Instant?
    /// What ended the output of events.
    let failure = Failure()

    /// The first event that could not be written.
    final class Failure: Sendable {
        private let first = Mutex<OutputError?>(nil)
        var error: OutputError? { first.withLock { $0 } }
        fileprivate func note(_ error: OutputError) { first.withLock { $0 = $0 ?? error } }
    }

    init(json: Bool) {
        isJSON = json
    }

    var receivesSteps: Bool { !isJSON && Terminal.isInteractive }

    mutating func prepare(_ plan: TrainingPlan) throws {
        (epochs, samplesPerEpoch) = (plan.epochs, plan.samplesPerEpoch)
        epoch = plan.epoch + 1
        if plan.isResumed, !isJSON, plan.epoch < plan.epochs {
            Terminal.write("resuming in epoch \(epoch) of \(epochs)\n")
        }
    }

    mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        if isJSON {
            // Nobody reads on: training keeps what it has, and ends.
            do { try Terminal.print(try EventLine(event, training).json) } catch let error as OutputError {
                failure.note(error)
                training.stop(.interrupted)
            }
            return
        }
        switch event {
        case .epochBegan(let epoch): (self.epoch, start) = (epoch, (0, .now))
        case .unfroze(_, let patterns, let parameters):
            Terminal.write("\(head)  unfroze \(patterns.shown(3)): \(parameters) parameters\n")
        case .stepEnded(_, let samples, let means): showBar(samples, means)
        case .epochEnded(let record): show(record)
        case .stopped(let reason):
            if reason != .interrupted { Terminal.write("\(reason)\n") }
        case .began, .observed, .checkpointSaved, .ended: break
        }
    }

    private mutating func showBar(_ samples: Int, _ means: Measurements) {
        let now = ContinuousClock.now
        let start = start ?? (samples, now)
        self.start = start
        if let shownAt, now - shownAt < .milliseconds(100) { return }
        shownAt = now
        let line = ProgressLine(
            head: head, measured: "\(means)",
            pace: Pace(
                samples: samples, of: samplesPerEpoch, in: epoch, of: epochs, counted: samples - start.samples,
                seconds: (now - start.time) / .seconds(1)))
        Terminal.write("\r\u{1B}[K" + line.text(width: Terminal.width, dim: Terminal.dim))
    }

    private var head: String {
        let number = "\(epoch)"
        return "epoch " + String(repeating: " ", count: max(0, "\(epochs)".count - number.count))
            + "\(number)/\(epochs)"
    }

    private func show(_ record: EpochRecord) {
        let clear = Terminal.isInteractive ? "\r\u{1B}[K" : ""
        let validation = record.validation.map { "  validation \($0)" } ?? ""
        Terminal.write(
            "\(clear)\(head)  \(record.training)\(validation)  \(ProgressLine.duration(record.seconds)), "
                + "\(ProgressLine.rate(record.samplesPerSecond))\n")
    }
}
