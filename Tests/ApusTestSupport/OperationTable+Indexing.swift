import ApusGraph

extension OperationTable {
    static var indexing: [OperationRow] {
        [
            OperationRow("gather rows", [.floating([7, 5]), .integers([11], 0...6)], isExact: true) { x, _ in
                Node(.gather(axis: 0), x)
            },
            OperationRow("gather last axis", [.floating([3, 17]), .integers([5], 0...16, .int64)], isExact: true) {
                x, _ in
                Node(.gather(axis: 1), x)
            },
            OperationRow("gather by matrix", [.floating([2, 5, 3]), .integers([2, 4], 0...4)], isExact: true) { x, _ in
                Node(.gather(axis: 1), x)
            },
            OperationRow("gather by scalar", [.floating([5, 3]), .integers([], 0...4)], isExact: true) { x, _ in
                Node(.gather(axis: 0), x)
            },
            OperationRow("gather nothing", [.floating([5, 3]), .integers([0], 0...4)], isExact: true) { x, _ in
                Node(.gather(axis: 0), x)
            },
            OperationRow(
                "gather uint8 by uint8", [.integers([9], 0...255, .uint8), .integers([13], 0...8, .uint8)],
                isExact: true
            ) {
                x, _ in Node(.gather(axis: 0), x)
            },
            OperationRow("scatterAdd rows", [.floating([11, 5]), .integers([11], 0...6)]) { x, _ in
                Node(.scatterAdd(axis: 0, size: 7), x)
            },
            OperationRow("scatterAdd last axis", [.floating([3, 13]), .integers([13], 0...4, .int64)]) { x, _ in
                Node(.scatterAdd(axis: 1, size: 5), x)
            },
            OperationRow("scatterAdd by matrix", [.floating([2, 2, 4, 3]), .integers([2, 4], 0...4)]) { x, _ in
                Node(.scatterAdd(axis: 1, size: 5), x)
            },
            OperationRow("scatterAdd by scalar", [.floating([3]), .integers([], 0...4)]) { x, _ in
                Node(.scatterAdd(axis: 0, size: 5), x)
            },
            OperationRow("scatterAdd nothing", [.floating([0, 3]), .integers([0], 0...4)]) { x, _ in
                Node(.scatterAdd(axis: 0, size: 5), x)
            },
            OperationRow("scatterAdd int32", [.integers([17], -9...9), .integers([17], 0...4)], isExact: true) { x, _ in
                Node(.scatterAdd(axis: 0, size: 5), x)
            },
            OperationRow("gatherAlong rows", [.floating([5, 3]), .integers([7, 3], 0...4)], isExact: true) { x, _ in
                Node(.gatherAlong(axis: 0), x)
            },
            OperationRow(
                "gatherAlong last axis", [.floating([3, 17]), .integers([3, 2], 0...16, .int64)], isExact: true
            ) {
                x, _ in Node(.gatherAlong(axis: 1), x)
            },
            OperationRow("gatherAlong middle", [.floating([2, 5, 3]), .integers([2, 4, 3], 0...4)], isExact: true) {
                x, _ in
                Node(.gatherAlong(axis: 1), x)
            },
            OperationRow("scatterAddAlong rows", [.floating([7, 3]), .integers([7, 3], 0...4)]) { x, _ in
                Node(.scatterAddAlong(axis: 0, size: 5), x)
            },
            OperationRow("scatterAddAlong last axis", [.floating([3, 7]), .integers([3, 7], 0...10, .int64)]) { x, _ in
                Node(.scatterAddAlong(axis: 1, size: 11), x)
            },
            OperationRow("scatterAddAlong middle", [.floating([2, 4, 3]), .integers([2, 4, 3], 0...4)]) { x, _ in
                Node(.scatterAddAlong(axis: 1, size: 5), x)
            },
            OperationRow("oneHot [17]", [.integers([17], 0...4)], isExact: true) { x, type in
                Node(.oneHot(classes: 5, type), x)
            },
            OperationRow("oneHot [2, 3] of int64", [.integers([2, 3], 0...6, .int64)], isExact: true) { x, type in
                Node(.oneHot(classes: 7, type), x)
            },
            OperationRow("oneHot scalar to int32", [.integers([], 0...4, .uint8)], isExact: true) { x, _ in
                Node(.oneHot(classes: 5, .int32), x)
            },
        ]
    }
}
