import ApusConfiguration
import ApusData

extension RunReport {
    /// What the columns of a table were taken for, and what else there is to know of the data.
    var dataTable: String {
        var text = notes.map { "<p>\(Page.escape($0))</p>\n" }.joined()
        if !columns.isEmpty {
            let rows = columns.map { column in
                [column.name, column.role.rawValue, column.content, column.remark ?? ""].map {
                    Page.escape($0.shown(200))
                }
            }
            text += Page.table(["Column", "Role", "Taken for", "Remark"], rows)
        }
        return Page.card(text, "padded")
    }
}
