import Foundation
import HTTP
import Peers
import Testing

@testable import Kubernetes

private struct Named: Decodable, Sendable, Equatable {
    struct Meta: Decodable, Sendable, Equatable {
        let name: String
        let namespace: String?
        let uid: String
        let resourceVersion: String?
    }
    let metadata: Meta
    let data: [String: String]?
}

/// Everything that needs a real API server.
@Suite(.apiServer) struct APIServerTests {
    let scratch: Scratch
    let server: APIServer
    let admin: KubernetesClient

    init() throws {
        scratch = try Scratch()
        server = try #require(APIServer.current)
        admin = try server.client(scratch: scratch)
    }

    private func configMap(_ name: String, _ value: String = "v", labels: JSONValue = [:]) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name), "labels": labels],
            "data": ["key": .string(value)],
        ]
    }

    /// A namespace of its own for each test.
    private func namespace(_ name: String) async throws -> String {
        let object: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        return try await admin.create(Resource.namespaces.path(), object, manager: "test", as: Named.self).metadata.name
    }

    /// The error of a request that must fail.
    private func error(
        sourceLocation: SourceLocation = #_sourceLocation, _ request: () async throws(KubernetesError) -> some Any
    ) async -> KubernetesError? {
        do {
            _ = try await request()
            Issue.record("an answer where an error was due", sourceLocation: sourceLocation)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Reading

    @Test func versionAndClock() async throws {
        let (version, answer) = try await admin.versionAndAnswer()
        #expect(version.gitVersion.hasPrefix("v1."))
        #expect(try #require(version.number) >= 1020)
        #expect(abs(Double(try #require(answer.serverDate)) - Date().timeIntervalSince1970) < 3)
        #expect(answer.sentAt <= answer.receivedAt && answer.timing.total > 0)
    }

    @Test func discovery() async throws {
        let groups = try await admin.apiGroups()
        #expect(groups.has("apps") && !groups.has("networking.istio.io"))
        #expect(groups.firstServed("apps", ["v1beta1", "v1"]) == "v1")
        #expect(groups.firstServed("apps", ["v9"]) == nil)
        let version = try #require(groups.firstServed("discovery.k8s.io", ["v1", "v1beta1"]))
        let slices = Resource(group: "discovery.k8s.io", version: version, "endpointslices")
        _ = try await admin.list(slices.path(), as: Named.self)
    }

    @Test func listsInPagesAndSelects() async throws {
        let namespace = try await namespace("pages")
        let path = Resource.configMaps.path(namespace: namespace)
        for number in 0..<11 {
            let labels: JSONValue = number == 3 ? ["which": "three"] : [:]
            _ = try await admin.create(path, configMap("c\(number)", labels: labels), manager: "test", as: Named.self)
        }
        let own = Selection(fields: "metadata.name!=kube-root-ca.crt")
        let all = try await admin.list(path, own, as: Named.self, pageSize: 4)
        #expect(Set(all.items.map(\.metadata.name)) == Set((0..<11).map { "c\($0)" }))
        #expect(all.pages >= 3 && !all.resourceVersion.isEmpty)
        let one = try await admin.list(path, Selection(labels: "which=three"), as: Named.self)
        #expect(one.items.map(\.metadata.name) == ["c3"])
        let named = try await admin.list(path, Selection(fields: "metadata.name=c7"), as: Named.self)
        #expect(named.items.map(\.metadata.name) == ["c7"])
        let tooMany = await error { () throws(KubernetesError) in
            try await admin.list(path, own, as: Named.self, pageSize: 4, cap: 5)
        }
        #expect(tooMany?.description.contains("more than 5 objects") == true)
    }

    @Test func metadataAloneOfSecrets() async throws {
        let namespace = try await namespace("metadata")
        let secret: JSONValue = [
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s", "labels": ["a": "b"]],
            "stringData": ["password": "Sw0rdfish"],
        ]
        _ = try await admin.create(Resource.secrets.path(namespace: namespace), secret, manager: "test", as: Named.self)
        let path = Resource.secrets.path(namespace: namespace, name: "s")
        let one = try #require(try await admin.findMetadata(path, as: Named.self))
        #expect(one.metadata.name == "s" && one.data == nil)
        let list = try await admin.listMetadata(
            Resource.secrets.path(namespace: namespace), Selection(labels: "a=b"), as: Named.self)
        #expect(list.items == [one])
        #expect(try await admin.findMetadata(Resource.secrets.path(namespace: namespace, name: "none"), as: Named.self) == nil)
    }

    @Test func findsOrNot() async throws {
        #expect(
            try await admin.find(Resource.namespaces.path(name: "kube-system"), as: Named.self)?.metadata.name == "kube-system")
        #expect(try await admin.find(Resource.namespaces.path(name: "none"), as: Named.self) == nil)
        let path = Resource(group: "networking.istio.io", version: "v1beta1", "gateways").path()
        let missing = await error { () throws(KubernetesError) in try await admin.list(path, as: Named.self) }
        #expect(missing?.isNotFound == true)
    }

    @Test(.timeLimit(.minutes(1))) func watches() async throws {
        let namespace = try await namespace("watch")
        let path = Resource.configMaps.path(namespace: namespace)
        let select = Selection(labels: "watched=yes")
        let labels: JSONValue = ["watched": "yes"]
        _ = try await admin.create(path, configMap("first", labels: labels), manager: "test", as: Named.self)
        var seen: [String] = []
        for try await event in admin.watch(path, select, as: Named.self, deadline: .seconds(40)) {
            switch event {
            case .all(let all):
                seen.append("all \(all.map(\.metadata.name))")
                _ = try await admin.create(path, configMap("second", labels: labels), manager: "test", as: Named.self)
            case .added(let object):
                seen.append("added \(object.metadata.name)")
                let change = configMap("second", "changed", labels: labels)
                _ = try await admin.apply("\(path)/second", change, manager: "test", force: true, as: Named.self)
            case .modified(let object):
                seen.append("modified \(object.data?["key"] ?? "")")
                try await admin.delete("\(path)/second")
            case .deleted(let object): seen.append("deleted \(object.metadata.name)")
            }
            if seen.count == 4 { break }
        }
        #expect(seen == [#"all ["first"]"#, "added second", "modified changed", "deleted second"])
    }

    @Test(.timeLimit(.minutes(1))) func waitsForAConditionOrADeadline() async throws {
        let namespace = try await namespace("wait")
        let path = Resource.configMaps.path(namespace: namespace)
        let select = Selection(labels: "watched=yes")
        async let found = admin.wait(path, select, as: Named.self, deadline: .seconds(40), key: \.metadata.name) { objects in
            objects.count == 2 ? objects.map(\.metadata.name).sorted() : nil
        }
        for name in ["a", "b"] {
            _ = try await admin.create(path, configMap(name, labels: ["watched": "yes"]), manager: "test", as: Named.self)
        }
        #expect(try await found == ["a", "b"])
        let never: Bool? = try await admin.wait(path, as: Named.self, deadline: .seconds(1), key: \.metadata.name) { _ in nil }
        #expect(never == nil)
    }

    // MARK: Writing

    @Test func appliesDeletesAndMinds() async throws {
        let namespace = try await namespace("apply")
        let path = Resource.configMaps.path(namespace: namespace, name: "a")
        _ = try await admin.apply(path, configMap("a"), manager: "one", dryRun: true, as: Named.self)
        #expect(try await admin.find(path, as: Named.self) == nil)
        let first = try await admin.apply(path, configMap("a"), manager: "one", as: Named.self)
        let same = try await admin.apply(path, configMap("a"), manager: "one", as: Named.self)
        #expect(same.metadata.uid == first.metadata.uid && same.data == first.data)
        let conflict = await error { () throws(KubernetesError) in
            try await admin.apply(path, configMap("a", "other"), manager: "two", as: Named.self)
        }
        #expect(conflict?.isConflict == true)
        guard case .status(let status) = conflict?.cause else {
            Issue.record("no status")
            return
        }
        #expect(status.reason == "Conflict" && status.details.causes.contains { $0.reason == "FieldManagerConflict" })
        let forced = try await admin.apply(path, configMap("a", "other"), manager: "two", force: true, as: Named.self)
        #expect(forced.data == ["key": "other"])

        let wrong = await error { () throws(KubernetesError) in
            try await admin.delete(path, preconditions: Preconditions(uid: "00000000-0000-0000-0000-000000000000"))
        }
        #expect(wrong?.isConflict == true)
        try await admin.delete(path, preconditions: Preconditions(uid: first.metadata.uid), dryRun: true)
        try await admin.delete(path, preconditions: Preconditions(uid: first.metadata.uid))
        let gone = await error { () throws(KubernetesError) in try await admin.delete(path) }
        #expect(gone?.isNotFound == true)
    }

    @Test func logsOfAPodWithoutANode() async throws {
        let namespace = try await namespace("logs")
        let pod: JSONValue = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p"],
            "spec": ["containers": [["name": "c", "image": "none"]]],
        ]
        _ = try await admin.create(Resource.pods.path(namespace: namespace), pod, manager: "test", as: Named.self)
        let error = await error { () throws(KubernetesError) in
            try await admin.logs(namespace: namespace, pod: "p", container: "x")
        }
        guard case .status(let status) = error?.cause else {
            Issue.record("no status: \(String(describing: error))")
            return
        }
        #expect(status.code == 400 && status.message.contains("container x is not valid"))
    }

    // MARK: Who asks

    private func grant(_ name: String, _ user: String) async throws {
        let group = "rbac.authorization.k8s.io"
        let role: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": .string(name)],
            "rules": [["apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]]],
        ]
        let binding: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": ["name": .string(name)],
            "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": .string(name)],
            "subjects": [["apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": .string(user)]],
        ]
        _ = try await admin.apply(Resource(group: group, "clusterroles").path(name: name), role, manager: "test", as: Named.self)
        _ = try await admin.apply(
            Resource(group: group, "clusterrolebindings").path(name: name), binding, manager: "test", as: Named.self)
    }

    @Test(.timeLimit(.minutes(1))) func accessReviewsAgreeWithWhatHappens() async throws {
        try await grant("read-namespaces", "reader")
        let reader = try server.client(user: "token: \(APIServer.readerToken)", scratch: scratch)
        // The authorizer learns of the binding a moment later.
        while try await !reader.mayI(AccessQuestion("list", "namespaces")).allowed {
            try await Task.sleep(for: .milliseconds(50))
        }
        _ = try await reader.list(Resource.namespaces.path(), as: Named.self)
        let secrets = try await reader.mayI(AccessQuestion("list", "secrets", namespace: "kube-system"))
        #expect(!secrets.allowed && secrets.evaluationError.isEmpty)
        let logs = try await reader.mayI(AccessQuestion("get", "pods", subresource: "log", namespace: "default", name: "p"))
        #expect(!logs.allowed)
        let path = Resource.secrets.path(namespace: "kube-system")
        let denied = await error { () throws(KubernetesError) in try await reader.list(path, as: Named.self) }
        #expect(denied?.isForbidden == true)
        #expect(
            denied?.description.hasPrefix(
                "cluster c: GET https://127.0.0.1:\(server.port)\(path): HTTP 403 (the credential is not allowed to do this): secrets is forbidden"
            )
                == true, "\(String(describing: denied))")
        // The administrator who acts as the reader may do as little.
        let acting = try server.client(user: "token: \(APIServer.adminToken), as: reader, as-groups: [readers]", scratch: scratch)
        #expect(try await !acting.mayI(AccessQuestion("list", "secrets", namespace: "kube-system")).allowed)
        #expect(try await acting.mayI(AccessQuestion("list", "namespaces")).allowed)
    }

    @Test func aWrongTokenIsUnauthorized() async throws {
        let stranger = try server.client(user: "token: Sw0rdfish", scratch: scratch)
        let error = await error { () throws(KubernetesError) in try await stranger.get("/api", as: JSONValue.self) }
        #expect(error?.isUnauthorized == true)
        #expect(error?.description.contains("the credential was not accepted") == true)
        #expect(error?.description.contains("Sw0rdfish") == false)
    }

    @Test func clientCertificates() async throws {
        let identity = Identity.make(.server().with { $0.subject = "CN=someone,O=system:masters" }, by: APIServer.authority)
        let user =
            "client-certificate-data: \(identity.certificatePEM.base64EncodedString()), client-key-data: \(identity.keyPEM.base64EncodedString())"
        let client = try server.client(user: user, scratch: scratch)
        #expect(client.access.credentialKind == .clientCertificate)
        let left = Double(try #require(client.access.clientCertificateNotAfter)) - Date().timeIntervalSince1970
        #expect(abs(left - 86_400) < 600)
        _ = try await client.list(Resource.secrets.path(), as: Named.self)
        let expired = Identity.make(
            .server().with {
                $0.subject = "CN=someone,O=system:masters"
                $0.notBefore = -7200
                $0.notAfter = -3600
            }, by: APIServer.authority)
        let late = try server.client(
            user:
                "client-certificate-data: \(expired.certificatePEM.base64EncodedString()), client-key-data: \(expired.keyPEM.base64EncodedString())",
            scratch: scratch)
        #expect(try #require(late.access.clientCertificateNotAfter) < Int(Date().timeIntervalSince1970))
        let refused = await error { () throws(KubernetesError) in try await late.list(Resource.secrets.path(), as: Named.self) }
        #expect(refused?.isUnauthorized == true, "\(String(describing: refused))")
    }

    // MARK: Plugins

    private func plugin(_ script: String) throws -> KubernetesClient {
        try scratch.script("bin/own", script)
        let exec = "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: own}"
        return try server.client(user: exec, scratch: scratch, allowed: ["own"])
    }

    private func token(_ token: String) -> String {
        #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"\#(token)"}}"#
    }

    @Test func aRefusedCredentialIsAskedForOnceMore() async throws {
        let client = try plugin(
            "echo run >>$D/runs; if [ $(wc -l <$D/runs) -gt 1 ]; then echo '\(token(APIServer.adminToken))'; else echo '\(token("old"))'; fi"
        )
        _ = try await client.list(Resource.secrets.path(), as: Named.self)
        _ = try await client.list(Resource.secrets.path(), as: Named.self)
        #expect(scratch.read("runs") == "run\nrun\n")
    }

    @Test func aCredentialThatIsAlwaysRefusedIsAskedForTwice() async throws {
        let client = try plugin("echo run >>$D/runs; echo '\(token("wrong"))'")
        let error = await error { () throws(KubernetesError) in try await client.list(Resource.secrets.path(), as: Named.self) }
        #expect(error?.isUnauthorized == true)
        #expect(scratch.read("runs") == "run\nrun\n")
    }

    @Test func aPluginMayGiveACertificate() async throws {
        let identity = Identity.make(.server().with { $0.subject = "CN=someone,O=system:masters" }, by: APIServer.authority)
        let credential: JSONValue = [
            "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
            "status": [
                "clientCertificateData": .string(String(decoding: identity.certificatePEM, as: UTF8.self)),
                "clientKeyData": .string(String(decoding: identity.keyPEM, as: UTF8.self)),
            ],
        ]
        try scratch.write("credential", String(decoding: try credential.encoded(), as: UTF8.self))
        _ = try await plugin("cat $D/credential").list(Resource.secrets.path(), as: Named.self)
    }

    @Test func anUntrustedPluginIsNoAnswer() async throws {
        let exec = "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: evil}"
        let client = try server.client(user: exec, scratch: scratch)
        let error = await error { () throws(KubernetesError) in try await client.list(Resource.secrets.path(), as: Named.self) }
        #expect(
            error?.description.contains("cluster c: GET https://127.0.0.1:\(server.port)/api/v1/secrets: no credential: ") == true
        )
        guard case .credential(let reason) = error?.cause else {
            Issue.record("no credential error")
            return
        }
        #expect(reason.kind == .untrustedProgram)
    }
}
