import Apus
import Foundation
import Synchronization

/// Ctrl-C: the first time training ends after the step, the second time the process ends at once.
enum Interrupt {
    private static let count = Atomic<Int>(0)

    static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

    static func install() {
        signal(SIGINT) { _ in
            // Only what a signal handler may do: an atomic, and _exit.
            if Interrupt.count.add(1, ordering: .relaxed).oldValue > 0 { _exit(130) }
        }
    }

    /// Ends the training when the user has asked for it.
    static var callback: Callback {
        .onEvent(receivesSteps: true) { event, training in
            if case .stepEnded = event, isRequested { training.stop(.interrupted) }
        }
    }
}
