package import Foundation

/// The texts of a `checks/` folder, by path relative to it (`prerequisites/api-answers.sql`).
///
/// Knows files only; what they mean is for `Facts` (`facts/*.yaml`) and `Judge` (`<phase>/*.sql`, `*.cases.yaml`).
package struct CheckFiles: Sendable, Equatable {
    /// File texts by relative path.
    package var files: [String: String]

    package init(files: [String: String]) {
        self.files = files
    }

    /// The checks that this binary was built with.
    package static var embedded: CheckFiles { CheckFiles(files: embeddedFiles) }

    /// The headers of the faults that the lab can lay, by file name (`gateway-drop.sh`): what `isthmus explain` shows of them.
    package static var faultHeaders: [String: String] { embeddedFaultHeaders }

    /// Reads every `.sql` and `.yaml` file below a folder (`--checks DIR`).
    ///
    /// - Throws: the file system's error, or ``CheckFilesError`` when a file is too large, is not UTF-8, or there is none.
    package init(directory: URL) throws {
        var files: [String: String] = [:]
        let root = directory.standardizedFileURL.path
        guard let walk = FileManager.default.enumerator(atPath: root) else { throw CheckFilesError.unreadable(root) }
        for case let path as String in walk where path.hasSuffix(".sql") || path.hasSuffix(".yaml") {
            let data = try Data(contentsOf: URL(filePath: root).appending(path: path), options: .mappedIfSafe)
            guard data.count <= Self.maximumFileBytes else { throw CheckFilesError.tooLarge("\(root)/\(path)", data.count) }
            guard let text = String(data: data, encoding: .utf8) else { throw CheckFilesError.notText("\(root)/\(path)") }
            files[path] = text
        }
        guard !files.isEmpty else { throw CheckFilesError.empty(root) }
        self.files = files
    }

    /// A check or its cases are read by people; a larger file is a mistake or an attack.
    package static let maximumFileBytes = 1 << 20
}

/// Why a folder of checks cannot be used.
package enum CheckFilesError: Error, CustomStringConvertible, Equatable {
    case unreadable(String)
    case empty(String)
    case tooLarge(String, Int)
    case notText(String)

    package var description: String {
        switch self {
        case .unreadable(let path): "\(path): cannot be read as a folder of checks"
        case .empty(let path): "\(path): holds no check: expected <phase>/<id>.sql or facts/<table>.yaml"
        case .tooLarge(let path, let bytes): "\(path): \(bytes) bytes; a check file may have \(CheckFiles.maximumFileBytes)"
        case .notText(let path): "\(path): is not UTF-8 text"
        }
    }
}
