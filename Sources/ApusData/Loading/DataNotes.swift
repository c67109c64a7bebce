import ApusConfiguration

/// What people should know of the parts of a data set.
enum DataNotes {
    /// Numbers that are not finite, and classes that training or measuring can't see.
    static func of(_ training: Dataset, _ validation: Dataset?, _ test: Dataset?) -> [String] {
        let parts = [("training", training), ("validation", validation), ("test", test)]
        return parts.compactMap { name, part in part?.numbersNotFinite(in: name)?.remark }
            + ofClasses(training, validation, test)
    }

    private static func ofClasses(_ training: Dataset, _ validation: Dataset?, _ test: Dataset?) -> [String] {
        guard training.isClassification else { return [] }
        let parts: [(name: String, counts: [Int])] =
            [("training", training.classCounts)]
            + [("validation", validation), ("test", test)].compactMap { name, part in
                part.map { (name, $0.classCounts) }
            }
        let totals = training.classNames.indices.map { label in parts.reduce(0) { $0 + $1.counts[label] } }
        func names(_ labels: [Int]) -> String { labels.map { training.classNames[$0] }.shown(8) }
        var notes: [String] = []
        let unseen = totals.indices.filter { totals[$0] > 0 && parts[0].counts[$0] == 0 }
        if !unseen.isEmpty {
            let one = unseen.count == 1
            notes.append(
                "the \(one ? "class" : "classes") \(names(unseen)) \(one ? "has" : "have") no sample to train on, only "
                    + "\(unseen.reduce(0) { $0 + totals[$1] }.counted("sample")) in other parts: \(one ? "it" : "they") can't be learned"
            )
        }
        let rare = totals.indices.filter { totals[$0] > 0 && totals[$0] < parts.count && !unseen.contains($0) }
        if !rare.isEmpty {
            let one = rare.count == 1
            notes.append(
                "the \(one ? "class" : "classes") \(names(rare)) \(one ? "has" : "have") fewer samples than there are parts "
                    + "(\(parts.map(\.name).joined(separator: ", "))): not every part has one, so measurements say little of \(one ? "it" : "them")"
            )
        }
        return notes
    }
}
