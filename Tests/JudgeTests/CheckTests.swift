import CheckFiles
import Judge
import Testing

@Suite struct CheckTests {
    /// Every check of the repository passes its own cases, and no sweep talks it into a false pass.
    @Test(arguments: try CheckTest(files: .embedded, folder: "checks").ids)
    func casesAndSweeps(id: String) throws {
        let result = try CheckTest(files: .embedded, folder: "checks").run(id)
        #expect(result.failures == [])
    }
}
