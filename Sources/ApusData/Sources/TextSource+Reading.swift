import ApusConfiguration
import ApusFormats
import ApusGraph
import ApusTensor
import ApusText

extension TextSource {
    /// The most tokens of a sequence whose length is not given.
    private static let lengthLimit = 512

    /// Reads the texts and what is predicted; the texts become numbers when the training part is known.
    public func read(_ request: SampleRequest) throws -> RawSamples {
        if let problem = settingProblem { throw ConfigurationError("data.source.text: \(problem)") }
        let (texts, targets) = try textsAndTargets(request)
        var source = self
        if case .file(let path) = tokenizer { source.tokenizer = .file(request.path(path)) }
        // What stands in the place of the texts until then.
        let placeholder = InputColumn(name: "", column: Column.numbers(Array(repeating: 0, count: texts.count), [1]))
        var raw = RawSamples(
            Dataset(
                columns: [placeholder], [targets], rows: Array(texts.indices), preprocessing: .identity))
        raw.texts = RawTexts(texts: texts, source: source)
        return raw
    }

    private func textsAndTargets(_ request: SampleRequest) throws -> (texts: [String], targets: TargetColumn) {
        if let folder {
            let folder = try TextFolder(try request.folder(folder, holding: "one sub-folder of .txt files a class"))
            return (
                try folder.paths.map { try TextFile.whole($0) },
                TargetColumn(name: "", column: Column.labels(folder.labels), classNames: folder.classNames)
            )
        }
        let path = request.path(file ?? "")
        guard let column else { return (try TextFile.lines(path), .none) }
        var columns = try CSVTable.texts(path, columns: [column] + (target.map { [$0] } ?? []))
        let texts = columns.removeFirst()
        guard !texts.isEmpty else {
            throw DatasetError(
                .malformed, "\(path): the table has no rows", remedy: "Give a table with a row a sample.")
        }
        guard let target, let cells = columns.first else { return (texts, .none) }
        if let row = cells.firstIndex(where: \.isEmpty) {
            throw DatasetError(
                .malformed, "\(path): the target \(target) is missing in row \(row + 1)",
                expected: "a value in every row",
                remedy: "Remove the row.")
        }
        return (texts, try targetColumn(cells, target, path))
    }

    private func targetColumn(_ cells: [String], _ target: String, _ path: String) throws -> TargetColumn {
        guard task == .classification else {
            let numbers = try cells.enumerated().map { row, cell in
                guard let number = Float(cell), number.isFinite else {
                    throw DatasetError(
                        .malformed, "\(path): the target \(target) of row \(row + 1) is \(cell.quoted)",
                        expected: "a finite number, for task: regression",
                        remedy: "Correct the cell; to predict classes, give task: classification.")
                }
                return number
            }
            return TargetColumn(name: "", column: Column.numbers(numbers, [1]))
        }
        var codes: [Int] = []
        var (names, known): ([String], [String: Int]) = ([], [:])
        for cell in cells {
            let code = known[cell] ?? names.count
            if code == names.count {
                known[cell] = code
                names.append(cell)
            }
            codes.append(code)
        }
        guard names.count < 21 || 4 * names.count <= 3 * cells.count else {
            throw DatasetError(
                .malformed, "\(path): nearly every row has another class in the column \(target)",
                expected: "classes that many rows share", received: "\(names.count) classes in \(cells.count) rows",
                remedy: "To predict numbers, give task: regression; else name another target.")
        }
        let (sorted, places) = ClassNames.sorted(names)
        return TargetColumn(name: "", column: Column.labels(codes.map { places[$0] }), classNames: sorted)
    }

    /// The tokenizer fitted to some texts, and what becomes of its tokens.
    func reading(fittedTo texts: [String]) throws -> TextReading {
        let fitted = try FittedTokenizer(
            tokenizer, texts: texts, vocabulary: vocabulary, minimumCount: minimumCount)
        var length = length ?? 1
        if self.length == nil, encoding == .sequence {
            for text in texts { length = max(length, min(try fitted.encode(text).count, TextSource.lengthLimit)) }
        }
        return TextReading(
            fitted, encoding: encoding, length: length, keeping: keeping, column: column,
            readsWholeFiles: folder != nil)
    }
}

/// The texts of a source, one for each row of its samples.
struct RawTexts: Sendable {
    let texts: [String]
    let source: TextSource

    /// Fits the tokenizer to some rows; the texts of all rows as a column.
    func read(fittingTo rows: [Int]) throws -> (reading: TextReading, column: Column) {
        let reading = try source.reading(fittedTo: rows.map { texts[$0] })
        return (reading, try Column.rows(of: try reading.samples(of: texts), "the texts").column)
    }
}
