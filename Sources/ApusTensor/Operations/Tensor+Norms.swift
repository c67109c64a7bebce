import ApusGraph

extension Tensor {
    // MARK: Lengths

    /// The length of vectors along axes, of all elements if `nil` (`linalg.norm`): √Σx² of order 2, Σ|x| of 1, max |x| of ∞.
    ///
    /// The gradient at the zero vector is 0. Over two axes order 2 is the Frobenius norm of matrices.
    public func norm(order: Double = 2, axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        guard elementType.isFloatingPoint else { return invalid(expectedFloatingPoint, in: "norm") }
        switch order {
        case 1: return abs(self).sum(axes: axes, keepingAxes: keepingAxes)
        case 2:
            // The root has no slope at 0: there it is taken of 1, so that gradients stay finite.
            let squares = square(self).sum(axes: axes, keepingAxes: keepingAxes)
            let isZero = squares .== 0
            return Tensor.where(isZero, 0, sqrt(Tensor.where(isZero, 1, squares)))
        case .infinity: return abs(self).max(axes: axes, keepingAxes: keepingAxes)
        default: return invalid("expected the order 1, 2 or infinity but received \(order)", in: "norm")
        }
    }

    /// log Σ eˣ over axes, of all elements if `nil`, without overflow (`logsumexp`).
    ///
    /// −∞ where all elements are −∞ (also over an empty axis), with the gradient 0; +∞ where one is, whose own gradient is NaN.
    public func logSumExp(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        guard elementType.isFloatingPoint else { return invalid(expectedFloatingPoint, in: "logSumExp") }
        guard count > 0 else { return log(exp(self).sum(axes: axes, keepingAxes: keepingAxes)) }
        let largest = max(axes: axes, keepingAxes: true).stoppingGradient()
        let shift = Tensor.where(isFinite(largest), largest, 0)
        let sum = exp(self - shift).sum(axes: axes, keepingAxes: keepingAxes)
        // Where all elements are −∞ the logarithm is taken of 1, so that gradients stay finite.
        let isNothing = sum .== 0
        let logarithm = log(Tensor.where(isNothing, 1, sum)) + shift.reshaped(to: sum.shape)
        return Tensor.where(isNothing, -Double.infinity, logarithm)
    }

    private var expectedFloatingPoint: String {
        "expected a floating-point tensor but received \(node.type); convert it with cast(to: .float32)"
    }

    // MARK: Products of vectors

    /// The sum of products of two vectors' elements, [n] · [n] → [] (`dot`, `vdot`); integers keep their type.
    ///
    /// Of matrices NumPy's `dot` is `matmul` here.
    public func dot(_ other: Tensor) -> Tensor {
        guard problems.isEmpty, other.problems.isEmpty else { return self * other }
        guard rank == 1, other.rank == 1, count == other.count else {
            return invalid(
                "expected two vectors of one length but received shapes \(shape) and \(other.shape)", in: "dot")
        }
        return (self * other).sum()
    }

    /// All products of two vectors' elements, [n] × [m] → [n, m]: y[i, j] = a[i] · b[j] (`outer`).
    public func outer(_ other: Tensor) -> Tensor {
        guard problems.isEmpty, other.problems.isEmpty else { return self * other }
        guard rank == 1, other.rank == 1 else {
            return invalid("expected two vectors but received shapes \(shape) and \(other.shape)", in: "outer")
        }
        return expandingShape(at: 1) * other
    }
}
