package import ApusConfiguration

/// The values that one path of an experiment may take.
///
/// ```swift
/// let space: SearchSpace = [
///     "learningRate": .log(1e-4...1e-1), "batchSize": .choice([32, 64, 128]),
///     "layers": .integer(1...4), "dropout": .real(0...0.5),
/// ]
/// ```
public enum Domain: Alternatives {
    /// One of some values.
    case choice(ChoiceDomain)
    /// A whole number of a range.
    case integer(IntegerDomain)
    /// A number of a range.
    case real(RealDomain)

    /// A few values without an order.
    public static func choice(_ values: [Setting]) -> Domain { .choice(ChoiceDomain(values)) }

    /// Integers in a range, its ends included.
    public static func integer(_ range: ClosedRange<Int>, step: Int = 1, log: Bool = false) -> Domain {
        .integer(IntegerDomain(range, step: step, log: log))
    }

    /// Real numbers in a range, with a distance between neighbours or without.
    public static func real(_ range: ClosedRange<Double>, step: Double? = nil) -> Domain {
        .real(RealDomain(range, step: step))
    }

    /// Real numbers in a range, drawn evenly by their logarithm.
    public static func log(_ range: ClosedRange<Double>) -> Domain { .real(RealDomain(range, log: true)) }

    package static let what = "domain"
    package static let alternatives: [Alternative<Domain>] = [
        Alternative("choice", ChoiceDomain.self) { .choice($0) },
        Alternative("integer", IntegerDomain.self) { .integer($0) },
        Alternative("real", RealDomain.self) { .real($0) },
        Alternative("log", RealDomain.self) { domain in
            var domain = domain
            domain.log = true
            return .real(domain)
        },
    ]

    package var name: String {
        switch self {
        case .choice: ChoiceDomain.kind
        case .integer: IntegerDomain.kind
        case .real: RealDomain.kind
        }
    }

    package var configurable: any Configurable {
        switch self {
        case .choice(let domain): domain
        case .integer(let domain): domain
        case .real(let domain): domain
        }
    }

    /// What is wrong with the range, for messages.
    package var problem: String? {
        switch self {
        case .choice(let domain): domain.problem
        case .integer(let domain): domain.problem
        case .real(let domain): domain.problem
        }
    }
}

extension Domain {
    /// Values that show whether the domain fits its place: every choice, the ends of a range.
    package var examples: [Setting] {
        switch self {
        case .choice(let domain): domain.values
        case .integer(let domain): [.integer(domain.range.low), .integer(domain.range.high)]
        case .real(let domain): [.real(domain.range.low), .real(domain.range.high)]
        }
    }
}
