import ApusConfiguration
import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Layers that go from step to step of a sequence.
    static let recurrent: [String: Operator] = [
        "LSTM": { try recurrent(.lstm, $0) }, "GRU": { try recurrent(.gru, $0) }, "RNN": { try recurrent(.rnn, $0) },
    ]

    /// X, W, R, B, sequence_lens, initial_h and, of an LSTM, initial_c and P; Y, Y_h and, of an LSTM, Y_c.
    private static func recurrent(_ kind: ONNXRecurrence.Kind, _ call: ONNXCall) throws -> [ONNXValue] {
        let input = try call.input(0)
        try call.demand(input.rank == 3, "expected sequences of 3 axes, received \(input.shape)")
        let isBatchFirst = try call.int("layout", 0) != 0
        let x = isBatchFirst ? input.laid([1, 0, 2]) : input.plain
        try call.demand(x.shape[0] > 0, "a sequence has no steps: \(input.shape)")
        let reversals = try directions(call)
        let recurrence = try recurrences(kind, call, channels: x.shape[2], directions: reversals.count)
        let (samples, units) = (x.shape[1], recurrence[0].units)
        let starts = try (0..<kind.states).map { try start($0, call, isBatchFirst, samples, units, reversals.count) }
        let mask = try call.optional(4).map { lengths in
            try call.demand(
                lengths.shape == [samples], "expected lengths of \(samples) sequences, received \(lengths.shape)")
            return Tensor.sequenceMask(lengths.plain.cast(to: .int64), length: x.shape[0]).transposed([1, 0])
                .expandingShape(at: 2)
        }
        let results = recurrence.enumerated().map { number, recurrence in
            recurrence(
                x, from: starts.map { $0?[number] ?? .zeros([samples, units], type: x.elementType) }, mask: mask,
                reversed: reversals[number])
        }
        let all = Tensor.concatenated(results.map { $0.all.expandingShape(at: 1) }, axis: 1)
        let lasts = (0..<kind.states).map { state in
            Tensor.concatenated(results.map { $0.last[state].expandingShape(at: 0) }, axis: 0)
        }
        return [ONNXValue(isBatchFirst ? all.transposed([2, 0, 1, 3]) : all, input.type)]
            + lasts.map { ONNXValue(isBatchFirst ? $0.transposed([1, 0, 2]) : $0, input.type) }
    }

    /// Of each direction, whether it begins with the last step.
    private static func directions(_ call: ONNXCall) throws -> [Bool] {
        switch try call.string("direction", "forward") {
        case "forward": [false]
        case "reverse": [true]
        case "bidirectional": [false, true]
        case let other: throw ONNXProblem("the direction \(other.quoted) is not known")
        }
    }

    /// The values before the first step for each direction, [directions, N, units]; `nil` where they are 0.
    private static func start(
        _ number: Int, _ call: ONNXCall, _ isBatchFirst: Bool, _ samples: Int, _ units: Int, _ directions: Int
    ) throws -> Tensor? {
        try call.optional(5 + number).map { value in
            try call.demand(value.rank == 3, "expected start values of 3 axes, received \(value.shape)")
            let start = isBatchFirst ? value.laid([1, 0, 2]) : value.plain
            // A file for one sample is for any number of them.
            let fits = [[directions, samples, units], [directions, 1, units]].contains(start.shape.dimensions)
            try call.demand(
                fits, "expected start values of \([directions, samples, units]), received \(start.shape.dimensions)")
            return start.broadcast(to: [directions, samples, units])
        }
    }

    private static func recurrences(
        _ kind: ONNXRecurrence.Kind, _ call: ONNXCall, channels: Int, directions: Int
    ) throws -> [ONNXRecurrence] {
        let (w, r) = (try call.input(1), try call.input(2))
        let units = try call.int("hidden_size") ?? r.shape.last ?? 0
        try call.demand(units > 0 && units < 1 << 31, "the hidden_size must be at least 1, received \(units)")
        let width = kind.gates * units
        func checked(_ name: String, _ value: ONNXValue, _ shape: [Int]) throws -> Tensor {
            try call.demand(value.shape == shape, "expected \(name) of \(shape), received \(value.shape)")
            return value.plain
        }
        let kernels = try checked("W", w, [directions, width, channels])
        let recurrentKernels = try checked("R", r, [directions, width, units])
        let biases = try call.optional(3).map { try checked("B", $0, [directions, 2 * width]) }
        let peepholes =
            kind == .lstm ? try call.optional(7).map { try checked("P", $0, [directions, 3 * units]) } : nil
        let functions = try functions(kind, call, directions: directions)
        let clip = try call.float("clip")
        try call.demand(clip.map { $0 >= 0 } ?? true, "clip must not be negative, received \(clip ?? 0)")
        let resetsAfter = try call.int("linear_before_reset", 0) != 0
        let couplesForgetting = try call.int("input_forget", 0) != 0
        return (0..<directions).map { number in
            ONNXRecurrence(
                kind: kind, units: units, kernel: kernels[number], recurrentKernel: recurrentKernels[number],
                biases: biases?[number], peepholes: peepholes?[number],
                functions: Array(functions[(number * kind.functions.count)...].prefix(kind.functions.count)),
                clip: clip, resetsAfter: resetsAfter, couplesForgetting: couplesForgetting)
        }
    }

    // MARK: Functions

    private typealias Function = @Sendable (Tensor) -> Tensor

    /// The functions of all directions one after the other; each takes of the numbers alpha and beta those that it has.
    private static func functions(
        _ kind: ONNXRecurrence.Kind, _ call: ONNXCall, directions: Int
    ) throws -> [Function] {
        let count = directions * kind.functions.count
        let names =
            try call.strings("activations") ?? Array(repeating: kind.functions, count: directions).flatMap { $0 }
        try call.demand(names.count == count, "expected \(count) activations, received \(names.count)")
        var alphas = try call.floats("activation_alpha") ?? []
        var betas = try call.floats("activation_beta") ?? []
        return try names.map { name in
            guard let (alpha, beta, make) = recurrentFunctions[name.lowercased()] else {
                throw ONNXProblem("the activation \(name.quoted) is not known")
            }
            func next(_ values: inout [Double], _ usual: Double?) -> Double {
                usual == nil || values.isEmpty ? usual ?? 0 : values.removeFirst()
            }
            let (a, b) = (next(&alphas, alpha), next(&betas, beta))
            return { make($0, a, b) }
        }
    }

    /// Functions by their names in small letters, with the numbers alpha and beta that they have unless others are given.
    private static let recurrentFunctions:
        [String: (alpha: Double?, beta: Double?, make: @Sendable (Tensor, Double, Double) -> Tensor)] = [
            "relu": (nil, nil, { x, _, _ in relu(x) }),
            "tanh": (nil, nil, { x, _, _ in tanh(x) }),
            "sigmoid": (nil, nil, { x, _, _ in sigmoid(x) }),
            "softsign": (nil, nil, { x, _, _ in x / (abs(x) + 1) }),
            "softplus": (nil, nil, { x, _, _ in softplus(x) }),
            "affine": (1, 0, { x, a, b in x * a + b }),
            "leakyrelu": (0.01, nil, { x, a, _ in select(x .>= 0, x, x * a) }),
            "thresholdedrelu": (
                1, nil, { x, a, _ in select(x .>= Tensor.full([], a, type: x.elementType), x, x * 0) }
            ),
            "scaledtanh": (1, 1, { x, a, b in tanh(x * b) * a }),
            "hardsigmoid": (0.2, 0.5, { x, a, b in (x * a + b).clamped(min: 0, max: 1) }),
            "elu": (1, nil, { x, a, _ in select(x .>= 0, x, expm1(minimum(x, 0)) * a) }),
        ]
}
