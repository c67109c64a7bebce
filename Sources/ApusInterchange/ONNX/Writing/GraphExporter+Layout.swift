import ApusGraph
import ApusTensor

// Values in the layouts that operators ask for.

extension GraphExporter {
    /// The name of a value in a layout.
    func name(_ value: ExportedValue, _ axes: [[Int]]) -> String {
        let layout = value.layout
        switch value.source {
        case .constant(let tensor, let node): return initializer(tensor, of: node, layout, axes)
        case .named(let name):
            if layout.axes == axes { return name }
            let order = axes.flatMap { $0 }
            if layout.axes.flatMap({ $0 }) == order { return regrouped(name, layout, layout.axes, axes) }
            return transposed(name, layout, axes, order)
        }
    }

    /// The value in a layout.
    func arranged(_ value: ExportedValue, _ axes: [[Int]]) -> ExportedValue {
        let name = name(value, axes)
        var layout = value.layout
        layout.axes = axes
        return ExportedValue(source: .named(name), layout: layout)
    }

    /// Moves the axes of ONNX; those that must be torn apart are divided before, those that belong together are joined after.
    private func transposed(_ name: String, _ layout: AxisLayout, _ axes: [[Int]], _ order: [Int]) -> String {
        var (name, blocks) = (name, layout.axes)
        // A part stays beside the one before it if it does in the end.
        var (run, runs) = (0, [Int: Int]())
        for group in blocks {
            run += 1
            for (place, part) in group.enumerated() {
                if place > 0, order.firstIndex(of: part)! != order.firstIndex(of: group[place - 1])! + 1 { run += 1 }
                runs[part] = run
            }
        }
        let divided = blocks.divided { runs[$0]! }
        if divided != blocks {
            let parted = divided.filter { !$0.isEmpty }
            name = regrouped(name, layout, blocks, parted)
            blocks = parted
        }
        var rest = Array(blocks.indices)
        var permutation: [Int] = []
        // A block that goes on into the next axis covers the first parts of that as well.
        var ahead = 0
        for wanted in axes {
            if wanted.isEmpty {
                if let free = rest.firstIndex(where: { blocks[$0].isEmpty }) {
                    permutation.append(rest.remove(at: free))
                }
                continue
            }
            var covered = ahead
            while covered < wanted.count, let next = rest.firstIndex(where: { blocks[$0].first == wanted[covered] }) {
                covered += blocks[rest[next]].count
                permutation.append(rest.remove(at: next))
            }
            ahead = covered - wanted.count
        }
        permutation += rest
        name = add("Transpose", [name], ["perm": .integers(permutation)])
        let result = permutation.map { blocks[$0] }
        return result == axes ? name : regrouped(name, layout, result, axes)
    }

    /// Joins and divides axes of ONNX without moving elements.
    private func regrouped(_ name: String, _ layout: AxisLayout, _ from: [[Int]], _ to: [[Int]]) -> String {
        let (old, new) = (from.filter { !$0.isEmpty }, to.filter { !$0.isEmpty })
        if from == to { return name }
        if to.count == 2, from.count > 2, to[0] == from[0], !to[0].isEmpty {
            return add("Flatten", [name], ["axis": .integer(1)])
        }
        if old == new, to.count > from.count, let added = to.places(lackingIn: from) {
            return add("Unsqueeze", [name, numbers(added)])
        }
        if old == new, to.count < from.count, let removed = from.places(lackingIn: to) {
            return add("Squeeze", [name, numbers(removed)])
        }
        let extents = to.enumerated().map { place, group -> Int in
            switch layout.extent(group) {
            case .fixed(let extent): extent
            // 0 stands for the extent at this place, −1 for what remains.
            case .samples: from.indices.contains(place) && from[place] == group ? 0 : -1
            }
        }
        return add("Reshape", [name, numbers(extents)])
    }

    /// The value with the axes of ONNX as those of Apus, each of one part.
    func natural(_ value: ExportedValue) -> ExportedValue {
        var value = value.isConstant ? value : arranged(value, value.layout.natural)
        let shape = value.layout.shape
        if value.layout == AxisLayout(shape) { return value }
        guard case .constant(let tensor, let node) = value.source else {
            value.layout = AxisLayout(shape)
            return value
        }
        // A constant is stored in the new order, and belongs to the node in that order.
        let (layout, axes) = (value.layout, value.layout.natural)
        let stored = layout.axes.flatMap { $0 }
        let permutation = axes.flatMap { $0 }.map { stored.firstIndex(of: $0)! }
        let parts = Shape(stored.map { layout.parts[$0].factor })
        let moved = tensor.reshaped(to: parts).transposed(permutation).reshaped(to: Shape(shape.map(\.factor)))
        return ExportedValue(source: .constant(moved, of: Node(.stopGradient, [node])), layout: AxisLayout(shape))
    }

    /// The value with some of Apus's axes as axes of ONNX of their own, and where those are.
    func separated(_ value: ExportedValue, _ axes: [Int]) -> (value: ExportedValue, places: [Int]) {
        let layout = value.layout
        // One of extent 1 has no part to be found by.
        guard axes.allSatisfy({ layout.counts[$0] > 0 }), !value.isConstant else {
            let value = natural(value)
            return (arranged(value, value.layout.natural), axes)
        }
        let wanted = axes.map(layout.group)
        var result: [[Int]] = []
        for group in layout.axes.divided(by: { part in wanted.firstIndex { $0.contains(part) } }) {
            if let first = group.first, let own = wanted.first(where: { $0.contains(first) }) {
                if !result.contains(own) { result.append(own) }
            } else {
                result.append(group)
            }
        }
        return (arranged(value, result), wanted.map { result.firstIndex(of: $0)! })
    }
}

extension [[Int]] {
    /// The places of empty groups that another list of groups lacks; `nil` where the lists differ otherwise.
    fileprivate func places(lackingIn other: [[Int]]) -> [Int]? {
        var (places, next) = ([Int](), 0)
        for (place, group) in enumerated() {
            if next < other.count, other[next] == group {
                next += 1
            } else if group.isEmpty {
                places.append(place)
            } else {
                return nil
            }
        }
        return next == other.count ? places : nil
    }
}
