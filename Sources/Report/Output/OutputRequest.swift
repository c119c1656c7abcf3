/// One `-o FORMAT[=PATH]`: a form of the report and where it goes.
package struct OutputRequest: Sendable, Hashable {
    /// The forms that a report can take.
    package enum Format: String, Sendable, Hashable, CaseIterable {
        case human, json, junit

        /// A file name for an example.
        var example: String {
            switch self {
            case .human: "report.txt"
            case .json: "report.json"
            case .junit: "report.xml"
            }
        }
    }

    package enum Destination: Sendable, Hashable {
        case standardOutput
        case file(String)
    }

    package var format: Format
    package var destination: Destination

    package init(_ format: Format, to destination: Destination = .standardOutput) {
        self.format = format
        self.destination = destination
    }

    /// Reads the values of all `-o` options of one command line; none means `human` on standard output.
    ///
    /// `human`, `json` and `junit` go to standard output, as does `=-`; `json=report.json` goes to that file. Standard output takes
    /// one report, and so does each file: two in one place would be neither.
    package static func parse(_ arguments: [String]) throws(OutputRequestError) -> [OutputRequest] {
        if arguments.isEmpty { return [OutputRequest(.human)] }
        var requests: [OutputRequest] = []
        for argument in arguments {
            let request = try parse(argument)
            if let other = requests.first(where: { $0.place == request.place }) { throw .samePlace(other, request) }
            requests.append(request)
        }
        return requests
    }

    /// The destination with the ways of writing one path made equal: `a`, `./a`, `.//a`.
    private var place: Destination {
        guard case .file(let path) = destination else { return destination }
        let parts = path.split(separator: "/").filter { $0 != "." }
        return .file((path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/"))
    }

    private static func parse(_ argument: String) throws(OutputRequestError) -> OutputRequest {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let format = Format(rawValue: String(parts[0])) else { throw .unknownFormat(argument) }
        if parts.count == 1 || parts[1] == "-" { return OutputRequest(format) }
        if parts[1].isEmpty { throw .noPath(format) }
        return OutputRequest(format, to: .file(String(parts[1])))
    }
}

/// What is wrong with a `-o`; wrong usage (exit code 64).
package enum OutputRequestError: Error, Sendable, Hashable, CustomStringConvertible {
    case unknownFormat(String)
    case noPath(OutputRequest.Format)
    case samePlace(OutputRequest, OutputRequest)

    package var description: String {
        switch self {
        case .unknownFormat(let argument):
            return "-o \(visible(argument)): no such format. There are human, json and junit, each with an optional =PATH"
        case .noPath(let format):
            return "-o \(format.rawValue)=: the path is empty. "
                + "Write -o \(format.rawValue)=\(format.example), or leave out the = for standard output"
        case .samePlace(let one, let other):
            switch one.destination {
            case .standardOutput:
                return "-o \(one.format.rawValue) and -o \(other.format.rawValue) both go to standard output. "
                    + "Give one of them a file: -o \(other.format.rawValue)=\(other.format.example)"
            case .file(let path):
                return
                    "-o \(one.format.rawValue) and -o \(other.format.rawValue) both go to \(visible(path)). Give one of them another file"
            }
        }
    }
}
