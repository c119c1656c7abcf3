import Facts
import Foundation
import Kubernetes
import Testing

@testable import Collect

@Suite struct RemoteSecretTests {
    /// `{"sub":"system:serviceaccount:istio-system:istio-reader-service-account"}`
    static let token =
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6aXN0aW8tc3lzdGVtOmlzdGlvLXJlYWRlci1zZXJ2aWNlLWFjY291bnQifQ."
        + "cGxhbnRlZFNlY3JldA"

    /// What istioctl create-remote-secret writes.
    static func kubeconfig(
        user: String = "token: \(token)", cluster: String = "server: https://198.51.100.2:6443", context: String = "cn-b"
    ) -> String {
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: cn-b, cluster: {\(cluster)}}]
        contexts: [{name: cn-b, context: {cluster: cn-b, user: cn-b}}]
        current-context: \(context)
        preferences: {}
        users: [{name: cn-b, user: {\(user)}}]
        """
    }

    static func secret(
        _ data: [String: String], labels: String = #""istio/multiCluster":"true""#,
        annotations: String = #""networking.istio.io/cluster":"cn-b""#
    ) throws -> SecretObject {
        let data = data.mapValues { Data($0.utf8).base64EncodedString() }
        let encoded = String(decoding: try JSONEncoder().encode(data), as: UTF8.self)
        return try decoded(
            """
            {"metadata":{"name":"istio-remote-secret-cn-b","namespace":"istio-system","labels":{\(labels)},
             "annotations":{\(annotations)}},"data":\(encoded)}
            """)
    }

    private func read(_ kubeconfig: String, allowed: Set<String> = []) throws -> RemoteSecret {
        try #require(RemoteSecret.read(try Self.secret(["cn-b": kubeconfig]), allowed: allowed).first)
    }

    @Test func asIstioctlWritesIt() throws {
        let secret = try read(Self.kubeconfig())
        #expect((secret.refused, secret.notTried) == ("", ""))
        #expect(secret.server?.url == "https://198.51.100.2:6443")
        #expect(secret.claims?.subject == "system:serviceaccount:istio-system:istio-reader-service-account")
        #expect(secret.access != nil)
        let row = try #require(Rows.remoteSecrets("a", [secret]) { _ in nil }.first)
        #expect((row["labelled"], row["annotation"], row["key"]) == (1, "cn-b", "cn-b"))
        #expect((row["server_kind"], row["token_expires_at"], row["target"], row["target_evidence"]) == ("public", 0, "", ""))
        #expect((row["ca_fingerprint"], row["skips_tls_verification"]) == ("", 0))
    }

    @Test(arguments: [
        ("exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, interactiveMode: Never}", "exec is not allowed"),
        ("tokenFile: /etc/shadow", "tokenFile is not allowed"), ("client-key: /root/key", "clientKey is not allowed"),
        ("client-certificate: /root/crt", "clientCertificate is not allowed"),
        ("client-certificate: c, client-key: k, tokenFile: t", "clientKey is not allowed"),
        ("auth-provider: {name: gcp, config: {}}", "auth provider gcp is not allowed"),
    ])
    func istiodRefuses(user: String, reason: String) throws {
        let secret = try read(Self.kubeconfig(user: user))
        #expect(secret.refused == "kubeconfig is not allowed: \(reason)")
        #expect(secret.access == nil)
        #expect(secret.notTried.contains(reason))
    }

    @Test func anyUserOfTheFileIsLookedAt() throws {
        let text = Self.kubeconfig() + "\n" + #"- {name: other, user: {tokenFile: /x}}"#
        let both = text.replacing(
            "users: [{name: cn-b, user: {token: \(Self.token)}}]\n",
            with: "users:\n- {name: cn-b, user: {token: \(Self.token)}}\n")
        #expect(try read(both).refused == "kubeconfig is not allowed: tokenFile is not allowed")
    }

    @Test func whatIstiodPermitsIsStillNotTriedFromHere() throws {
        for user in [
            "tokenFile: /etc/shadow",
            "exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, interactiveMode: Never}",
        ] {
            let secret = try read(Self.kubeconfig(user: user), allowed: ["tokenFile", "exec"])
            #expect(secret.refused == "")
            #expect(secret.access == nil)
            #expect(secret.notTried != "")
        }
        let authority = try read(Self.kubeconfig(cluster: "server: 'https://h.example.com', certificate-authority: /etc/passwd"))
        #expect((authority.refused, authority.access == nil) == ("", true))
    }

    @Test(arguments: [
        ("", "kubeconfig is empty"), ("\u{1}\u{2}", "it is not text"), ("a: [", "it is not YAML (line"),
        (Self.token, "cannot be loaded"), ("- 1", "cannot be loaded"), ("apiVersion: v1\nkind: Config\n", "is not valid"),
        (Self.kubeconfig(context: "gone"), "current-context names no context"),
        (Self.kubeconfig(cluster: "server: ''"), "is missing"),
        (Self.kubeconfig(user: "token: [\(Self.token)]"), "wrong type"),
        (Self.kubeconfig(cluster: "server: 'https://h', certificate-authority-data: '!'"), "cannot be loaded"),
    ])
    func unreadable(text: String, reason: String) throws {
        let secret = try read(text)
        #expect(secret.refused.contains(reason), "\(secret.refused)")
        #expect(secret.access == nil)
        #expect(!secret.refused.contains("cGxhbnRlZFNlY3JldA") && !secret.notTried.contains("cGxhbnRlZFNlY3JldA"))
    }

    @Test func clearTextIsNotTried() throws {
        let secret = try read(Self.kubeconfig(cluster: "server: 'http://10.0.0.1:8080'"))
        #expect((secret.refused, secret.access == nil, secret.server?.kind) == ("", true, .notHTTPS))
    }

    @Test func everyKeyIsARow() throws {
        let secret = try Self.secret(
            ["cn-c": "", "cn-b": Self.kubeconfig()], labels: #""istio/multiCluster":"True""#, annotations: "")
        let rows = Rows.remoteSecrets("a", RemoteSecret.read(secret, allowed: [])) { _ in nil }
        #expect(rows.map { $0["key"] } == ["cn-b", "cn-c"])
        #expect(rows.map { $0["labelled"] } == [0, 0])
        #expect(rows.map { $0["server_kind"] } == ["public", "none"])
        #expect(rows[1]["token_expires_at"] == .null)
        #expect(RemoteSecret.read(try decoded(SecretObject.self, #"{"metadata":{"name":"x"}}"#), allowed: []).isEmpty)
    }

    @Test func permittedOptionsAreThoseOfEveryIstiod() throws {
        func istiod(_ options: String) throws -> Deployment {
            try ControlPlaneTests.istiod(
                env: #"{"name":"PILOT_INSECURE_MULTICLUSTER_KUBECONFIG_OPTIONS","value":"\#(options)"}"#)
        }
        #expect(Rows.allowedOptions([try istiod("exec, tokenFile"), try istiod("tokenFile")]) == ["tokenFile"])
        #expect(Rows.allowedOptions([]) == [])
    }

    private func marks() -> [ClusterMark] {
        [
            ClusterMark(
                cluster: "a", uid: "ua", server: ServerURL("https://198.51.100.1"), authorities: ["ca"], clusterIDs: ["cn-a"]),
            ClusterMark(
                cluster: "b", uid: nil, server: ServerURL("https://198.51.100.2:6443"), authorities: ["cb"], clusterIDs: ["cn-b"]),
            ClusterMark(cluster: "c", uid: "uc", server: nil, authorities: ["cb"], clusterIDs: ["cn-c"]),
        ]
    }

    @Test func whereASecretLeads() throws {
        var secret = try read(Self.kubeconfig())
        func target(_ uid: String?) -> RemoteTarget? { RemoteTarget.find(secret, uid: uid, among: marks()) }
        #expect(target("ua") == RemoteTarget(cluster: "a", evidence: .uid))
        #expect(target(nil) == RemoteTarget(cluster: "b", evidence: .server))
        // The UID rules out a and c; b's is not known.
        #expect(target("other") == RemoteTarget(cluster: "b", evidence: .server))
        secret.server = ServerURL("https://lb.example.com")
        var declared = marks()
        declared[2].uid = nil
        declared[2].remoteServer = secret.server
        #expect(RemoteTarget.find(secret, uid: nil, among: declared) == RemoteTarget(cluster: "c", evidence: .server))
        secret.caFingerprint = "ca"
        #expect(target(nil) == RemoteTarget(cluster: "a", evidence: .authority))
        #expect(target("other") == RemoteTarget(cluster: "b", evidence: .key))
        secret.caFingerprint = "cb"
        #expect(target(nil) == RemoteTarget(cluster: "b", evidence: .key))
        secret.key = "stranger"
        #expect(target(nil) == nil)
    }
}
