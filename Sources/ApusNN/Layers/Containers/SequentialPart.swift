package import ApusGraph
package import ApusTensor

/// A place between two layers of a `Sequential`, or of one inside it: the number of the layer behind it, and so on inward.
package struct LayerPlace: Hashable, Sendable {
    /// The number of the layer behind the place; then its number inside that layer, if it lies there.
    let numbers: [Int]

    init(_ numbers: [Int]) {
        // Before the first layer inside a layer is before that layer.
        self.numbers = Array(numbers.prefix(1 + (numbers.lastIndex { $0 != 0 } ?? 0)))
    }
}

/// The layers of a `Sequential` before a place, or those behind it, at the paths that they have in the whole.
///
/// Both parts one after the other compute what the whole does: variables, random numbers and penalties are the same.
package struct SequentialPart: Layer {
    /// Which of both parts it is.
    package enum Side: Hashable, Sendable {
        /// The layers that come first.
        case before
        /// The others. They receive what those before yield, in the element type that it had there.
        ///
        /// With `rows`, several such tensors one behind the other for each sample: one for each size of batches.
        case behind(ElementType, rows: [Int]?)
    }

    private let whole: Sequential
    private let place: LayerPlace
    private let side: Side
    /// The variables of the other part: paths and descriptions. Their penalties count, as in the whole.
    private let paths: [String]
    private let descriptions: [VariableDescription]

    /// The layers before a place.
    package init(of whole: Sequential, before place: LayerPlace) {
        self.init(whole, place, .before, [])
    }

    /// The layers behind a place.
    ///
    /// - Parameters:
    ///   - variables: Those of the layers before, which are asked for first.
    ///   - type: The element type of what the layers before yield.
    ///   - rows: The sizes of batches, where a sample has a row of its own for each, [N, sizes, ...].
    package init(
        of whole: Sequential, behind place: LayerPlace, _ variables: [(path: String, description: VariableDescription)],
        _ type: ElementType, rows: [Int]? = nil
    ) {
        self.init(whole, place, .behind(type, rows: rows), variables)
    }

    private init(
        _ whole: Sequential, _ place: LayerPlace, _ side: Side,
        _ variables: [(path: String, description: VariableDescription)]
    ) {
        self.whole = whole
        self.place = place
        self.side = side
        paths = variables.map(\.path)
        descriptions = variables.map(\.description)
    }

    package func output(for x: Tensor, in context: Context) -> Tensor {
        for (path, description) in zip(paths, descriptions) { _ = context.trace.variable(path, description) }
        var x = x
        if case .behind(let type, let rows) = side {
            if let rows, x.rank > 1 { x = x[0..., rows.firstIndex(of: x.shape[0]) ?? 0] }
            x = x.cast(to: type)
        }
        return whole.output(for: x, in: context, through: calls)
    }

    /// What enters an inner part is one tensor.
    private var innerSide: Side {
        if case .behind(let type, _) = side { .behind(type, rows: nil) } else { .before }
    }

    /// The layers of the part; one that the place lies in is a part as well.
    private var calls: [(place: Int, layer: any Layer)] {
        let first = place.numbers[0]
        let inner = place.numbers.count > 1 ? whole.inner(at: first) : nil
        let divided = inner.map {
            [(first, SequentialPart($0, LayerPlace(Array(place.numbers.dropFirst())), innerSide, []) as any Layer)]
        }
        let isBefore = side == .before
        let range = isBefore ? 0..<first : (inner == nil ? first : first + 1)..<whole.layers.count
        let others = range.map { ($0, whole.layers[$0]) }
        return isBefore ? others + (divided ?? []) : (divided ?? []) + others
    }
}

extension SequentialPart: Container {
    var label: String { whole.label }
}

extension Sequential {
    /// The layers inside a layer that holds them one after the other and for itself.
    fileprivate func inner(at place: Int) -> Sequential? {
        switch layers[place] {
        case let layer as Sequential: layer
        case let named as Named where !named.isShared: named.layer as? Sequential
        default: nil
        }
    }

    /// The layers in the order in which they are called, those inside others one by one: where each begins, and its path.
    package var calls: [(place: LayerPlace, path: String, layer: any Layer)] { calls([], "") }

    private func calls(_ outer: [Int], _ path: String) -> [(place: LayerPlace, path: String, layer: any Layer)] {
        layers.indices.flatMap { index in
            let name = name(at: index)
            let inside = [path, name].filter { !$0.isEmpty }.joined(separator: "/")
            if let layers = inner(at: index), !layers.layers.isEmpty {
                return layers.calls(outer + [index], inside)
            }
            return [(LayerPlace(outer + [index]), inside, layers[index])]
        }
    }

    /// The place behind the last layer.
    package var end: LayerPlace { LayerPlace([layers.count]) }
}
