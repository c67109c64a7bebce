package import ApusGraph

extension Buffer {
    /// One number in every element.
    package convenience init(repeating scalar: Scalar, _ type: TensorType) {
        self.init(scalars: repeatElement(scalar, count: type.shape.count), type.elementType)
    }

    /// One number.
    package convenience init(scalar: Scalar, _ type: ElementType) {
        self.init(scalars: CollectionOfOne(scalar), type)
    }

    /// Numbers, rounded to the element type.
    package convenience init(scalars: some Collection<Scalar>, _ type: ElementType) {
        self.init(byteCount: scalars.count *| type.byteCount)
        for (index, scalar) in scalars.enumerated() {
            switch type {
            case .float32: mutableBytes.storeBytes(of: Float(scalar.double), toByteOffset: 4 * index, as: Float.self)
            case .bfloat16:
                let bits = BFloat16(Float(scalar.double)).bitPattern
                mutableBytes.storeBytes(of: bits, toByteOffset: 2 * index, as: UInt16.self)
            case .float64: mutableBytes.storeBytes(of: scalar.double, toByteOffset: 8 * index, as: Double.self)
            case .int32:
                mutableBytes.storeBytes(of: Int32(clamping: scalar.integer), toByteOffset: 4 * index, as: Int32.self)
            case .int64: mutableBytes.storeBytes(of: scalar.integer, toByteOffset: 8 * index, as: Int64.self)
            case .uint8:
                mutableBytes.storeBytes(of: UInt8(clamping: scalar.integer), toByteOffset: index, as: UInt8.self)
            case .bool: mutableBytes.storeBytes(of: scalar.double != 0 ? 1 : 0, toByteOffset: index, as: UInt8.self)
            }
        }
    }
}
