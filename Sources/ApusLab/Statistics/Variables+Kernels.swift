import Apus
import ApusFormats

/// What experiments say of the weights of a network.
extension Variables {
    /// The kernels, from the first layer to the last.
    var kernels: [Tensor] { paths.filter { $0.hasSuffix("kernel") }.compactMap { self[$0] } }

    /// The root of the sum of the squares of all kernels.
    var kernelNorm: Double {
        kernels.reduce(0) { $0 + $1.scalars.reduce(0) { $0 + Double($1) * Double($1) } }.squareRoot()
    }

    /// A number that other weights have only if all bits are equal: 52 bits of a hash of the values in order.
    var fingerprint: Double {
        var hash = XXH3()
        for path in paths { (self[path]?.scalars ?? []).withUnsafeBytes { hash.add($0) } }
        return Double(hash.value >> 12)
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
