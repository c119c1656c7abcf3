internal import Facts
internal import Foundation
internal import Kubernetes
internal import Mesh
internal import TLS

/// What was to be tried from one cluster, and what came of it.
struct ClusterProbe: Sendable {
    var targets: [ProbeTarget]
    var result: ProbeResult
    var image: String

    /// Probes from one cluster; says how far it is.
    static func run(
        from source: ClusterResult, to results: [ClusterResult], _ options: CollectOptions,
        report: @escaping @Sendable (CollectEvent) -> Void
    ) async -> ClusterProbe {
        let all = ProbeTarget.all(from: source, to: results)
        let targets = all.filter(\.isUsable)
        var probe = ClusterProbe(targets: all, result: ProbeResult(outcome: .lost), image: options.probe.image)
        guard let client = source.client, !source.contact.outcome.isFinal else {
            probe.result.detail = "the API server cannot be asked: \(source.contact.detail)"
            return probe
        }
        let name = source.declaration.name
        let runner = ProbeRunner(
            client: client, options: options.probe, run: ProbeRun(holder: ProbeHolder.current), timeout: options.timeout,
            connectTimeout: options.connectTimeout
        ) { step in
            report(CollectEvent(cluster: name, kind: .probing(step.note, done: step.done, of: targets.count)))
        }
        probe.result = await runner.probe(targets)
        // What could not be written into the script's list was not tried; the others' places are their own again.
        let places = all.indices.filter { all[$0].isUsable }
        probe.result.transcripts = Dictionary(
            uniqueKeysWithValues: probe.result.transcripts.map { (places[$0.key], $0.value) })
        if !probe.result.left.isEmpty { report(CollectEvent(cluster: name, kind: .left(probe.result.left))) }
        report(CollectEvent(cluster: name, kind: .finished))
        return probe
    }
}

extension ProbeStep {
    /// In a few words.
    var note: String {
        switch self {
        case .permissions: "may pods be run?"
        case .namespace, .reaping: "making room for a pod"
        case .configMap, .job: "making the pod"
        case .waiting(let note): note
        case .results: "looking from inside"
        case .leaving: "tidying up"
        }
    }

    /// Targets that have told.
    var done: Int { if case .results(let count) = self { count } else { 0 } }
}

/// Tables `pod_reachability` and `probe_run`, of all clusters.
struct ProbeFacts {
    private(set) var batch = FactBatch()
    private let results: [ClusterResult]
    private let now: Int

    init(_ results: [ClusterResult], now: Int) {
        self.results = results
        self.now = now
        for result in results { add(result) }
    }

    private mutating func add(_ source: ClusterResult) {
        let name = source.declaration.name
        guard let probe = source.probe else {
            for fact in ["pod_reachability", "probe_run"] {
                batch.add(fact: fact, cluster: name, .notExamined, reason: "pods look only at --level probe")
            }
            return
        }
        let result = probe.result
        var cells = cells(source, probe)
        compare(source, &cells)
        let tried = cells.filter { $0.reached.outcome != .notTried }
        let own = tried.first { $0.target.kind == .own }?.reached
        let void = tried.first { $0.target.kind == .void }?.reached
        let wanted = probe.targets.filter { !$0.cluster.isEmpty }.count
        let answered = cells.filter { !$0.target.cluster.isEmpty }.count
        batch.rows.append(
            FactRow(
                "probe_run",
                [
                    "cluster": .text(name), "outcome": .text(result.outcome.rawValue), "detail": .text(result.detail.capped),
                    "image": .text(probe.image), "pod_address": .text(result.podAddress),
                    "own_api_ok": FactValue(own.map { $0.outcome == .ok }),
                    "own_api_detail": .text(own.map { $0.outcome == .ok ? "" : $0.detail } ?? ""),
                    // Whatever came after, a connection is one too many.
                    "void_silent": FactValue(void.map { $0.rung < .tls }), "targets": .integer(wanted),
                    "answered": .integer(answered), "seconds": FactValue(result.seconds),
                ]))
        batch.rows += rows(name, cells)
        batch.rows += result.permissions.map { $0.row(name, level: "probe") }
        batch.add(fact: "probe_run", cluster: name, .collected)
        if result.outcome == .ran {
            batch.add(fact: "pod_reachability", cluster: name, .collected)
        } else {
            let reason = "no pod looked from \(name): \(result.outcome.rawValue): \(result.detail)"
            batch.add(fact: "pod_reachability", cluster: name, .failed, reason: reason.capped)
        }
    }

    private struct Cell {
        var target: ProbeTarget
        var reached: Reachability
    }

    private func cells(_ source: ClusterResult, _ probe: ClusterProbe) -> [Cell] {
        probe.targets.enumerated().compactMap { index, target in
            if let transcript = probe.result.transcripts[index] {
                return Cell(target: target, reached: Reachability(target, transcript))
            }
            guard !target.isUsable else { return nil }
            return Cell(
                target: target,
                reached: Reachability(
                    rung: .dns, outcome: .notTried, detail: "the address holds what no address can hold"))
        }
    }

    /// One row per address; where an address was tried twice, against two authorities, the worse result.
    private func rows(_ source: String, _ cells: [Cell]) -> [FactRow] {
        var seen: [String: Int] = [:]
        var kept: [Cell] = []
        for cell in cells where !cell.target.cluster.isEmpty {
            let key = "\(cell.target.cluster) \(cell.target.kind.rawValue) \(cell.target.address)"
            if let place = seen[key] {
                if kept[place].reached.outcome == .ok { kept[place] = cell }
            } else {
                seen[key] = kept.count
                kept.append(cell)
            }
        }
        return kept.map { $0.reached.row(source, $0.target) }
    }

    // MARK: Certificates

    /// Tells somebody who stands in between from a server that has the wrong certificate: by what this machine sees at the same
    /// address, and by one issuer that signs for several clusters. Verifies what came through gateways.
    private func compare(_ source: ClusterResult, _ cells: inout [Cell]) {
        let strangers = cells.filter { $0.reached.isUntrusted && $0.target.kind == .controlPlane && !$0.reached.issuer.isEmpty }
        let signers = Dictionary(grouping: strangers, by: \.reached.issuer).mapValues { Set($0.map(\.target.cluster)).count }
        for index in cells.indices {
            let target = cells[index].target
            if target.kind == .gateway {
                verify(target, &cells[index].reached)
            } else if target.kind == .controlPlane, cells[index].reached.isUntrusted {
                let issuer = cells[index].reached.issuer
                if isVerifiedHere(target, source) {
                    cells[index].reached.outcome = .intercepted
                    cells[index].reached.detail +=
                        "; from this machine the same address shows a certificate of the authority that is trusted"
                } else if signers[issuer, default: 0] > 1 {
                    cells[index].reached.outcome = .intercepted
                    cells[index].reached.detail += "; the same issuer signs for other clusters too"
                }
            }
        }
    }

    /// This machine connected to the same server and verified it against the same authority.
    private func isVerifiedHere(_ target: ProbeTarget, _ source: ClusterResult) -> Bool {
        let good: Set<APIOutcome> = [.answered, .unauthorized, .forbidden]
        let secrets = zip(source.evidence.remoteSecrets.value ?? [], source.remoteContacts).contains { secret, contact in
            good.contains(contact.contact.outcome) && target.trust == .authority(secret.authority)
                && secret.server?.host == target.host && secret.server?.port == target.port
        }
        if secrets { return true }
        return results.contains { result in
            guard let access = result.access, let server = ServerURL(access.server.url) else { return false }
            return result.declaration.name == target.cluster && good.contains(result.contact.outcome)
                && server.host == target.host && server.port == target.port && !access.insecureSkipTLSVerify
                && access.proxy == nil && access.certificateAuthority.map { target.trust == .authority($0) } ?? false
        }
    }

    /// Holds the chain that came through a gateway against its own cluster's roots.
    private func verify(_ target: ProbeTarget, _ reached: inout Reachability) {
        guard reached.outcome == .ok, !reached.chain.isEmpty,
            let result = results.first(where: { $0.declaration.name == target.cluster })
        else { return }
        reached.rung = .certificate
        guard let roots = result.roots.value?.certificates, !roots.isEmpty else {
            reached.outcome = .notTried
            reached.detail = "the roots of \(target.cluster) are not known, against which it would be held"
            return
        }
        let seen = Certificate.verify(chain: reached.chain, roots: roots, at: now).outcome
        guard seen != .trusted else { return }
        let here = result.probes.first { $0.address == target.host && $0.port == target.port }?.chain ?? []
        let isGoodHere = !here.isEmpty && Certificate.verify(chain: here, roots: roots, at: now).outcome == .trusted
        reached.outcome = isGoodHere ? .intercepted : .wrongCertificate
        reached.detail =
            "the certificate does not verify against the roots of \(target.cluster): \(seen)"
            + (isGoodHere ? "; from this machine the same address shows one that does" : "")
    }
}
