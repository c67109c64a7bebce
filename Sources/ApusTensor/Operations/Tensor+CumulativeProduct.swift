import ApusGraph

extension Tensor {
    /// Products of the elements up to each one along an axis (`cumprod`); without the element itself if exclusive, from the end if
    /// reverse.
    ///
    /// Of n elements in ⌈log₂ n⌉ products of the whole tensor, so that gradients are exact beside zeros, too.
    public func cumulativeProduct(axis: Int = -1, exclusive: Bool = false, reverse: Bool = false) -> Tensor {
        guard let place = place(of: axis) else { return missing(axis, in: "cumulativeProduct") }
        if reverse {
            return reversed(axes: [place]).cumulativeProduct(axis: place, exclusive: exclusive).reversed(axes: [place])
        }
        var product = exclusive ? movedBack(by: 1, axis: place) : self
        // After a step each element is the product of twice as many.
        var distance = 1
        while distance < shape[place] {
            product = product * product.movedBack(by: distance, axis: place)
            distance *= 2
        }
        return product
    }

    /// The elements further back along an axis, with ones in front.
    private func movedBack(by distance: Int, axis: Int) -> Tensor {
        let kept = Swift.max(0, shape[axis] - distance)
        let slices = shape.dimensions.enumerated().map { AxisSlice(start: 0, count: $0 == axis ? kept : $1) }
        let padding = shape.dimensions.enumerated().map { (low: $0 == axis ? $1 - kept : 0, high: 0) }
        return Tensor(.slice(slices), [node]).padded(padding, value: 1)
    }
}
