import Collect
import Facts
import Foundation
import HTTP
import Mesh
import Report
import Synchronization

/// What a collection came to.
struct Collected {
    private let batch: FactBatch
    /// How long it took.
    let seconds: Double
    /// The signal that cut it short; what was not collected by then is in the ledger as such.
    let interruption: Interruption?

    init(_ batch: FactBatch, seconds: Double, interruption: Interruption?) {
        self.batch = batch
        self.seconds = seconds
        self.interruption = interruption
    }

    /// The facts as a snapshot; written to a file, whole or not at all, where one is named.
    func snapshot(schema: FactSchema, savedTo path: String?) throws -> Snapshot {
        let snapshot = try Snapshot.inMemory(schema: schema)
        try snapshot.insert(batch)
        if let path {
            do { try snapshot.save(to: URL(filePath: path)) } catch {
                throw InputError("the snapshot cannot be written: \(error)")
            }
        }
        return snapshot
    }
}

/// One collection as the user asked for it, with its progress on standard error.
struct Collection {
    private let declaration: MeshDeclaration
    private let options: CollectOptions
    private let progress: LiveProgress

    init(
        _ mesh: MeshOptions, _ probing: ProbeArguments, command: String, ascii: Bool, defaultLevel: LevelArgument = .read,
        withCAKey: Bool = false, failover: Bool = false
    ) throws {
        declaration = try mesh.declaration()
        let environment = ProcessInfo.processInfo.environment
        options = CollectOptions(
            level: Collect.Level(rawValue: (mesh.level ?? defaultLevel).rawValue) ?? .read, timeout: .seconds(mesh.timeout),
            allowExec: mesh.allowExec, google: try mesh.google(declaration.google, environment: environment),
            probe: try probing.options(), withCAKey: withCAKey, failover: failover, toolVersion: Version.current, command: command
        )
        progress = LiveProgress(environment: environment, ascii: ascii)
    }

    func run() async throws -> Collected {
        let start = ContinuousClock.now
        let http = HTTPClient(userAgent: "isthmus/\(Version.current)")
        defer { http.shutdown() }
        let (declaration, options, progress) = (declaration, options, progress)
        let left = Mutex<[String]>([])
        progress.phase("asking \(declaration.clusters.map(\.name).joined(separator: ", "))")
        let (batch, interruption) = try await untilInterrupted {
            try await progress.during {
                await Collector(mesh: declaration, http: http, options: options) { event in
                    if case .left(let words) = event.kind {
                        left.withLock { $0.append("\(event.cluster): \(words)") }
                    } else {
                        progress.update(ProgressLine(event))
                    }
                }.collect()
            }
        }
        // After the display of progress, which would draw over it.
        for words in left.withLock({ $0 }) { complain(words) }
        let elapsed = ContinuousClock.now - start
        return Collected(batch, seconds: elapsed / .seconds(1), interruption: interruption)
    }
}

extension ProgressLine {
    fileprivate init(_ event: CollectEvent) {
        switch event.kind {
        case .started: self.init(cluster: event.cluster, done: 0, total: 0, note: "connecting")
        case .progress(let done, let total): self.init(cluster: event.cluster, done: done, total: total)
        case .finished: self.init(cluster: event.cluster, done: 1, total: 1, note: "done")
        case .probing(let note, let done, let total): self.init(cluster: event.cluster, done: done, total: total, note: note)
        case .left(let words): self.init(cluster: event.cluster, done: 0, total: 0, note: words)
        case .failed(let reason): self.init(cluster: event.cluster, done: 0, total: 0, note: reason)
        }
    }
}
