import ApusGraph
import CKernels

extension Lowering {
    mutating func factorize(_ number: Int, _ factorization: Factorization) {
        let x = graph.nodes[number].inputs[0]
        let parameters = apus_factorize_parameters(
            count: Int64(x.shape.dimensions.dropLast(2).product), rows: Int64(x.shape[-2]), columns: Int64(x.shape[-1]),
            type: Int64(x.elementType.rawValue), factorization: Int64(factorization.kernelCode.rawValue))
        guard hasLAPACK(number) else { return }
        plainStep(
            number, apus_factorize, parameters,
            scratch: Int(withUnsafePointer(to: parameters, apus_factorize_scratch_bytes)))
    }

    mutating func solve(_ number: Int, _ matrix: SystemMatrix) {
        let node = graph.nodes[number]
        let parameters = apus_solve_parameters(
            count: Int64(node.shape.dimensions.dropLast(2).product), size: Int64(node.shape[-2]),
            columns: Int64(node.shape[-1]), type: Int64(node.elementType.rawValue),
            system: Int64(matrix.kernelCode.rawValue))
        guard hasLAPACK(number) else { return }
        plainStep(
            number, apus_solve, parameters, scratch: Int(withUnsafePointer(to: parameters, apus_solve_scratch_bytes)))
    }

    /// Whether the machine has the library; if not, that is reported.
    private mutating func hasLAPACK(_ number: Int) -> Bool {
        if apus_lapack_is_available() { return true }
        report(
            graph.nodes[number].operation.name,
            "this machine has no LAPACK: liblapacke.so.3 was not found. Install it (Debian: liblapacke), or compute on "
                + "Device.reference")
        // Readers ask for the place of the result although the plan is not used.
        _ = result(number)
        return false
    }
}

extension Factorization {
    fileprivate var kernelCode: apus_factorization {
        switch self {
        case .cholesky: APUS_CHOLESKY
        case .determinant: APUS_DETERMINANT
        case .qr: APUS_QR
        case .eigh: APUS_EIGH
        case .svd: APUS_SVD
        }
    }
}

extension SystemMatrix {
    fileprivate var kernelCode: apus_system {
        switch self {
        case .general: APUS_SYSTEM_GENERAL
        case .lower: APUS_SYSTEM_LOWER
        case .upper: APUS_SYSTEM_UPPER
        }
    }
}
