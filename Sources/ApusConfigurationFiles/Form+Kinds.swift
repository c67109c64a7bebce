import ApusConfiguration

extension Form {
    /// The kinds, unless a mapping may also have names that the file chooses.
    var plainKinds: Kinds? { named == nil ? kinds : nil }

    /// The kinds of which a mapping is one: of a form whose mappings may also have names that the file chooses, those that have a kind's
    /// name alone.
    ///
    /// - Parameters:
    ///   - node: What is there; a value in place of a mapping may become one.
    ///   - name: The name that is looked for in it.
    func kinds(of node: FileNode, for name: String) -> Kinds? {
        guard named != nil, let kinds else { return kinds }
        guard kinds.kind(name) != nil else { return nil }
        guard let entries = node.entries else { return kinds }
        return entries.isEmpty || entries.count == 1 && kinds.kind(entries[0].key) != nil ? kinds : nil
    }
}
