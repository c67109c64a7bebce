import ApusInterchange
import ApusTestKit
import Testing

/// The page of models of other frameworks.
@Suite struct PageTests {
    @Test("The page lists the operators that are known, and no others")
    func operators() {
        let cells = Page("Documentation/Interoperability.md").rows("What is read").map { $0.cells[1] }
        // Names stand between backticks.
        let names = cells.flatMap { cell in
            cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
                .map { String($0.element) }
        }
        #expect(names.sorted() == ONNXOperators.names)
    }
}
