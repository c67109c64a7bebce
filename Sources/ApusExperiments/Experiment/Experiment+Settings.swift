import ApusConfiguration

extension Experiment {
    /// Every setting by its path, `optimizer.adam.learningRate`; nothing if there are callbacks that files can't hold.
    package var settings: [String: String] {
        guard let text = try? FileJSON.text(self), let value: Setting = try? FileJSON.value(text) else { return [:] }
        var result: [String: String] = [:]
        value.collect("", &result)
        return result
    }
}

/// A value of a file.
private enum Setting: Decodable {
    case object([String: Setting])
    case list([Setting])
    case text(String)

    init(from decoder: any Decoder) throws {
        if let object = try? [String: Setting](from: decoder) {
            self = .object(object)
        } else if let list = try? [Setting](from: decoder) {
            self = .list(list)
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .text("none")
            } else if let flag = try? container.decode(Bool.self) {
                self = .text("\(flag)")
            } else if let number = try? container.decode(Int.self) {
                self = .text("\(number)")
            } else if let number = try? container.decode(Double.self) {
                self = .text("\(number)")
            } else {
                self = .text(try container.decode(String.self))
            }
        }
    }

    func collect(_ path: String, _ result: inout [String: String]) {
        func joined(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        switch self {
        case .object(let entries): for (name, value) in entries { value.collect(joined(name), &result) }
        case .list(let values):
            for (index, value) in values.enumerated() { value.collect("\(path)[\(index)]", &result) }
        case .text(let text): result[path] = text
        }
    }
}
