import Synchronization

/// The text of the error that a function throws; "no error" if it throws none.
public func message<Result>(_ body: () throws -> Result) -> String {
    do {
        _ = try body()
        return "no error"
    } catch {
        return "\(error)"
    }
}

/// A list to which callbacks of any thread add.
public final class Collector<Element: Sendable>: Sendable {
    private let list = Mutex<[Element]>([])

    public init() {}

    public var elements: [Element] { list.withLock { $0 } }

    public func add(_ element: Element) { list.withLock { $0.append(element) } }
}
