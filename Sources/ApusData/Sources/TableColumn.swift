import ApusConfiguration
package import ApusFormats

/// What a column of a table was taken for, and why.
///
/// ```swift
/// let data = try DataSource(source: .csv(CSVSource("iris.csv", target: "species"))).load(seed: 7)
/// for column in data.columns { print(column) }   // which columns are features, and why
/// ```
public struct TableColumn: Sendable, Hashable, Codable {
    /// The title of the column.
    public var name: String
    /// What it is for.
    public var role: Role
    /// What it holds, in words: `numbers`, `3 words: blue, green, red`.
    public var content: String
    /// Why it was taken so where that is not plain, what stands for missing values, and how many there are.
    public var remark: String?
    /// How its cells are read as numbers; `nil` for words.
    package var reading: CSVReading?

    /// What a column is for.
    public enum Role: String, Sendable, Codable {
        /// It is predicted.
        case label
        /// It is predicted from.
        case feature
        /// It says which rows belong together.
        case group
    }

    package init(name: String, role: Role, content: String, remark: String? = nil, reading: CSVReading? = nil) {
        self.name = name
        self.role = role
        self.content = content
        self.remark = remark
        self.reading = reading
    }
}

extension TableColumn: CustomStringConvertible {
    /// In a line: `price (feature): numbers, with €; 2 values are missing`.
    public var description: String { "\(name.shown) (\(role.rawValue)): \(content)" + (remark.map { "; \($0)" } ?? "") }
}
