import ApusBackend
import ApusTensor
import Testing

/// Which compiled programs are kept, and for how long.
@Suite struct ProgramStoreTests {
    private struct Compiled: StoredProgram {
        let name: String
        let byteCount: Int
    }

    @Test func theOneNotUsedForLongestGoes() {
        let store = ProgramStore(limit: 100)
        let (a, b) = (Programs<Int, Compiled>(in: store), Programs<String, Compiled>(in: store))
        func use(_ key: Int) -> String { a(key) { Compiled(name: "made", byteCount: 40) }.name }
        func known(_ key: Int) -> Bool {
            var isKnown = true
            _ = a(key) {
                isKnown = false
                return Compiled(name: "again", byteCount: 40)
            }
            return isKnown
        }
        _ = use(1)
        _ = use(2)
        #expect(store.byteCount == 80)
        _ = use(1)
        _ = b("x") { Compiled(name: "x", byteCount: 50) }
        // Of another owner, and used before both others.
        #expect(store.byteCount == 90)
        #expect(a.count == 1 && b.count == 1)
        #expect(known(1))
        #expect(!known(2))
    }

    @Test func whatIsLargerThanTheLimitStaysWhileItIsTheLast() {
        let store = ProgramStore(limit: 10)
        let programs = Programs<Int, Compiled>(in: store)
        for key in 0..<3 {
            _ = programs(key) { Compiled(name: "\(key)", byteCount: 1000) }
            #expect(programs.count == 1 && store.byteCount == 1000)
        }
    }

    @Test func programsGoWithTheirOwner() {
        let store = ProgramStore(limit: 1000)
        var programs: Programs<Int, Compiled>? = Programs(in: store)
        _ = programs?(1) { Compiled(name: "", byteCount: 10) }
        #expect(store.byteCount == 10)
        programs = nil
        #expect(store.byteCount == 0)
    }

    @Test func whatDoesNotFitIsMadeAnew() {
        let programs = Programs<Int, Compiled>(in: ProgramStore(limit: 1000))
        _ = programs(1) { Compiled(name: "old", byteCount: 10) }
        #expect(programs(1, where: { $0.name == "new" }) { Compiled(name: "new", byteCount: 10) }.name == "new")
        #expect(programs.count == 1)
    }

    /// A function of many sizes: its programs do not add up.
    @Test func sizesDoNotAddUp() throws {
        let store = ProgramStore.shared
        let before = store.byteCount
        let double = compile { (x: Tensor) in (x * 2).reshaped(to: [-1]).reversed(axes: [0]) + 1 }
        for size in 1...40 { _ = try double(Tensor.ones([size, 1000])) }
        #expect(store.byteCount > before)
        #expect(store.byteCount <= max(store.limit, 1 << 30))
    }
}
