/// A kernel refused its data while a program ran.
public struct ProgramError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The step that failed.
    public var step: String
    /// What the kernel returned.
    public var status: Int32

    /// An error of a step with the status that its kernel returned.
    public init(step: String, status: Int32) {
        self.step = step
        self.status = status
    }

    public var description: String {
        "\(step) failed: an index or label is out of range (status \(status)); "
            + "check that labels lie in 0..<classes and indices inside the axis they select from"
    }
}
