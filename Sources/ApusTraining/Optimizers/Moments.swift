import ApusTensor
import Foundation

/// What Adam and its relatives share: exponentially weighted means of gradients and of their squares.
enum Moments {
    static let slots = [OptimizerSlot("mean"), OptimizerSlot("variance")]

    /// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²
    static func updated(
        _ slots: [Tensor], _ gradient: Tensor, _ beta1: Double, _ beta2: Double
    ) -> (mean: Tensor, variance: Tensor) {
        // In Double: as an expression of tensors, 1 − 0.999 would lose four digits.
        let (share1, share2) = (1 - beta1, 1 - beta2)
        return (slots[0] * beta1 + gradient * share1, slots[1] * beta2 + square(gradient) * share2)
    }

    /// Adam's step: −scale · m / (√v + ε), v the greatest so far where a third slot holds it.
    static func adam(
        _ variable: Tensor, _ gradient: Tensor, _ slots: [Tensor], _ scale: Tensor, _ beta1: Double, _ beta2: Double,
        _ epsilon: Double
    ) -> (variable: Tensor, slots: [Tensor]) {
        let (mean, variance) = updated(slots, gradient, beta1, beta2)
        let greatest = slots.count > 2 ? [maximum(slots[2], variance)] : []
        return (variable - mean * scale / (sqrt(greatest.first ?? variance) + epsilon), [mean, variance] + greatest)
    }

    static func slots(amsgrad: Bool) -> [OptimizerSlot] { slots + (amsgrad ? [OptimizerSlot("maximum")] : []) }

    /// βᵗ
    static func power(_ beta: Double, _ step: Int) -> Double { pow(beta, Double(step)) }

    /// √(1 − β₂ᵗ) / (1 − β₁ᵗ)
    static func correction(_ beta1: Double, _ beta2: Double, _ step: Int) -> Double {
        (1 - power(beta2, step)).squareRoot() / (1 - power(beta1, step))
    }

    static func check(_ check: inout OptimizerCheck, _ beta1: Double, _ beta2: Double) {
        check.expectShare("beta1", beta1)
        check.expectShare("beta2", beta2)
    }
}
