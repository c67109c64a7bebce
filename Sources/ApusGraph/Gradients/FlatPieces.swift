/// What of a flat tensor may differ from 0: the tensor is the sum of its pieces, each from a place on.
///
/// A gradient that comes from slices lies between zeros. Who reads it in parts finds them here without the zeros.
struct FlatPieces {
    struct Piece {
        /// The first element.
        let start: Int
        /// Of any shape, read in row-major order.
        let node: Node

        var range: Range<Int> { start..<(start +| node.shape.count) }
    }

    private(set) var pieces: [Piece] = []

    private init(_ pieces: [Piece]) { self.pieces = pieces }

    /// The pieces of a tensor, read in row-major order.
    init(_ whole: Node) {
        var rest = [Piece(start: 0, node: whole)]
        while let piece = rest.popLast() {
            let node = piece.node
            switch node.operation {
            case .constant(let value, _) where value.double == 0: continue
            case .reshape: rest.append(Piece(start: piece.start, node: node.inputs[0]))
            case .binary(.add): rest += node.inputs.reversed().map { Piece(start: piece.start, node: $0) }
            case .pad(let padding, .floating(0)) where padding.dropFirst().allSatisfy({ $0.low == 0 && $0.high == 0 }):
                let row = node.shape.dimensions.dropFirst().reduce(1, *|)
                rest.append(Piece(start: piece.start + padding[0].low * row, node: node.inputs[0]))
            case .concatenate(axis: 0):
                var start = piece.start
                for input in node.inputs {
                    rest.append(Piece(start: start, node: input))
                    start += input.shape.count
                }
            default: pieces.append(piece)
            }
        }
    }

    var isEmpty: Bool { pieces.isEmpty }

    /// The pieces of a part of the tensor.
    func part(_ range: Range<Int>) -> FlatPieces {
        FlatPieces(
            pieces.compactMap { piece in
                let common = piece.range.clamped(to: range)
                guard !common.isEmpty else { return nil }
                var node = piece.node
                if common != piece.range {
                    let flat = node.reshape([node.shape.count])
                    node = Node(
                        .slice([AxisSlice(start: common.lowerBound - piece.start, count: common.count)]), [flat])
                }
                return Piece(start: common.lowerBound - range.lowerBound, node: node)
            })
    }

    /// The pieces that lie in a part of the tensor, and the others.
    func divided(_ range: Range<Int>) -> (within: FlatPieces, others: FlatPieces) {
        let isWithin = { (piece: Piece) in piece.range.clamped(to: range) == piece.range }
        return (FlatPieces(pieces.filter(isWithin)), FlatPieces(pieces.filter { !isWithin($0) }))
    }

    /// The tensor in a shape; zeros if there are no pieces.
    func joined(_ shape: Shape, _ type: ElementType) -> Node {
        let terms = pieces.map { piece in
            guard piece.node.shape.count != shape.count else { return piece.node.reshape(shape) }
            let padding = AxisPadding(low: piece.start, high: shape.count - piece.range.upperBound)
            return Node(
                .pad([padding], value: .floating(0)), [piece.node.reshape([piece.node.shape.count])]
            ).reshape(shape)
        }
        guard let first = terms.first else { return .constant(0, shape, type) }
        return terms.dropFirst().reduce(first, +)
    }
}
