import Foundation

/// Where files are kept that can be fetched or computed again.
package enum CacheFolder {
    /// What the environment names with the variable; otherwise `apus/NAME` in `XDG_CACHE_HOME` or `~/.cache`.
    package static func path(_ name: String, variable: String) -> String {
        let environment = ProcessInfo.processInfo.environment
        func set(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        return set(variable) ?? (set("XDG_CACHE_HOME") ?? NSHomeDirectory() + "/.cache") + "/apus/\(name)"
    }
}
