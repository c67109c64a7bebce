import ApusGraph
import CKernels

extension Lowering {
    /// A pooling or its gradient, by itself.
    mutating func pool(_ number: Int) {
        if units.lanes.contains(number) { return lanesPool(number) }
        let node = graph.nodes[number]
        switch node.operation {
        case .maxPool(let geometry):
            plainStep(number, apus_max_pool, apus_pool_parameters(geometry, image: node.inputs[0].type))
        case .maxPoolSelect(let geometry):
            plainStep(number, apus_max_pool_select, apus_pool_parameters(geometry, image: node.inputs[0].type))
        case .averagePool(let geometry):
            plainStep(number, apus_average_pool, apus_pool_parameters(geometry, image: node.inputs[0].type))
        case .maxPoolGradient(let geometry):
            let parameters = apus_pool_parameters(geometry, image: node.type)
            plainStep(
                number, apus_max_pool_gradient, parameters,
                scratch: Int(withUnsafePointer(to: parameters, apus_pool_gradient_scratch_bytes)))
        case .averagePoolGradient(let geometry, _):
            let parameters = apus_pool_parameters(geometry, image: node.type)
            plainStep(
                number, apus_average_pool_gradient, parameters,
                scratch: Int(withUnsafePointer(to: parameters, apus_pool_gradient_scratch_bytes)))
        default: preconditionFailure("\(node.operation.name) is not a pooling")
        }
    }
}

extension apus_pool_parameters {
    init(_ geometry: PoolGeometry, image: TensorType) {
        let shape = image.shape
        let padding = geometry.effectivePadding(image: ImageSize(height: shape[1], width: shape[2]))
        self.init(
            samples: Int64(shape[0]), height: Int64(shape[1]), width: Int64(shape[2]), channels: Int64(shape[3]),
            window_height: Int64(geometry.window.height), window_width: Int64(geometry.window.width),
            stride_height: Int64(geometry.strides.height), stride_width: Int64(geometry.strides.width),
            pad_top: Int64(padding.top), pad_left: Int64(padding.left), pad_bottom: Int64(padding.bottom),
            pad_right: Int64(padding.right), type: Int64(image.elementType.rawValue),
            count_padding: geometry.countsPadding ? 1 : 0)
    }
}
