import ApusTraining

extension RunEntry {
    /// What the folder of a run says.
    ///
    /// - Parameter report: Is told what is damaged.
    init(_ folder: RunFolder, name: String, report: (String) -> Void = { _ in }) throws {
        let record = try folder.record()
        let epochs = try folder.history(report: report).epochs
        func values(_ epoch: EpochRecord) -> [(name: String, value: Double)] {
            let parts = [("training", Optional(epoch.training)), ("validation", epoch.validation)]
            return parts.flatMap { prefix, measured in
                zip(measured?.names ?? [], measured?.values ?? []).map { ("\(prefix).\($0)", $1) }
            }
        }
        var final: [String: Double] = [:]
        var best: [String: Double] = [:]
        for epoch in epochs {
            for (name, value) in values(epoch) where value.isFinite {
                let isBetter = best[name].map { MonitorMode.auto.minimizes(name) ? value < $0 : value > $0 } ?? true
                if isBetter { best[name] = value }
            }
        }
        if let last = epochs.last { for (name, value) in values(last) where value.isFinite { final[name] = value } }
        if let test = record.test {
            for (name, value) in zip(test.names, test.values) where value.isFinite { final["test.\(name)"] = value }
        }
        self.init(
            folder: name, name: (try? folder.experiment().name) ?? name, state: record.state.rawValue,
            started: record.started, finished: record.ended, command: record.command.joined(separator: " "),
            version: record.program ?? "", final: final, best: best)
    }
}
