import CheckFiles
import Foundation
import Testing

@Suite struct CheckFilesTests {
    /// The plugin's output must be the folder's own text, byte for byte.
    @Test func embeddedEqualsFolder() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../checks")
        #expect(try CheckFiles(directory: folder) == CheckFiles.embedded)
    }

    @Test func emptyFolderIsAnError() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(throws: CheckFilesError.empty(folder.path)) { try CheckFiles(directory: folder) }
    }
}
