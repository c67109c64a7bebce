/// What a pickle of tensors is made of.
///
/// Containers are numbers of nodes in the machine, so that a pickle may nest and share them as it likes: nothing here is recursive.
enum PickleValue {
    case none
    case bool(Bool)
    case int(Int)
    case float
    case text(String)
    /// Bytes, devices and the like: there, and of no further meaning here.
    case other
    case global(PickleGlobal)
    /// The number of a node.
    case node(Int)
    /// The number of a storage.
    case storage(Int)
    /// The number of a tensor.
    case tensor(Int)
}

/// A container of a pickle.
struct PickleNode {
    enum Kind { case tuple, list, dictionary }

    var kind: Kind
    /// Those of a dictionary are keys and values in turn.
    var items: [PickleValue]
}

/// A piece of memory that tensors lie in.
struct PickleStorage {
    var type: PyTorchType
    var key: String
    /// The number of elements.
    var count: Int
    /// The element with which it begins in the memory of that key.
    var start = 0
}

/// A tensor: a view of a storage.
struct PickleTensor {
    var storage: PickleStorage
    /// Its first element in the storage.
    var start: Int
    var dimensions: [Int]
    /// Elements of the storage from one place to the next, along each axis.
    var strides: [Int]
}

/// What a pickle may name: nothing else of what Python could import is ever looked for.
enum PickleGlobal: Hashable {
    /// A dictionary, and what counts as one.
    case dictionary
    case size
    case device
    /// A type of storage.
    case storage(PyTorchType)
    /// An element type.
    case type(PyTorchType)
    /// `_rebuild_tensor`, `_rebuild_tensor_v2` and `_rebuild_tensor_v3`.
    case tensor(version: Int)
    case parameter

    /// `nil` for all that is refused.
    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"), ("collections", "Counter"): self = .dictionary
        case ("torch", "Size"): self = .size
        case ("torch", "device"): self = .device
        case ("torch._utils", "_rebuild_tensor"): self = .tensor(version: 1)
        case ("torch._utils", "_rebuild_tensor_v2"): self = .tensor(version: 2)
        case ("torch._utils", "_rebuild_tensor_v3"): self = .tensor(version: 3)
        case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"):
            self = .parameter
        case ("torch.storage", "UntypedStorage"): self = .storage(.bytes)
        case ("torch", _):
            if let type = PyTorchType(storage: name) {
                self = .storage(type)
            } else if let type = PyTorchType(rawValue: name) {
                self = .type(type)
            } else {
                return nil
            }
        default: return nil
        }
    }
}
