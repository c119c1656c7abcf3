package import StrictYAML

/// A fault in a file of checks, with the place where it is.
package struct FileFault: Error, CustomStringConvertible, Equatable, Sendable {
    /// The file's path as the user knows it.
    package let file: String
    /// 1-based; 0 where the fault has no line.
    package let line: Int
    /// 1-based; 0 where the fault has no column.
    package let column: Int
    package let message: String

    package init(file: String, line: Int = 0, column: Int = 0, _ message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    package init(_ error: YAMLError) {
        self.init(file: error.file, line: error.line, column: error.column, error.message)
    }

    package var description: String {
        switch (line, column) {
        case (0, _): "\(file): \(message)"
        case (_, 0): "\(file):\(line): \(message)"
        default: "\(file):\(line):\(column): \(message)"
        }
    }
}
