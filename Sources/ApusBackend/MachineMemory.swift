package import ApusGraph
import Foundation

/// The memory of the machine, as far as this process may have it.
package enum MachineMemory {
    /// The bytes: those of the machine, or of the control group around the process if that has fewer.
    package static let byteCount: Int = {
        let physical = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        let limit = (try? String(contentsOfFile: "/sys/fs/cgroup/memory.max", encoding: .utf8)).flatMap {
            Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        return min(physical, limit ?? physical)
    }()

    /// What is wrong with a tensor in memory; `nil` if there is room for it.
    package static func problem(_ type: TensorType) -> String? {
        type.byteCount <= byteCount
            ? nil : "a tensor \(type) takes \(text(type.byteCount)), but this machine has \(text(byteCount)) of memory"
    }

    /// What is wrong with a program that takes some bytes; `nil` if there is room for it.
    package static func problem(programOf byteCount: Int) -> String? {
        byteCount <= self.byteCount
            ? nil
            : "the computation takes \(text(byteCount)), but this machine has \(text(self.byteCount)) of memory; "
                + "make the model, the images or the batch smaller"
    }

    /// Ends the process because the system gives no more memory: with a message, and exit code 71.
    ///
    /// Nothing can be thrown where a buffer is made, and what is on the disk is whole at every moment.
    static func end(asked byteCount: Int) -> Never {
        let message =
            "error: there is no memory left: \(text(byteCount)) were asked for, this machine has \(text(self.byteCount))\n"
        _ = message.withCString { write(2, $0, strlen($0)) }
        _exit(71)
    }

    private static func text(_ bytes: Int) -> String {
        let units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
        var (value, unit) = (Double(bytes), 0)
        while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
        return unit == 0 ? "\(bytes) bytes" : "\((value * 10).rounded() / 10) \(units[unit])"
    }
}

extension Graph {
    /// Throws if a value of the graph does not fit into the machine's memory.
    ///
    /// Views and constants are not looked at unless they are outputs: they need not be in memory.
    package func validateMemory() throws(GraphError) {
        func problem(_ node: Node) -> GraphProblem? {
            MachineMemory.problem(node.type).map {
                GraphProblem(
                    lacksMemoryFor: node.operation.name,
                    message: $0 + "; make the model, the images or the batch smaller")
            }
        }
        let kept = nodes.filter {
            switch $0.operation {
            case .broadcast, .constant, .reshape, .iota: false
            default: true
            }
        }
        if let found = (outputs.map(\.node) + kept).lazy.compactMap(problem).first { throw GraphError([found]) }
    }
}
