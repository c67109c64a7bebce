import ApusBackend
import ApusGraph

/// What a tensor was computed from, of all that somebody still holds.
///
/// Evaluating a tensor forgets the operations, so that a loop that reads as it goes keeps no past. A gradient that would flow through
/// them says so because of this; without it, the gradient would be zero.
final class Ancestry: Sendable {
    private struct Reference: Sendable {
        weak var object: (any AnyObject & Sendable)?
    }

    private let members: [ObjectIdentifier: Reference]
    /// Those that have too many members to be copied.
    private let earlier: [Ancestry]
    /// The most members that are copied, so that what an evaluation costs does not grow with what went before.
    private static let limit = 1024

    private init(_ members: [ObjectIdentifier: Reference], earlier: [Ancestry]) {
        self.members = members
        self.earlier = earlier
    }

    /// Whether a tensor is among them.
    func contains(_ tensor: Tensor) -> Bool {
        let node = tensor.node
        let names: [(any AnyObject & Sendable)?] = [tensor.handle.reference, node.attachment, node]
        var (left, seen) = ([self], Set<ObjectIdentifier>())
        while let next = left.popLast() {
            guard seen.insert(ObjectIdentifier(next)).inserted else { continue }
            let isMember = names.contains { name in
                name.map { next.members[ObjectIdentifier($0)]?.object === $0 } ?? false
            }
            if isMember { return true }
            left += next.earlier
        }
        return false
    }

    /// Several together, and one member more.
    private static func union(_ parts: [Ancestry?], _ own: (any AnyObject & Sendable)?) -> Ancestry? {
        let distinct = Ancestry.distinct(parts.compactMap { $0 })
        if own == nil, distinct.count < 2 { return distinct.first }
        var members: [ObjectIdentifier: Reference] = [:]
        for part in distinct { members.merge(part.members.filter { $1.object != nil }) { $1 } }
        let earlier = Ancestry.distinct(distinct.flatMap(\.earlier))
        let isLarge = members.count > limit || earlier.count > limit / 64
        if isLarge { members = [:] }
        if let own { members[ObjectIdentifier(own)] = Reference(object: own) }
        return Ancestry(members, earlier: isLarge ? distinct : earlier)
    }

    private static func distinct(_ parts: [Ancestry]) -> [Ancestry] {
        var seen: Set<ObjectIdentifier> = []
        return parts.filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    /// What a leaf leads to: its memory, and what that was computed from.
    private static func of(leaf node: Node) -> Ancestry? {
        guard node.elementType.isFloatingPoint, let buffer = node.attachment as? Buffer else { return nil }
        return union([buffer.ancestry as? Ancestry], buffer)
    }

    /// The ancestries of the values of some expressions.
    static func of(_ outputs: [Node]) -> [Ancestry?] {
        // Of each node itself and what is before it; `own` leaves it out.
        var found: [Node: Ancestry?] = [:]
        func known(_ node: Node) -> Ancestry? { found[node] ?? of(leaf: node.knownValue ?? node) }
        var own: [Node: Ancestry?] = [:]
        let wanted = Set(outputs)
        for node in Node.sorted(outputs, leavingOut: { $0.knownValue != nil }) where node.letsGradientsThrough {
            if case .input = node.operation {
                found[node] = of(leaf: node)
            } else {
                let before = union(node.inputs.map(known), nil)
                if wanted.contains(node) { own[node] = before }
                let reference = node.attachment as? HandleReference
                found[node] = union([before], reference?.handle == nil ? nil : reference)
            }
        }
        return outputs.map { own[$0] ?? nil }
    }

    /// The ancestry of what was computed from some evaluated tensors in another way.
    static func of(results nodes: [Node]) -> Ancestry? { union(nodes.map { of(leaf: $0) }, nil) }

    /// The ancestries of the leaves that gradients of a value flow to.
    ///
    /// - Parameter targets: What the gradient is taken with respect to: leaves by themselves.
    static func ofLeaves(_ value: Node, except targets: [Node]) -> [Ancestry] {
        let targets = Set(targets)
        return Node.sorted([value], leavingOut: { !$0.letsGradientsThrough || targets.contains($0) })
            .compactMap { ($0.attachment as? Buffer)?.ancestry as? Ancestry }
    }
}

extension Node {
    /// Whether a gradient that arrives at the node may go on to its inputs.
    fileprivate var letsGradientsThrough: Bool { elementType.isFloatingPoint && operation != .stopGradient }
}
