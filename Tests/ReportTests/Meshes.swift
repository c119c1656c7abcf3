import Report

@testable import Judge

/// The judgements that several tests look at.
enum Meshes {
    static func names(_ count: Int) -> [String] {
        count == 2 ? ["east", "west"] : (1...count).map { "cluster-\($0 < 10 ? "0" : "")\($0)" }
    }

    static let context = ReportContext(duration: 0.381, snapshot: "isthmus-20261122T210503Z.snapshot")

    /// Built once: with all pairs of 200 clusters it is large.
    static let broken200 = build(200)

    static func broken(_ count: Int) -> Judgement { count == 200 ? broken200 : build(count) }

    private static func build(_ count: Int) -> Judgement {
        var sample = Sample(names(count))
        sample.breakRoot()
        sample.warnOfOpenGateway()
        sample.hidePermissions()
        return sample.judgement
    }

    /// Everything examined, everything sound.
    static var sound: Judgement { Sample(names(3), allExamined: true).judgement }

    /// Everything sound that was examined; the rest was not.
    static var noFault: Judgement { Sample(names(2)).judgement }

    /// A cause that is only not known, accepted findings, a check left out, a broken check, notes.
    static var mixed: Judgement {
        var sample = Sample(names(3))
        sample.breakRoot()
        let acceptance = Acceptance(
            check: "gateway-sources-restricted", subject: nil,
            reason: "the firewall in front of it restricts the sources, see NET-481",
            expires: "2026-12-31", expiresAt: 0, place: "accepted.yaml:1")
        sample.warnOfOpenGateway()
        sample.change("gateway-sources-restricted", "cluster-01") { $0.accepted = acceptance }
        sample.change("api-answers", "cluster-02") {
            $0.status = .unknown
            $0.message = "GET /version: no answer within 10 s"
        }
        sample.causes.append(
            Sample.CauseDraft(
                check: "api-answers", status: .unknown, subjects: ["cluster-02"], explains: [("gateway-ready", "cluster-02")]))
        sample.change("gateway-ready", "cluster-02") {
            $0.status = .blocked
            $0.message = "blocked by api-answers"
            $0.blockedBy = ["api-answers"]
        }
        sample.change("services-exposed", "cluster-03") {
            $0.status = .error
            $0.message = "services-exposed.sql: the query failed: no such column: exposedd"
        }
        sample.causes.insert(
            Sample.CauseDraft(check: "services-exposed", status: .error, subjects: ["cluster-03"], explains: []), at: 1)
        sample.skipped = [Skipped(check: "kubernetes-version-supported", reason: "--skip kubernetes-*")]
        sample.notes = [
            "accepted.yaml:7: the acceptance of trust-domain-shared expired on 2026-11-01, so its finding counts again"
        ]
        return sample.judgement
    }

    /// A mesh whose pods have looked at each other; some ways are broken, in the way that the number of clusters calls for.
    static func probed(_ count: Int) -> Judgement {
        let api = "control-plane-reachable-from-pods"
        let gateway = "gateway-reachable-from-pods"
        let firewall = "firewall-admits-gateway"
        let names = names(count)
        let last = names[count - 1]
        var sample = Sample(names, probed: true)
        func refuse(_ from: String, _ sample: inout Sample) {
            sample.change(firewall, "\(from) → \(last)") {
                $0.status = .fail
                $0.message = "The effective firewall rules of \(last) do not admit \(from) to port 15443"
            }
            sample.breakWay(gateway, from: from, to: last, "tcp", "timed-out", by: firewall)
        }
        switch count {
        case 2:
            sample.breakWay(api, from: names[1], to: names[0], "tcp", "timed-out")
            sample.breakWay(gateway, from: names[1], to: names[0], "tcp", "timed-out")
            sample.breakWay("gateway-status-reachable-from-pods", from: names[1], to: names[0], "tcp", "timed-out", by: gateway)
        case 3:
            for from in names.dropLast() { refuse(from, &sample) }
            sample.breakWay(api, from: names[0], to: names[1], "certificate", "intercepted")
            sample.breakWay("gateway-status-reachable-from-pods", from: names[1], to: names[0], "tcp", "refused")
        case 30:
            for from in names.dropLast() { refuse(from, &sample) }
            for to in names.dropFirst() { sample.breakWay(api, from: names[0], to: to, "tls", "stalled") }
            sample.breakWay(api, from: names[4], to: names[9], "dns", "name-not-found")
            for name in [api, gateway, "gateway-status-reachable-from-pods"] {
                for to in names where to != names[11] {
                    sample.change(name, "\(names[11]) → \(to)") {
                        $0.status = .unknown
                        $0.found = .unknown
                        $0.data["rung"] = nil
                        $0.message = "No pod of \(names[11]) tried"
                    }
                }
            }
        default:
            // One rule, thirty-eight ways.
            for from in names.prefix(38) { refuse(from, &sample) }
        }
        sample.nameCauses()
        return sample.judgement
    }

    /// No two clusters have the same rows.
    static var scattered: Judgement {
        let names = names(60)
        var sample = Sample(names, probed: true)
        for (number, from) in names.enumerated() {
            for step in 0...number / 4 where step > 0 {
                let to = names[(number + 7 * step) % 60]
                if to != from { sample.breakWay("gateway-reachable-from-pods", from: from, to: to, "tls", "reset") }
            }
        }
        sample.nameCauses()
        return sample.judgement
    }

    /// Names and texts that a hostile cluster might choose.
    static var hostile: Judgement {
        let names = [
            "east\u{1B}[2J\rREADY   mesh all-is-well", "we\u{202E}tsew\u{2066}", "\u{200B}ea\u{0}st\n✔ READY",
            "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}ast", "東京-クラスタ",
            "<script>&amp;\"'", "name;$(touch /tmp/pwned)",
        ]
        var sample = Sample(names)
        sample.breakRoot()
        for index in sample.verdicts.indices { sample.verdicts[index].evidence += "\u{9B}31m\u{FFFE}\u{2028}]]>" }
        return sample.judgement
    }
}
