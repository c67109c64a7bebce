import ApusBackend
public import ApusGraph

extension Tensor: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    /// A number that takes the element type of what it is combined with; `float32` by itself.
    public init(floatLiteral value: Double) {
        self.init(weak: value)
    }

    /// A number that takes the element type of what it is combined with; `float32` by itself and beside bool.
    public init(integerLiteral value: Int) {
        self.init(weak: value)
    }
}

extension Tensor {
    /// A tensor of the given numbers in row-major order.
    ///
    /// A shape that does not hold as many numbers makes a tensor that carries the error.
    public init<T: TensorScalar>(_ scalars: [T], shape: Shape, type: ElementType? = nil) {
        guard shape.count == scalars.count, shape.dimensions.allSatisfy({ $0 >= 0 }) else {
            self.init(
                Node(
                    problem: "\(scalars.count) numbers do not fill the shape \(shape), which holds \(shape.count)",
                    operation: "Tensor"))
            return
        }
        let type = type ?? T.naturalElementType
        self.init(Buffer(elements: scalars, type), TensorType(shape, type))
    }

    /// A tensor of elements as they lie in memory: row-major, in the machine's byte order.
    ///
    /// Bytes that do not fill the type make a tensor that carries the error.
    public init(bytes: some Sequence<UInt8>, _ type: TensorType) {
        let bytes = Array(bytes)
        guard bytes.count == type.byteCount else {
            self.init(
                Node(
                    problem: "\(bytes.count) bytes do not fill \(type), which takes \(type.byteCount)",
                    operation: "Tensor"))
            return
        }
        self.init(bytes.withUnsafeBytes { Buffer(copying: $0) }, type)
    }

    /// A vector of the given numbers.
    public init<T: TensorScalar>(_ scalars: [T], type: ElementType? = nil) {
        self.init(scalars, shape: [scalars.count], type: type)
    }

    /// A matrix of the given rows, which must be equally long.
    public init<T: TensorScalar>(_ rows: [[T]], type: ElementType? = nil) {
        let columns = rows.first?.count ?? 0
        guard rows.allSatisfy({ $0.count == columns }) else {
            self.init(Node(problem: "rows of different lengths: \(rows.map(\.count))", operation: "Tensor"))
            return
        }
        self.init(rows.flatMap { $0 }, shape: [rows.count, columns], type: type)
    }

    /// A scalar.
    public init<T: TensorScalar>(_ scalar: T, type: ElementType? = nil) {
        self.init(constant: scalar.tensorScalar, TensorType([], type ?? T.naturalElementType))
    }

    // MARK: Filled

    /// One number in every element.
    public static func full(_ shape: Shape, _ value: Double, type: ElementType = .float32) -> Tensor {
        guard shape.dimensions.allSatisfy({ $0 >= 0 }) else {
            return Tensor(Node(problem: "a shape can't have negative extents, received \(shape)", operation: "full"))
        }
        return Tensor(constant: .floating(value), TensorType(shape, type))
    }

    /// 0 in every element.
    public static func zeros(_ shape: Shape, type: ElementType = .float32) -> Tensor { full(shape, 0, type: type) }
    /// 1 in every element.
    public static func ones(_ shape: Shape, type: ElementType = .float32) -> Tensor { full(shape, 1, type: type) }

    // MARK: Sequences

    /// The numbers `start, start + step, …` below `end`, or above it for a negative step (`arange`); `float32` unless a type is given.
    public static func arange(_ start: Double, _ end: Double, step: Double = 1, type: ElementType = .float32)
        -> Tensor
    {
        guard step != 0, start.isFinite, end.isFinite, step.isFinite else {
            return Tensor(
                Node(
                    problem:
                        "start, end and step must be finite and the step not 0, received \(start), \(end) and \(step)",
                    operation: "arange"))
        }
        let extent = Swift.max(0, ((end - start) / step).rounded(.up))
        guard extent * 8 < Double(MachineMemory.byteCount) else {
            return Tensor(
                Node(problem: "\(extent) numbers from \(start) to \(end) by \(step) are too many", operation: "arange"))
        }
        return Tensor((0..<Int(extent)).map { start + Double($0) * step }, type: type)
    }

    /// The numbers 0, 1, … below `end` (`arange`); `float32` unless a type is given, where NumPy and PyTorch make integers.
    public static func arange(_ end: Double, type: ElementType = .float32) -> Tensor { arange(0, end, type: type) }

    /// `count` numbers at equal distances, both ends included (`linspace`).
    public static func linspace(_ start: Double, _ end: Double, count: Int, type: ElementType = .float32) -> Tensor {
        guard count >= 1 else {
            return Tensor(Node(problem: "the count must be positive, received \(count)", operation: "linspace"))
        }
        if let problem = MachineMemory.problem(TensorType([count], .float64)) {
            return Tensor(Node(problem: problem, operation: "linspace"))
        }
        let step = count > 1 ? (end - start) / Double(count - 1) : 0
        return Tensor((0..<count).map { start + Double($0) * step }, type: type)
    }

    /// The n × n identity matrix (`identity` and `eye` of NumPy, `eye` of PyTorch and JAX).
    public static func identity(_ n: Int, type: ElementType = .float32) -> Tensor {
        guard n >= 0 else {
            return Tensor(Node(problem: "the size can't be negative, received \(n)", operation: "identity"))
        }
        let rows = Node(.iota(axis: 0, TensorType([n, n], .int32)))
        let columns = Node(.iota(axis: 1, TensorType([n, n], .int32)))
        return Tensor(Node.binary(.equal, rows, columns).cast(to: type))
    }

    // MARK: Random

    /// Normally distributed numbers; a pure function of the key.
    public static func normal(
        _ shape: Shape, mean: Double = 0, standardDeviation: Double = 1, key: RandomKey, type: ElementType = .float32
    ) -> Tensor {
        random(.normal(mean: mean, standardDeviation: standardDeviation), shape, key, type)
    }

    /// Numbers uniform in [low, high); a pure function of the key.
    public static func uniform(
        _ shape: Shape, low: Double = 0, high: Double = 1, key: RandomKey, type: ElementType = .float32
    ) -> Tensor {
        random(.uniform(low: low, high: high), shape, key, type)
    }

    /// Normally distributed numbers, cut at two standard deviations; a pure function of the key.
    public static func truncatedNormal(
        _ shape: Shape, mean: Double = 0, standardDeviation: Double = 1, key: RandomKey, type: ElementType = .float32
    ) -> Tensor {
        random(.truncatedNormal(mean: mean, standardDeviation: standardDeviation), shape, key, type)
    }

    /// `true` with the given probability; a pure function of the key.
    public static func bernoulli(_ shape: Shape, probability: Double, key: RandomKey) -> Tensor {
        random(.bernoulli(probability: probability), shape, key, .bool)
    }

    private static func random(
        _ distribution: RandomDistribution, _ shape: Shape, _ key: RandomKey, _ type: ElementType
    ) -> Tensor {
        Tensor(.random(distribution, stream: key.stream, TensorType(shape, type)), [key.tensor.node])
    }
}

extension TensorScalar {
    /// The element type of a tensor made from such numbers. `Double` makes `float32`, the type that networks compute in.
    static var naturalElementType: ElementType {
        switch self {
        case is Int.Type: .int64
        case is Int32.Type: .int32
        case is UInt8.Type: .uint8
        case is Bool.Type: .bool
        default: .float32
        }
    }
}
