package import Judge

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes a judgement to every place that was asked for.
///
/// Also to be called when a run breaks off, with what was judged until then and `context.brokenOff` set: a CI system that waits for a
/// file gets one, and it says that it is not whole.
package struct Reporter: Sendable {
    private let requests: [OutputRequest]
    private let environment: [String: String]
    private let ascii: Bool
    private let verbose: Bool
    private let diagnosing: DiagnosisContext?

    /// - Parameter diagnosing: Reports name the cause first, as `isthmus diagnose` does.
    package init(
        _ requests: [OutputRequest], environment: [String: String], ascii: Bool = false, verbose: Bool = false,
        diagnosing: DiagnosisContext? = nil
    ) {
        self.requests = requests
        self.environment = environment
        self.ascii = ascii
        self.verbose = verbose
        self.diagnosing = diagnosing
    }

    /// Files first, so that they are there when the person reads what is on the screen.
    /// - Throws: The first place's error, after all other places have been written.
    package func write(_ judgement: Judgement, _ context: ReportContext) throws {
        try write { format, medium, drain in try render(judgement, context, format, medium, to: drain) }
    }

    /// Writes how two judgements differ; there is no `junit` of it.
    package func write(_ difference: DifferenceReport) throws {
        try write { format, medium, drain in
            switch format {
            case .json: try difference.json(to: drain)
            case .human, .junit: try drain(Array(difference.human(on: medium, verbose: verbose).utf8))
            }
        }
    }

    private typealias Render = (OutputRequest.Format, Medium, @escaping ([UInt8]) throws -> Void) throws -> Void

    private func write(_ render: Render) throws {
        var firstError: (any Error)?
        let files = requests.filter { $0.destination != .standardOutput }
        let screen = requests.filter { $0.destination == .standardOutput }
        for request in files + screen {
            do { try write(request, render) } catch { firstError = firstError ?? error }
        }
        if let firstError { throw firstError }
    }

    private func write(_ request: OutputRequest, _ render: Render) throws {
        let medium = Medium.detect(descriptor: STDOUT_FILENO, environment: environment, ascii: ascii)
        switch request.destination {
        case .standardOutput:
            try render(request.format, medium) { try writeAll($0, to: STDOUT_FILENO, path: "standard output") }
        case .file(let path):
            try writeReportFile(path) { drain in try render(request.format, medium.asFile(), drain) }
        }
    }

    private func render(
        _ judgement: Judgement, _ context: ReportContext, _ format: OutputRequest.Format, _ medium: Medium,
        to drain: @escaping ([UInt8]) throws -> Void
    ) throws {
        switch format {
        case .human:
            try drain(Array(HumanReport(judgement, context, on: medium, verbose: verbose, diagnosing: diagnosing).render().utf8))
        case .json: try JSONReport(judgement, context, diagnosing: diagnosing).write(to: drain)
        case .junit: try JUnitReport(judgement, context).write(to: drain)
        }
    }
}
