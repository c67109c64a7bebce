import Apus
import ApusExperiments
import Foundation

/// Shows how the training goes: a bar on a terminal, one line an epoch elsewhere, JSON lines if asked for.
struct Progress: CallbackRule {
    private let isJSON: Bool
    private var epochs = 0
    private var samplesPerEpoch = 0
    private var epoch = 0
    private var epochStart = Date()
    private var trainingStart = Date()
    private var shownAt = Date.distantPast

    init(json: Bool) {
        isJSON = json
    }

    var receivesSteps: Bool { !isJSON && Terminal.isInteractive }

    mutating func prepare(_ plan: TrainingPlan) throws {
        (epochs, samplesPerEpoch, trainingStart) = (plan.epochs, plan.samplesPerEpoch, Date())
        (epoch, epochStart) = (plan.epoch + 1, Date())
        if plan.isResumed, !isJSON { Terminal.write("resuming in epoch \(epoch) of \(epochs)\n") }
    }

    mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        if isJSON { return try printLine(EventLine(event, training)) }
        switch event {
        case .epochBegan(let epoch): (self.epoch, epochStart) = (epoch, Date())
        case .stepEnded(_, let samples, let means): showBar(samples, means)
        case .epochEnded(let record): show(record)
        case .stopped(let reason):
            if reason != .interrupted { Terminal.write("\(reason)\n") }
        case .began, .checkpointSaved, .ended: break
        }
    }

    private mutating func showBar(_ samples: Int, _ means: Measurements) {
        let now = Date()
        guard now.timeIntervalSince(shownAt) > 0.1 else { return }
        shownAt = now
        let seconds = now.timeIntervalSince(epochStart)
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
        samplesPerSecond >= 10_000 ? "\(Int(samplesPerSecond / 1000))k samples/s" : "\(Int(samplesPerSecond)) samples/s"
    }

    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e7 else { return "?" }
        if seconds < 10 { return String(format: "%.1f s", seconds) }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return String(format: "%d:%02d min", whole / 60, whole % 60) }
        return String(format: "%d:%02d h", whole / 3600, whole / 60 % 60)
    }
}
