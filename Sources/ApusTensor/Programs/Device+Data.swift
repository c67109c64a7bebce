public import ApusBackend
import ApusGraph

extension Device {
    /// The device that computed some data; where none did, that of the task.
    ///
    /// - Throws: `GraphError` if several did.
    package static func common(to buffers: [Buffer]) throws -> Device {
        var found: Device?
        for case let device? in buffers.lazy.map(\.device) where device != found {
            guard found == nil else {
                throw GraphError([
                    GraphProblem(
                        scope: [], operation: "devices",
                        message:
                            "one expression holds tensors that were computed on \(found!.rawValue) and on \(device.rawValue); "
                            + "bring them to one device: x.moved(to: .\(device.rawValue))")
                ])
            }
            found = device
        }
        return found ?? .current
    }
}

extension Tensor {
    /// The device that computed the tensor; `nil` for data and for expressions that are still pending.
    public var device: Device? { buffer?.device }

    /// The tensor's values as data of another device; evaluates it where it is.
    ///
    /// - Throws: `GraphError`, `ProgramError`; see `evaluate(_:)`.
    public func moved(to device: Device) throws -> Tensor {
        try evaluated()
        let source = elements()
        let copy = Buffer(byteCount: source.byteCount, device: device)
        copy.mutableBytes.copyMemory(from: source.bytes)
        copy.ancestry = Ancestry.of(results: [node])
        return Tensor(copy, node.type)
    }
}
