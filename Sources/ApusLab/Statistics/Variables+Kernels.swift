import Apus

/// What experiments say of the weights of a network.
extension Variables {
    /// The kernels, from the first layer to the last.
    var kernels: [Tensor] { paths.filter { $0.hasSuffix("kernel") }.compactMap { self[$0] } }

    /// The root of the sum of the squares of all kernels.
    var kernelNorm: Double {
        kernels.reduce(0) { $0 + $1.scalars.reduce(0) { $0 + Double($1) * Double($1) } }.squareRoot()
    }

    /// A number that another set of weights has only if all bits are equal: FNV-1a of the values in order, of which 52 bits are kept.
    var fingerprint: Double {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for path in paths {
            for value in self[path]?.scalars ?? [] { hash = (hash ^ UInt64(value.bitPattern)) &* 0x0000_0100_0000_01b3 }
        }
        return Double(hash >> 12)
    }

    /// The greatest difference to the values of other weights, in parts of the greatest value.
    func relativeDifference(to other: Variables) -> Double {
        var (difference, greatest): (Float, Float) = (0, 0)
        for path in paths {
            for (a, b) in zip(self[path]?.scalars ?? [], other[path]?.scalars ?? []) {
                difference = max(difference, abs(a - b))
                greatest = max(greatest, abs(a))
            }
        }
        return Double(difference / greatest)
    }
}
