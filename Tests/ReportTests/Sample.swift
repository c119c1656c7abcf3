import Facts
@testable import Judge

/// Judgements to report on: a mesh of any number of clusters, sound or with faults, without a snapshot or a check file.
///
/// The only place in these tests that builds what otherwise only the judge builds.
struct Sample {
    /// A verdict as a test wants it to look.
    struct Draft {
        var check: String
        var subject: String
        var clusters: [String]
        var status = Status.pass
        var message = ""
        var observed = ""
        var expected = ""
        var evidence = ""
        var remedy = ""
        var blockedBy: [String] = []
        var accepted: Acceptance?
        /// What the query gave, where other checks made something else of it.
        var found: Status?
        /// Columns of a ladder.
        var data: [String: String] = [:]
    }

    static let now = 1_795_381_503  // 2026-11-22T21:05:03Z

    static let checks: [CheckDraft] = [
        check("api-answers", .prerequisites, "The API server answers", .cluster),
        check("read-permissions", .prerequisites, "isthmus may read what it needs", .cluster),
        check(
            "kubernetes-version-supported", .prerequisites, "The Kubernetes version is supported", .cluster, severity: .warning),
        check("clusters-share-root-ca", .prerequisites, "Every cluster trusts the same custom root certificate", .mesh),
        check("trust-domain-shared", .prerequisites, "All clusters use one trust domain", .mesh),
        check("gke-same-vpc", .prerequisites, "GKE clusters stand in one shared VPC", .mesh),
        check("gateway-ready", .gateway, "The east-west gateway is ready", .cluster),
        check(
            "gateway-sources-restricted", .gateway, "The gateway is open to the clusters of the mesh only", .cluster,
            severity: .warning),
        check("gateway-serves-mesh-root", .gateway, "The gateway serves certificates of the mesh's root", .cluster),
        check("services-exposed", .services, "Services are exposed to the other clusters", .cluster),
        check(
            "remote-secret-present", .discovery, "Each cluster has a remote secret for every other", .pair,
            subject: "cluster_pair"),
        check(
            "remote-workloads-trusted", .traffic, "Workloads of one cluster trust those of the other", .pair,
            subject: "cluster_pair"),
        check(
            "control-plane-reachable-from-pods", .traffic, "Pods reach the other cluster's API server", .pair, level: .probe,
            subject: "cluster_pair", data: ladder),
        check("requests-cross", .traffic, "Requests cross with mutual TLS", .pair, level: .mutate, subject: "cluster_pair"),
    ]

    /// Checks that only samples of a probed mesh have.
    static let probes: [CheckDraft] = [
        check(
            "firewall-admits-gateway", .prerequisites, "Firewall rules admit the other clusters to the gateway", .pair,
            subject: "cluster_pair"),
        check(
            "gateway-reachable-from-pods", .traffic, "Pods reach the other cluster's gateway", .pair, level: .probe,
            subject: "cluster_pair", data: ladder),
        check(
            "gateway-status-reachable-from-pods", .traffic, "Pods reach the status port of the other cluster's gateway", .pair,
            level: .probe, severity: .warning, subject: "cluster_pair", data: ladder),
    ]

    /// The data of a check of ways from pods.
    static let ladder = [
        "kind", "address", "remote_address", "rung", "outcome", "detail", "dns_ms", "tcp_ms", "tls_ms", "total_ms",
        "certificate_issuer",
    ]

    struct CauseDraft {
        var check: String
        var status: Status
        var subjects: [String]
        var explains: [(check: String, subject: String)]
    }

    var checks = Sample.checks
    var run = RunInfo()
    var verdicts: [Draft] = []
    var causes: [CauseDraft] = []
    var skipped: [Skipped] = []
    var notes: [String] = []

    var judgement: Judgement {
        let left = Set(skipped.map(\.check))
        let checks = checks.filter { !left.contains($0.id) }.map { $0.check() }
        let byID = Dictionary(uniqueKeysWithValues: checks.map { ($0.id, $0) })
        return Judgement(
            run: run, checks: checks, verdicts: verdicts.compactMap { draft in byID[draft.check].map { verdict(draft, of: $0) } },
            causes: causes.compactMap { cause in
                byID[cause.check].map {
                    Cause(
                        check: $0, status: cause.status, subjects: cause.subjects,
                        explains: cause.explains.map { .init(check: $0.check, subject: $0.subject) })
                }
            },
            skipped: skipped, notes: notes)
    }

    private func verdict(_ draft: Draft, of check: Check) -> Verdict {
        // A remedy is a text of the check; a draft has one of its own, so its verdict gets a copy of the check that has it too.
        let definition =
            draft.remedy.isEmpty ? check : checks.first { $0.id == check.id }?.check(remedy: draft.remedy) ?? check
        let subject = Subject(
            name: draft.subject, clusters: draft.clusters, positions: [], kind: .row(check.span == .pair ? .pair : .cluster))
        var verdict = Verdict(
            definition, subject, draft.status, found: draft.found ?? draft.status, reason: draft.message,
            values: [draft.subject, draft.status.rawValue, draft.observed, draft.expected, draft.evidence]
                + definition.data.map { draft.data[$0] })
        verdict.blockedBy = draft.blockedBy
        verdict.accepted = draft.accepted
        return verdict
    }

    /// One check with a verdict of each of these statuses, and nothing else.
    static func of(_ statuses: [Status]) -> Sample {
        var sample = Sample([])
        for (index, status) in statuses.enumerated() {
            sample.verdicts.append(
                Draft(
                    check: "gateway-ready", subject: "c\(index)", clusters: ["c\(index)"], status: status, message: "it is so",
                    blockedBy: status == .blocked ? ["api-answers"] : []))
        }
        return sample
    }

    /// A mesh in which everything that the read level can see is sound; without probes, so that the rest is not examined.
    init(_ clusters: [String], allExamined: Bool = false, probed: Bool = false) {
        if probed { checks = (Sample.checks + Sample.probes).sorted { $0.phase.order < $1.phase.order } }
        run = RunInfo(
            toolVersion: "0.1.0", command: "preflight", level: allExamined ? .mutate : probed ? .probe : .read, now: Sample.now,
            meshID: "proj-100200300400",
            fleetProject: "isthmus-lab", revision: "asm-1246-9",
            clusters: clusters.map { .init(name: $0, platform: "kubernetes", server: "https://\($0).example:6443") })
        for check in checks {
            for subject in Sample.subjects(check, clusters) {
                var verdict = Draft(
                    check: check.id, subject: subject.name, clusters: subject.clusters,
                    message: "\(subject.name) is as it should be",
                    observed: Sample.observed[check.id] ?? "", evidence: "observed in \(subject.clusters[0])")
                if check.id == "gke-same-vpc" {
                    verdict.status = .notApplicable
                    verdict.message = "not a GKE cluster"
                } else if !check.data.isEmpty, probed || allExamined {
                    verdict.data = Sample.reached(check.id, subject.clusters)
                } else if check.level != .read, !allExamined {
                    verdict.status = .notExamined
                    verdict.message =
                        check.level == .probe
                        ? "needs short-lived pods: isthmus preflight --level probe" : "needs to change the clusters"
                }
                verdicts.append(verdict)
            }
        }
    }

    private static let observed = [
        "api-answers": "HTTP 200 in 12 ms", "clusters-share-root-ca": "sha256 5f1cd2a9…a90b",
        "trust-domain-shared": "isthmus-lab.svc.id.goog",
        "gateway-ready": "2 of 2 replicas", "kubernetes-version-supported": "1.31.4",
    ]

    private static func reached(_ check: String, _ clusters: [String]) -> [String: String] {
        let isControlPlane = check.hasPrefix("control-plane")
        let kind = isControlPlane ? "control-plane" : check.hasPrefix("gateway-status") ? "gateway-status" : "gateway"
        return [
            "kind": kind, "address": "\(clusters[1]).example:\(isControlPlane ? 6443 : 15443)", "remote_address": "203.0.113.7",
            "rung": "answer", "outcome": "ok", "detail": "", "dns_ms": "0.4", "tcp_ms": "1.25", "tls_ms": "2.5",
            "total_ms": isControlPlane ? "3.5" : "24.0", "certificate_issuer": "CN=kubernetes",
        ]
    }

    /// A way from pods breaks: by itself, or explained by another check that found the fault.
    mutating func breakWay(
        _ check: String, from: String, to: String, _ rung: String, _ outcome: String, by cause: String? = nil
    ) {
        let isWarning = check.hasPrefix("gateway-status")
        change(check, "\(from) → \(to)") {
            $0.found = isWarning ? .warning : .fail
            $0.status = cause == nil ? $0.found ?? .fail : .blocked
            $0.blockedBy = cause.map { [$0] } ?? []
            $0.message = cause.map { "blocked by \($0)" } ?? "A pod of \(from) does not reach \(to): \(outcome)"
            $0.observed = "\(rung): \(outcome)"
            $0.data["rung"] = rung
            $0.data["outcome"] = outcome
            for time in ["tcp_ms", "tls_ms", "total_ms"] { $0.data[time] = nil }
        }
    }

    /// Makes causes of what failed, with what each explains.
    mutating func nameCauses() {
        for check in checks {
            let failed = verdicts.filter { $0.check == check.id && $0.status == .fail }
            let explained = verdicts.filter { $0.blockedBy.contains(check.id) }
            if failed.isEmpty { continue }
            causes.append(
                CauseDraft(
                    check: check.id, status: .fail, subjects: failed.map(\.subject),
                    explains: explained.map { ($0.check, $0.subject) }))
        }
    }

    /// The last cluster has another root certificate of the same name; two checks depend on it.
    mutating func breakRoot() {
        let last = run.clusters[run.clusters.count - 1].name
        change("clusters-share-root-ca", last) {
            $0.status = .fail
            $0.message =
                "\(last) trusts a root certificate of the same name (O=cluster.local), but with another key: its workloads and those of the other clusters refuse each other"
            $0.observed = "sha256 9b02aa41…1177"
            $0.expected = "sha256 5f1cd2a9…a90b"
            $0.evidence = "ConfigMap istio-system/istio-ca-root-cert"
            $0.remedy = """
                # Sign an intermediate for \(last) with the root of the other clusters, then
                kubectl --kubeconfig \(last).kubeconfig -n istio-system create secret generic cacerts --from-file=ca-cert.pem --from-file=ca-key.pem --from-file=root-cert.pem --from-file=cert-chain.pem
                kubectl --kubeconfig \(last).kubeconfig -n istio-system rollout restart deployment/istiod-asm-1246-9
                """
        }
        var explained: [(check: String, subject: String)] = []
        for index in verdicts.indices {
            let verdict = verdicts[index]
            let depends = ["gateway-serves-mesh-root", "remote-workloads-trusted"].contains(verdict.check)
            guard depends, verdict.clusters.contains(last) else { continue }
            verdicts[index].status = .blocked
            verdicts[index].message = "waits for clusters-share-root-ca"
            verdicts[index].blockedBy = ["clusters-share-root-ca"]
            explained.append((verdict.check, verdict.subject))
        }
        causes.append(CauseDraft(check: "clusters-share-root-ca", status: .fail, subjects: [last], explains: explained))
    }

    mutating func warnOfOpenGateway() {
        for cluster in run.clusters.prefix(1) {
            change("gateway-sources-restricted", cluster.name) {
                $0.status = .warning
                $0.message = "The gateway of \(cluster.name) takes connections from everywhere (0.0.0.0/0)"
                $0.remedy =
                    "kubectl -n istio-system patch service istio-eastwestgateway --type merge -p '{\"spec\":{\"loadBalancerSourceRanges\":[\"203.0.113.2/32\"]}}'"
            }
        }
    }

    mutating func hidePermissions() {
        for check in ["read-permissions", "services-exposed"] {
            change(check, run.clusters[0].name) {
                $0.status = .unknown
                $0.message = "list gateways.networking.istio.io in istio-system: forbidden for user isthmus (HTTP 403)"
                $0.observed = ""
            }
        }
    }

    mutating func change(_ check: String, _ subject: String, _ edit: (inout Draft) -> Void) {
        guard let index = verdicts.firstIndex(where: { $0.check == check && $0.subject == subject }) else { return }
        edit(&verdicts[index])
    }

    struct CheckDraft: Sendable {
        let id: String
        let phase: Phase
        let title: String
        let span: Span
        let level: Level
        let severity: Severity
        let subject: String
        let data: [String]

        func check(remedy: String? = nil) -> Check {
            let matter = FrontMatter(
                title: title, severity: severity, subject: subject, span: span, level: level, requires: [], messages: [:],
                remedy: remedy.map { Wording($0) }, data: data, docs: "https://example.com/\(id)", why: "", sql: "", sqlLine: 1)
            let source = CheckSource(id: id, phase: phase, file: "\(id).sql", isBuiltIn: true, text: "")
            return Check(
                matter, source, columns: ["subject", "status", "observed", "expected", "evidence"] + data, reads: [:], fault: nil)
        }
    }

    private static func check(
        _ id: String, _ phase: Phase, _ title: String, _ span: Span, level: Level = .read, severity: Severity = .error,
        subject: String = "cluster", data: [String] = []
    ) -> CheckDraft {
        CheckDraft(
            id: id, phase: phase, title: title, span: span, level: level, severity: severity, subject: subject, data: data)
    }

    private static func subjects(_ check: CheckDraft, _ clusters: [String]) -> [(name: String, clusters: [String])] {
        if check.span != .pair { return clusters.map { ($0, [$0]) } }
        return clusters.flatMap { source in clusters.filter { $0 != source }.map { ("\(source) → \($0)", [source, $0]) } }
    }
}
