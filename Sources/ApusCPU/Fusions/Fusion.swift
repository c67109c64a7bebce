/// A way to compute several nodes together: which nodes, and by which steps.
///
/// A fusion is a value that describes the nodes of one unit. Each type has a file of its own and a line in `Compiler.fusions`.
protocol Fusion: Sendable {
    /// The name in reports.
    static var name: String { get }

    /// Finds the nodes that can be computed in this way among those that no unit has yet, and adds a unit for each find.
    static func find(in units: inout Units)

    /// What the unit wants to know from other units besides nodes' values; it runs after them.
    var reads: [SideValue] { get }
    /// What the unit can note besides its nodes' values, if another unit reads it.
    var notes: [SideValue] { get }

    /// Adds the steps that compute the unit's nodes.
    func lower(_ nodes: [Int], into lowering: inout Lowering)
}

extension Fusion {
    var reads: [SideValue] { [] }
    var notes: [SideValue] { [] }
}

/// Nodes that are computed together.
struct Unit {
    var fusion: any Fusion
    /// The numbers of its nodes, ascending.
    var nodes: [Int]
}
