import Apus
import ArgumentParser
import Foundation
import Synchronization

/// The wish to end: Ctrl-C, and what Slurm, systemd, containers and closed terminals send.
///
/// Training ends after the step and keeps its weights. A second Ctrl-C ends the process at once.
enum Interrupt {
    private static let received = Atomic<Int32>(0)

    static var isRequested: Bool { received.load(ordering: .relaxed) != 0 }

    /// How a command ends that was interrupted: 128 and the number of the signal.
    static var exitCode: ExitCode { ExitCode(128 + (isRequested ? received.load(ordering: .relaxed) : SIGINT)) }

    /// Whether a process of this command was interrupted, be it before it listened to signals.
    static func wasInterrupted(_ process: Process) -> Bool {
        let status = process.terminationStatus
        return [SIGINT, SIGTERM, SIGHUP].contains(
            process.terminationReason == .uncaughtSignal ? status : status - 128)
    }

    static func install() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            // Only what a signal handler may do: an atomic, and _exit.
            let former = signal(number) { number in
                if Interrupt.received.exchange(number, ordering: .relaxed) == SIGINT, number == SIGINT { _exit(130) }
            }
            // `nohup` asks that the end of the terminal changes nothing.
            if number == SIGHUP, isIgnoring(former) { signal(number, SIG_IGN) }
        }
        // A parent may have blocked them, and the mask is inherited.
        var mask = sigset_t()
        sigemptyset(&mask)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&mask, number) }
        pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    }

    private static func isIgnoring(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Ends the training when the user has asked for it.
    static var callback: Callback {
        .onEvent(receivesSteps: true) { event, training in
            if case .stepEnded = event, isRequested { training.stop(.interrupted) }
        }
    }
}
