import Apus

extension Sequential {
    /// The same network with fewer channels: the filters of all convolutions and the units of the dense layers between are divided
    /// by a number and rounded down. The head keeps its classes, and no dense layer becomes narrower than it.
    func thinned(by divisor: Int, classes: Int = 10) -> Sequential {
        func thinned(_ whole: Sequential) -> Sequential { Sequential(whole.layers.map(thinned)) }
        func thinned(_ layer: any Layer) -> any Layer {
            switch layer {
            case var convolution as Conv2D:
                convolution.filters = max(1, convolution.filters / divisor)
                return convolution
            case var dense as Dense where dense.units > classes:
                dense.units = max(classes, dense.units / divisor)
                return dense
            case let whole as Sequential: return thinned(whole)
            case var named as Named:
                named.layer = thinned(named.layer)
                return named
            case var residual as Residual:
                residual.body = thinned(residual.body)
                residual.shortcut = residual.shortcut.map { thinned($0) }
                return residual
            case var parallel as Parallel:
                parallel.branches = parallel.branches.map { thinned($0) }
                return parallel
            default: return layer
            }
        }
        return divisor == 1 ? self : thinned(self)
    }
}
