/// A function of a program that stands where files have a name and arguments: an initializer, a schedule.
///
/// Functions of one name are taken for equal. They can't be written to files.
///
/// ```swift
/// let sine = Initializer.custom("sine") { shape, key in sin(Tensor.uniform(shape, high: 6.28, key: key)) }
/// if case .function(let function) = sine { print(function.name) }   // sine
/// ```
public struct NamedFunction<Function: Sendable>: Sendable {
    /// What the function is called in messages.
    public let name: String
    package let function: Function

    package init(_ name: String, _ function: Function) {
        self.name = name
        self.function = function
    }
}

extension NamedFunction: Hashable {
    public static func == (a: NamedFunction, b: NamedFunction) -> Bool { a.name == b.name }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension NamedFunction: CustomStringConvertible {
    public var description: String { "\"\(name)\"" }
}

extension NamedFunction: Encodable {
    /// Refuses to be written.
    ///
    /// - Throws: `EncodingError`: a file can't hold a function.
    public func encode(to encoder: any Encoder) throws { throw EncodingError.function(name, at: encoder.codingPath) }
}

extension EncodingError {
    /// That files can't hold a function.
    package static func function(_ name: String, at path: [any CodingKey]) -> EncodingError {
        .invalidValue(
            name,
            EncodingError.Context(
                codingPath: path,
                debugDescription:
                    "\(name.quoted) is a function of the program, which files can't hold; use a type that has a name in files, or register "
                    + "the function where kinds take one"))
    }
}
