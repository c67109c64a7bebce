import ApusGraph

extension Tensor {
    // MARK: Parts

    /// The most equal parts; so a wrong number does not fill the memory.
    private static let mostParts = 1 << 20

    /// Equal parts along an axis (`split`, `array_split` where it divides; PyTorch's `chunk`).
    ///
    /// PyTorch's `split` takes the size of the parts in place of their number. A number that does not divide the axis makes as
    /// many tensors that carry the problem.
    public func split(into count: Int, axis: Int = 0) -> [Tensor] {
        guard (1...Tensor.mostParts).contains(count) else {
            return [invalid("expected 1 to \(Tensor.mostParts) parts but received \(count)", in: "split")]
        }
        guard let place = place(of: axis) else { return Array(repeating: missing(axis, in: "split"), count: count) }
        guard shape[place] % count == 0 else {
            let problem = invalid(
                "expected a number of parts that divides the \(shape[place]) elements of axis \(axis) of shape \(shape) "
                    + "but received \(count); use split(sizes:axis:)",
                in: "split")
            return Array(repeating: problem, count: count)
        }
        return parts(Array(repeating: shape[place] / count, count: count), axis: place)
    }

    /// Parts of given sizes along an axis, in order (PyTorch's `split`).
    ///
    /// `split` of NumPy and JAX takes the places of the cuts in place of sizes. Sizes that are not those of the axis together make
    /// as many tensors that carry the problem.
    public func split(sizes: [Int], axis: Int = 0) -> [Tensor] {
        func problem(_ tensor: Tensor) -> [Tensor] { Array(repeating: tensor, count: Swift.max(1, sizes.count)) }
        guard let place = place(of: axis) else { return problem(missing(axis, in: "split")) }
        guard sizes.allSatisfy({ $0 >= 0 }) else {
            return problem(invalid("sizes can't be negative, received \(sizes)", in: "split"))
        }
        guard sizes.reduce(0, +|) == shape[place] else {
            return problem(
                invalid(
                    "expected sizes of \(shape[place]) together, the extent of axis \(axis) of shape \(shape), "
                        + "but received \(sizes)",
                    in: "split"))
        }
        return parts(sizes, axis: place)
    }

    /// The tensors of one index each along an axis, which vanishes (PyTorch's `unbind`, `unstack` of NumPy and JAX).
    ///
    /// They are what `stacked` joins. An axis that is missing makes one tensor that carries the problem.
    public func unstacked(axis: Int = 0) -> [Tensor] {
        guard let place = place(of: axis) else { return [missing(axis, in: "unstacked")] }
        guard shape[place] <= Tensor.mostParts else {
            return [invalid("expected at most \(Tensor.mostParts) tensors, not \(shape[place])", in: "unstacked")]
        }
        return parts(Array(repeating: 1, count: shape[place]), axis: place).map { $0.squeezingShape(at: place) }
    }

    private func parts(_ sizes: [Int], axis: Int) -> [Tensor] {
        var slices = shape.dimensions.map { AxisSlice(start: 0, count: $0) }
        slices[axis].count = 0
        return sizes.map { size in
            slices[axis] = AxisSlice(start: slices[axis].start + slices[axis].count, count: size)
            return Tensor(.slice(slices), [node])
        }
    }

    // MARK: Repetition

    /// Each element `count` times in a row along an axis (`repeat` of NumPy and JAX, `repeat_interleave` of PyTorch).
    ///
    /// [1, 2] twice is [1, 1, 2, 2]. PyTorch's `repeat` is `tiled`.
    public func repeated(_ count: Int, axis: Int) -> Tensor {
        guard let place = place(of: axis) else { return missing(axis, in: "repeated") }
        guard count >= 0 else { return invalid("a count can't be negative, received \(count)", in: "repeated") }
        var (wide, joined) = (shape.dimensions, shape.dimensions)
        wide.insert(count, at: place + 1)
        joined[place] = joined[place] *| count
        return expandingShape(at: place + 1).broadcast(to: Shape(wide)).reshaped(to: Shape(joined))
    }

    /// The whole tensor several times along each axis (`tile`, PyTorch's `repeat`).
    ///
    /// [1, 2] twice is [1, 2, 1, 2]. Counts and axes are aligned at the last one; missing counts are 1, missing axes are added in
    /// front with extent 1.
    public func tiled(_ counts: [Int]) -> Tensor {
        guard counts.allSatisfy({ $0 >= 0 }) else {
            return invalid("counts can't be negative, received \(counts)", in: "tiled")
        }
        let extents = Array(repeating: 1, count: Swift.max(0, counts.count - rank)) + shape.dimensions
        let counts = Array(repeating: 1, count: extents.count - counts.count) + counts
        // An axis of its own in front of each one that is repeated.
        let pairs = Array(zip(counts, extents))
        let narrow = pairs.flatMap { $0 == 1 ? [$1] : [1, $1] }
        let wide = pairs.flatMap { $0 == 1 ? [$1] : [$0, $1] }
        return reshaped(to: Shape(narrow)).broadcast(to: Shape(wide)).reshaped(to: Shape(pairs.map { $0 *| $1 }))
    }

    /// The elements moved on by a number of places along an axis, the last ones to the front (`roll`).
    ///
    /// [1, 2, 3] becomes [3, 1, 2] by 1 and [2, 3, 1] by −1.
    public func rolled(by shift: Int, axis: Int) -> Tensor {
        guard let place = place(of: axis) else { return missing(axis, in: "rolled") }
        let extent = shape[place]
        let moved = extent == 0 ? 0 : (shift % extent + extent) % extent
        guard moved > 0 else { return self }
        let parts = parts([extent - moved, moved], axis: place)
        return Tensor.concatenated([parts[1], parts[0]], axis: place)
    }

    // MARK: Axes

    /// The place of an axis, negative ones counted from the end; `nil` if the shape lacks it.
    func place(of axis: Int) -> Int? {
        let place = normalized(axis)
        return shape.dimensions.indices.contains(place) ? place : nil
    }

    func missing(_ axis: Int, in operation: String) -> Tensor {
        invalid("axis \(axis) is outside the shape \(shape), which has \(rank) axes", in: operation)
    }
}
