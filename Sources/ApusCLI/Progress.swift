import Apus
import ApusExperiments
import Foundation

/// Shows how the training goes: a bar on a terminal, one line an epoch elsewhere, JSON lines if asked for.
struct Progress: CallbackRule {
    private let isJSON: Bool
    private var epochs = 0
    private var samplesPerEpoch = 0
    private var epoch = 0
    // The time of day may jump.
    private let clock = ContinuousClock()
    private var epochStart = ContinuousClock().now
    private var shownAt: ContinuousClock.Instant?

    init(json: Bool) {
        isJSON = json
    }

    var receivesSteps: Bool { !isJSON && Terminal.isInteractive }

    mutating func prepare(_ plan: TrainingPlan) throws {
        (epochs, samplesPerEpoch) = (plan.epochs, plan.samplesPerEpoch)
        (epoch, epochStart) = (plan.epoch + 1, clock.now)
        if plan.isResumed, !isJSON { Terminal.write("going on in epoch \(epoch) of \(epochs)\n") }
    }

    mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        if isJSON { return try printLine(EventLine(event, training)) }
        switch event {
        case .epochBegan(let epoch): (self.epoch, epochStart) = (epoch, clock.now)
        case .stepEnded(_, let samples, let means): showBar(samples, means)
        case .epochEnded(let record): show(record)
        case .stopped(let reason):
            if reason != .interrupted { Terminal.write("\(reason)\n") }
        case .began, .checkpointSaved, .ended: break
        }
    }

    private mutating func showBar(_ samples: Int, _ means: Measurements) {
        let now = clock.now
        guard shownAt.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
        shownAt = now
        let seconds = (now - epochStart) / .seconds(1)
        let rate = Double(samples) / max(seconds, 1e-9)
        let left = Double(samplesPerEpoch - samples + (epochs - epoch) * samplesPerEpoch) / max(rate, 1e-9)
        let width = 24
        let done = width * samples / max(1, samplesPerEpoch)
        let bar = String(repeating: "━", count: done) + Terminal.dim(String(repeating: "━", count: width - done))
        Terminal.write(
            "\r\u{1B}[K\(head) \(bar) \(means)  \(Progress.rate(rate))  \(Progress.duration(left)) left")
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
            "\(clear)\(head)  \(record.training)\(validation)  \(Progress.duration(record.seconds)), "
                + "\(Progress.rate(record.samplesPerSecond))\n")
    }

    private func printLine(_ line: EventLine) throws {
        print(try line.json)
        fflush(nil)
    }

    static func rate(_ samplesPerSecond: Double) -> String {
        guard samplesPerSecond >= 0, samplesPerSecond < 1e15 else { return "? samples/s" }
        return samplesPerSecond >= 10_000
            ? "\(Int(samplesPerSecond / 1000))k samples/s" : "\(Int(samplesPerSecond)) samples/s"
    }

    static func duration(_ seconds: Double) -> String {
        guard seconds >= 0, seconds < 1e7 else { return "?" }
        if seconds < 10 { return String(format: "%.1f s", seconds) }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return String(format: "%d:%02d min", whole / 60, whole % 60) }
        return String(format: "%d:%02d h", whole / 3600, whole / 60 % 60)
    }
}
