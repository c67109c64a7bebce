/// Where tensors are computed.
///
/// ```swift
/// let x = Tensor.normal([64, 64], key: RandomKey(seed: 1))
/// let exact = Device.reference { softmax(x).sum().item() }   // in Float64, slowly
/// let fast = softmax(x).sum().item()
/// print(abs(exact - fast) < 1e-3)   // true
/// ```
public enum Device: String, Sendable, Hashable, Codable, CaseIterable {
    /// This machine's processor, by compiled programs.
    case cpu
    /// This machine's processor by the definitions of the operations, in Float64 and slowly: what other devices are checked against.
    case reference

    /// Where what is evaluated and compiled now is computed.
    @TaskLocal package static var current = Device.cpu

    /// Computes on this device what the function evaluates and compiles: `Device.reference { x.sum().item() }`.
    public func callAsFunction<Result>(_ body: () throws -> Result) rethrows -> Result {
        try Device.$current.withValue(self, operation: body)
    }
}
