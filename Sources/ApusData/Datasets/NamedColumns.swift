import ApusBackend
import ApusGraph
import ApusTensor

/// An input of the samples, by the name under which a model takes it; that of the one input of plain data is empty.
struct InputColumn: Sendable {
    let name: String
    var column: Column
    /// What the places of a table's rows are called, where the source knows it.
    var features: [String] = []
    /// How many different numbers there may be, where they are those of tokens.
    var vocabularySize: Int?
    /// Which of them fills texts that are shorter and stands for nothing, if one does.
    var padding: Int?
}

/// A target of the samples: labels of classes, or numbers.
struct TargetColumn: Sendable {
    let name: String
    var column: Column
    /// The name of each class, in the order of the labels; empty for numbers.
    var classNames: [String] = []
    /// The label that does not count, if there is one.
    var ignored: Int?

    var isClassification: Bool { column.row.elementType == .int32 }
    /// What stands where samples have no targets: no numbers for each.
    static let none = TargetColumn(
        name: "", column: Column(buffer: Buffer(byteCount: 0), row: TensorType([0], .float32)))

    /// Whether a sample has one label, not one for each of its positions.
    var isOneLabel: Bool { isClassification && column.row.shape.rank == 0 }

    /// The labels of some rows, one after the other.
    ///
    /// - Throws: what the reader of rows throws that are not in memory.
    func forEachLabel(of rows: some Sequence<Int>, _ body: (UnsafeBufferPointer<Int32>) throws -> Void) throws {
        let scratch = column.makeScratch()
        let count = column.row.shape.count
        for row in rows {
            let start = try column.pointer(row, scratch: scratch?.start).assumingMemoryBound(to: Int32.self)
            try body(UnsafeBufferPointer(start: start, count: count))
        }
    }

    /// The label of a row, of a target with one label a sample.
    func label(_ row: Int) throws -> Int {
        var label: Int32 = 0
        return try withUnsafeMutableBytes(of: &label) {
            Int(try column.pointer(row, scratch: $0.baseAddress).load(as: Int32.self))
        }
    }

    /// The number of labels of each class in some rows, those that do not count left out.
    func counts(of rows: [Int]) throws -> [Int] {
        var counts = Array(repeating: 0, count: classNames.count)
        let ignored = ignored ?? -1
        try forEachLabel(of: rows) { labels in
            for label in labels where label != ignored { counts[Int(label)] += 1 }
        }
        return counts
    }
}

extension String {
    /// The name of an input or target in messages, with a space before it; nothing where it has none.
    var asName: String { isEmpty ? "" : " \"\(self)\"" }
}
