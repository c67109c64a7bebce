import ApusGraph
import CKernels

/// A maximum pooling that notes where the maxima were, or its gradient, which need not look for them again; so the image need not
/// be kept.
struct IndexedPooling: Fusion {
    static let name = "indexed pooling"

    /// The node of the image.
    var image: Int
    var geometry: PoolGeometry
    var isGradient: Bool

    static func find(in units: inout Units) {
        let graph = units.graph
        for number in graph.nodes.indices where units.isLeft(number) {
            guard case .maxPool(let geometry) = graph.nodes[number].operation,
                // A position takes a byte.
                geometry.window.height * geometry.window.width <= 256,
                graph.nodes[number].elementType != .float64, graph.nodes[number].shape.count > 0
            else { continue }
            let image = graph.inputs(number)[0]
            let gradients = graph.users[image].filter { user in
                guard case .maxPoolGradient(geometry) = graph.nodes[user].operation else { return false }
                return graph.inputs(user)[0] == image && units.isLeft(user)
            }
            guard !gradients.isEmpty else { continue }
            units.add(IndexedPooling(image: image, geometry: geometry, isGradient: false), [number])
            for gradient in gradients {
                units.add(IndexedPooling(image: image, geometry: geometry, isGradient: true), [gradient])
            }
        }
    }

    private var maxima: SideValue { .maxima(image: image, geometry) }

    var notes: [SideValue] { isGradient ? [] : [maxima] }
    var reads: [SideValue] { isGradient ? [maxima] : [] }

    func lower(_ nodes: [Int], into lowering: inout Lowering) {
        let number = nodes[0]
        let node = lowering.graph.nodes[number]
        let parameters = apus_pool_parameters(geometry, image: lowering.graph.nodes[image].type)
        if isGradient {
            let indices = lowering.noted(maxima)!
            let g = lowering.value(lowering.graph.inputs(number)[1])
            lowering.step(
                "maxPoolGradient", apus_max_pool_indexed_gradient,
                [.read(g), .read(indices), .write(lowering.result(number))], parameters, cost: node.cost)
        } else {
            let indices = lowering.note(maxima, byteCount: node.shape.count)
            let x = lowering.value(image)
            lowering.step(
                "maxPool+indices", apus_max_pool_indexed,
                [.read(x), .write(lowering.result(number)), .write(indices)], parameters, cost: node.cost)
        }
    }
}

extension Units {
    /// Whether a node is left to run by itself, with rows in memory.
    fileprivate func isLeft(_ number: Int) -> Bool { unitOf[number] == nil && !lanes.contains(number) }
}
