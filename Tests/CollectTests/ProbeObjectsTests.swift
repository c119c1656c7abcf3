import Foundation
import Kubernetes
import Peers
import TLS
import Testing

@testable import Collect

@Suite struct ProbeObjectsTests {
    private let run = ProbeRun(holder: "h.1.1")
    private let targets = [
        ProbeTarget.own, .void,
        ProbeTarget(
            kind: .controlPlane, cluster: "b", host: "10.0.0.1", port: 6443, path: "/x", serverName: "api.b",
            trust: .authority(Data("PEM-B".utf8))),
        ProbeTarget(kind: .controlPlane, cluster: "c", host: "fd00::1", port: 443, trust: .authority(Data("PEM-B".utf8))),
        ProbeTarget(kind: .controlPlane, cluster: "d", host: "d.test", port: 443, trust: .nothing),
        ProbeTarget(
            kind: .gateway, cluster: "b", host: "203.0.113.2", port: 15443, serverName: "outbound_.1_._.a.b.svc.cluster.local"),
        ProbeTarget(kind: .gatewayStatus, cluster: "b", host: "203.0.113.2", port: 15021, path: "/healthz/ready"),
    ]

    /// Kubernetes' own words for `restricted`: each thing that it wants, and nothing that `baseline` forbids.
    @Test func theJobMeetsPodSecurityRestricted() throws {
        let limits = ProbeLimits(targets: 7, timeout: .seconds(10), connectTimeout: .seconds(5), start: .seconds(60))
        let options = ProbeOptions(
            image: "mirror/curl@sha256:0", pullSecrets: ["pull"], tolerations: [Toleration(key: "")], nodeSelector: ["a": "b"])
        let job = ProbeObjects.job(run, options, limits: limits, expires: Date(timeIntervalSince1970: 0))
        let template = try #require(job["spec"]?["template"])
        let pod = try #require(template["spec"]), container = try #require(pod["containers"]?[0])
        let security = try #require(container["securityContext"])
        #expect(security["allowPrivilegeEscalation"]?.bool == false && security["readOnlyRootFilesystem"]?.bool == true)
        #expect(security["capabilities"] == ["drop": ["ALL"]])
        #expect(pod["securityContext"]?["runAsNonRoot"]?.bool == true)
        #expect(try #require(pod["securityContext"]?["runAsUser"]?.integer) > 0)
        #expect(pod["securityContext"]?["seccompProfile"] == ["type": "RuntimeDefault"])
        for key in ["hostNetwork", "hostPID", "hostIPC", "serviceAccountName"] { #expect(pod[key] == nil) }
        for volume in pod["volumes"]?.array ?? [] {
            #expect((volume.object ?? [:]).keys.allSatisfy { ["name", "configMap", "emptyDir"].contains($0) })
        }
        #expect(pod["automountServiceAccountToken"]?.bool == false && pod["restartPolicy"]?.string == "Never")
        #expect(template["metadata"]?["annotations"]?["sidecar.istio.io/inject"]?.string == "false")
        #expect(template["metadata"]?["labels"]?["sidecar.istio.io/inject"]?.string == "false")
        #expect(job["spec"]?["backoffLimit"]?.integer == 0 && job["spec"]?["activeDeadlineSeconds"]?.integer == 89)
        #expect(job["spec"]?["ttlSecondsAfterFinished"] != nil && container["resources"]?["limits"]?["memory"] != nil)
        #expect(job["metadata"]?["annotations"]?[ProbeObjects.expires]?.string == "1970-01-01T00:00:00Z")
        #expect(job["metadata"]?["labels"]?[ProbeObjects.runLabel]?.string == run.id)
        #expect(container["image"]?.string == "mirror/curl@sha256:0" && pod["nodeSelector"] == ["a": "b"])
        #expect(pod["imagePullSecrets"] == [["name": "pull"]] && pod["tolerations"] == [["operator": "Exists"]])
    }

    @Test func runsAreUnlikeEachOther() {
        let runs = (0..<100).map { _ in ProbeRun(holder: "h") }
        #expect(Set(runs.map(\.nonce)).count == 100 && Set(runs.map(\.id)).count == 100)
        #expect(runs.allSatisfy { $0.nonce.count == 32 && $0.random.count == 32 && $0.id.count == 10 })
    }

    @Test func theListOfTargets() {
        let files = ProbeFiles(targets, random: run.random)
        #expect(
            files.texts["targets"] == """
                0 own kubernetes.default.svc 443 kubernetes.default.svc none - -
                1 void 192.0.2.1 443 192.0.2.1 - - -
                2 api 10.0.0.1 6443 api.b ca-0 /x -
                3 api fd00::1 443 [fd00::1] ca-0 - -
                4 api d.test 443 d.test none - -
                5 gateway 203.0.113.2 15443 203.0.113.2 - - hello-5
                6 status 203.0.113.2 15021 203.0.113.2 - /healthz/ready -

                """)
        #expect(files.texts["ca-0"] == "PEM-B" && files.texts["ca-1"] == nil)
        #expect(Set(files.binaries.keys) == ["hello-5", "small-5"] && files.size > 4000)
    }

    @Test(arguments: ["a b", "a\n0 own", "-x", "$(id)", "a;b", "a\"b", "", "a/b", "ä.test"]) func hostsThatAreNone(host: String) {
        #expect(!ProbeTarget(kind: .controlPlane, cluster: "b", host: host, port: 443).isUsable)
        #expect(!ProbeTarget(kind: .controlPlane, cluster: "b", host: "a", port: 443, serverName: host + " ").isUsable)
    }

    @Test func aHundredClustersFitInOneConfigMap() {
        let many = (0..<100).flatMap { number in
            [
                ProbeTarget(
                    kind: .controlPlane, cluster: "c\(number)", host: "10.0.0.\(number)", port: 443,
                    trust: .authority(Data(repeating: UInt8(number), count: 2000))),
                ProbeTarget(
                    kind: .gateway, cluster: "c\(number)", host: "10.1.0.\(number)", port: 15443,
                    serverName: "outbound_.1_._.a.b.svc.cluster.local"),
                ProbeTarget(kind: .gatewayStatus, cluster: "c\(number)", host: "10.1.0.\(number)", port: 15021),
            ]
        }
        #expect(ProbeFiles(many, random: run.random).size < ProbeFiles.limit / 2)
    }

    // MARK: Hellos and flights

    @Test func theHelloIsTheOneThatWasTriedAgainstEnvoy() {
        let name = "outbound_.5000_._.helloworld.sample.svc.cluster.local"
        let bytes = ClientHello.bytes(serverName: name, random: Array(0..<32))
        let expected =
            "16030100b4010000b00303000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f000010c02bc02fc02cc030cca9cca8009c009d010000770000003a00380000356f7574626f756e645f2e353030305f2e5f2e68656c6c6f776f726c642e73616d706c652e7376632e636c75737465722e6c6f63616c00100008000605697374696f000a00080006001d00170018000d0014001204030804040105030805050108060601020100170000ff01000100"
        #expect(bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == expected)
    }

    @Test func flightsOfAnyBytesAreRead() throws {
        var generator = SplitMix(state: 1)
        let leaf = Identity.make(.server())
        let records = ServerFlight.records(of: leaf)
        let whole = ServerFlight(records)
        #expect(whole.isWhole && whole.asksClientCertificate && whole.chain.map(\.der) == [leaf.certificateDER])
        for length in 0..<records.count { #expect(!ServerFlight(Array(records.prefix(length))).isWhole) }
        for _ in 0..<2000 {
            var damaged = records
            for _ in 0..<4 {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            _ = ServerFlight(damaged)
            _ = ServerFlight((0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
        #expect(ServerFlight(Array("HTTP/1.1 400".utf8)).isForeign && ServerFlight(Array("HTT".utf8)).isForeign)
        #expect(ServerFlight([0x15, 3, 3, 0, 2, 2, 70]).alert == 70 && !ServerFlight([]).isForeign)
    }

    // MARK: Holders, claims, tolerations

    @Test func holders() {
        let current = ProbeHolder.current
        #expect(!ProbeHolder.isGone(current))
        let parts = current.split(separator: ".")
        #expect(parts.count == 3)
        #expect(ProbeHolder.isGone("\(parts[0]).\(parts[1]).1") && ProbeHolder.isGone("\(parts[0]).4194303.1"))
        for other in ["", "x", "elsewhere.1.1", "unknown.1.1", "\(parts[0]).-1.1", "\(parts[0]).x.1", "a.b.c.d"] {
            #expect(!ProbeHolder.isGone(other), "\(other)")
        }
    }

    @Test func claims() {
        let now = Date(timeIntervalSince1970: 1_000_000)
        let claim = ProbeClaim(expires: now, holder: "elsewhere.1.1")
        #expect(ProbeClaim(claim.text) == claim)
        #expect(!claim.isDead(at: now) && claim.isDead(at: now + 1))
        #expect(!ProbeClaim("garbage").isDead(at: now) && !ProbeClaim("").isDead(at: now))
    }

    @Test func tolerationsAreRead() {
        #expect(Toleration("*") == Toleration(key: ""))
        #expect(Toleration("a") == Toleration(key: "a"))
        #expect(Toleration("a=b") == Toleration(key: "a", value: "b"))
        #expect(Toleration("a=b:NoSchedule") == Toleration(key: "a", value: "b", effect: "NoSchedule"))
        #expect(Toleration("a:NoExecute") == Toleration(key: "a", effect: "NoExecute"))
        for bad in ["", "=b", "a:No", ":NoSchedule"] { #expect(Toleration(bad) == nil, "\(bad)") }
    }

    @Test func limitsGrowWithTheTargets() {
        func limits(_ count: Int) -> ProbeLimits {
            ProbeLimits(targets: count, timeout: .seconds(10), connectTimeout: .seconds(5), start: .seconds(60))
        }
        #expect(limits(24).script == 29 && limits(25).script == 48 && limits(24).job == 89)
        #expect(limits(24).lifetime > limits(24).job)
    }
}

extension ServerFlight {
    /// TLS records of a TLS 1.2 server with this certificate, which asks for the client's. They cut messages anywhere.
    static func records(of identity: Identity) -> [UInt8] {
        func sized(_ bytes: [UInt8]) -> [UInt8] {
            [UInt8(bytes.count >> 16), UInt8(bytes.count >> 8 & 255), UInt8(bytes.count & 255)] + bytes
        }
        let certificates = sized(sized(Array(identity.certificateDER)))
        let messages = [2] + sized([3, 3]) + [11] + sized(certificates) + [13] + sized([1]) + [14] + sized([])
        return stride(from: 0, to: messages.count, by: 100).flatMap { start -> [UInt8] in
            let piece = Array(messages[start..<min(start + 100, messages.count)])
            return [0x16, 3, 3, 0, UInt8(piece.count)] + piece
        }
    }
}
