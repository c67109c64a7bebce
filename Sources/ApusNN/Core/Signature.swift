public import ApusGraph

/// What one sample of a model's inputs is: for each name a shape without the batch, and an element type.
///
/// ```swift
/// let inputs: Signature = ["image": [28, 28, 1], "words": .int32([20])]
/// print(inputs.names)                // ["image", "words"]
///
/// let words = Sequential { Embedding(vocabulary: 1000, 16); Flatten(); Dense(2) }
/// let weights = try words.initialized(inputs: Signature([20], .int32), seed: 7)
/// ```
public struct Signature: Sendable, Hashable {
    /// The type of one input.
    public struct Input: Sendable, Hashable, ExpressibleByArrayLiteral {
        /// The shape of one sample.
        public var shape: Shape
        /// The type of its elements.
        public var elementType: ElementType

        /// A type of inputs.
        public init(_ shape: Shape, _ elementType: ElementType = .float32) {
            self.shape = shape
            self.elementType = elementType
        }

        /// A shape of float32.
        public init(arrayLiteral extents: Int...) { self.init(Shape(extents)) }

        /// Whole numbers such as words or classes.
        public static func int32(_ shape: Shape) -> Input { Input(shape, .int32) }
        /// Bytes, such as those of images.
        public static func uint8(_ shape: Shape) -> Input { Input(shape, .uint8) }

        package init(_ type: TensorType) { self.init(type.shape, type.elementType) }
    }

    private var entries: [Entry]

    private struct Entry: Sendable, Hashable {
        let name: String
        let input: Input
    }

    /// Inputs by name, in order.
    public init(_ inputs: some Sequence<(name: String, input: Input)>) {
        entries = inputs.map { Entry(name: $0.name, input: $0.input) }
    }

    /// The one input of a model of one tensor.
    public init(_ shape: Shape, _ elementType: ElementType = .float32) {
        self.init([("", Input(shape, elementType))])
    }

    /// The names of the inputs; that of a single one without a name is empty.
    public var names: [String] { entries.map(\.name) }

    /// The one input, or the first of several; `nil` if there are none.
    public var first: Input? { entries.first?.input }

    /// An input; `nil` if there is none of the name.
    public subscript(name: String) -> Input? { entries.first { $0.name == name }?.input }
}

extension Signature: Sequence {
    /// The names with their types, in order.
    public func makeIterator() -> IndexingIterator<[(name: String, input: Input)]> {
        entries.map { ($0.name, $0.input) }.makeIterator()
    }
}

extension Signature: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, Input)...) {
        self.init(elements.map { (name: $0.0, input: $0.1) })
    }
}

extension Signature: CustomStringConvertible {
    public var description: String {
        entries.map { ($0.name.isEmpty ? "" : "\($0.name): ") + "\($0.input.elementType)\($0.input.shape)" }
            .joined(separator: ", ")
    }
}
