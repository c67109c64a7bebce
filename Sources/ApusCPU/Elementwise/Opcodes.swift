import ApusGraph
import CKernels

extension UnaryOperation {
    /// The kernel's instruction, if it has one; others are expanded before fusion.
    var opcode: apus_elementwise_opcode? {
        switch self {
        case .negate: APUS_EW_NEG
        case .absolute: APUS_EW_ABS
        case .sign: APUS_EW_SIGN
        case .exp: APUS_EW_EXP
        case .expm1: APUS_EW_EXPM1
        case .log: APUS_EW_LOG
        case .log1p: APUS_EW_LOG1P
        case .squareRoot: APUS_EW_SQRT
        case .reciprocalSquareRoot: APUS_EW_RSQRT
        case .square: APUS_EW_SQUARE
        case .reciprocal: APUS_EW_RECIPROCAL
        case .sine: APUS_EW_SIN
        case .cosine: APUS_EW_COS
        case .tanh: APUS_EW_TANH
        case .sigmoid: APUS_EW_SIGMOID
        case .erf: APUS_EW_ERF
        case .floor: APUS_EW_FLOOR
        case .ceil: APUS_EW_CEIL
        case .round: APUS_EW_ROUND
        case .relu: APUS_EW_RELU
        case .logicalNot: APUS_EW_NOT
        case .isFinite: APUS_EW_IS_FINITE
        default: nil
        }
    }
}

extension BinaryOperation {
    var opcode: apus_elementwise_opcode {
        switch self {
        case .add: APUS_EW_ADD
        case .subtract: APUS_EW_SUB
        case .multiply: APUS_EW_MUL
        case .divide: APUS_EW_DIV
        case .power: APUS_EW_POW
        case .minimum: APUS_EW_MIN
        case .maximum: APUS_EW_MAX
        case .remainder: APUS_EW_REMAINDER
        case .equal: APUS_EW_EQ
        case .notEqual: APUS_EW_NE
        case .less: APUS_EW_LT
        case .lessOrEqual: APUS_EW_LE
        case .greater: APUS_EW_GT
        case .greaterOrEqual: APUS_EW_GE
        case .logicalAnd: APUS_EW_AND
        case .logicalOr: APUS_EW_OR
        case .logicalXor: APUS_EW_XOR
        }
    }
}
