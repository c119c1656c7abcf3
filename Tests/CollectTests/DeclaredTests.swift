import Facts
import Foundation
import Kubernetes
import Mesh
import Testing

@testable import Collect

@Suite struct DeclaredTests {
    private func access(_ cluster: String, _ user: String) throws -> ClusterAccess {
        let text = """
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {\(cluster)}}]
            contexts: [{name: ctx, context: {cluster: c, user: u}}]
            current-context: ctx
            users: [{name: u, user: {\(user)}}]
            """
        return try Kubeconfig.parse(Data(text.utf8), name: "a.kubeconfig").resolve()
    }

    @Test func clusterAsDeclared() throws {
        let declaration = ClusterDeclaration(
            name: "a", kubeconfig: "/home/me/my clusters/a's.kubeconfig", network: "n", platform: .gke)
        let row = Rows.cluster(declaration, try access("server: 'https://10.0.0.1:6443/k8s/'", "token: t"))
        #expect((row["kubeconfig"], row["context"]) == ("/home/me/my clusters/a's.kubeconfig", "ctx"))
        #expect(row["flags"] == #"--kubeconfig '/home/me/my clusters/a'\''s.kubeconfig' --context ctx"#)
        #expect((row["server_host"], row["server_port"], row["server_kind"]) == ("10.0.0.1", 6443, "private"))
        #expect((row["declared_network"], row["declared_platform"]) == ("n", "gke"))
        let here = FileManager.default.currentDirectoryPath
        let near = Rows.cluster(ClusterDeclaration(name: "a", kubeconfig: "\(here)/near.kubeconfig"), nil)
        #expect(near["flags"] == "--kubeconfig near.kubeconfig")
        let broken = Rows.cluster(declaration, nil)
        #expect((broken["server"], broken["server_port"], broken["server_kind"]) == ("", 0, "none"))
        #expect(broken["flags"] == #"--kubeconfig '/home/me/my clusters/a'\''s.kubeconfig'"#)
    }

    @Test func theServerForOthers() throws {
        var declaration = ClusterDeclaration(name: "a", kubeconfig: "a.kubeconfig")
        #expect(Rows.declaredServer(declaration) == [])
        declaration.remoteServer = "https://10.20.0.5:6443/prod"
        let row = try #require(Rows.declaredServer(declaration).first)
        #expect((row["server"], row["server_host"]) == ("https://10.20.0.5:6443/prod", "10.20.0.5"))
        #expect((row["server_path"], row["server_kind"]) == ("/prod", "private"))
    }

    @Test(arguments: [
        ("token: t", "token"), ("username: u, password: p", "basic"), ("", "none"),
        ("exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: gke-gcloud-auth-plugin}", "exec"),
        ("auth-provider: {name: oidc, config: {id-token: t}}", "oidc"),
    ])
    func credentials(user: String, kind: String) throws {
        let row = Rows.kubeconfigUse(
            "a", try access("server: 'https://h', insecure-skip-tls-verify: true, tls-server-name: name", user))
        #expect(row["credential"] == .text(kind))
        #expect((row["skips_tls_verification"], row["has_certificate_authority"], row["tls_server_name"]) == (1, 0, "name"))
        #expect((row["client_certificate_not_after"], row["impersonates"], row["proxy_host"]) == (0, 0, ""))
    }

    @Test func proxyWithoutItsPassword() throws {
        let row = Rows.kubeconfigUse(
            "a", try access("server: 'https://h', proxy-url: 'http://user:secret@proxy.example.com:3128'", "as: x, token: t"))
        #expect((row["proxy_host"], row["impersonates"]) == ("proxy.example.com:3128", 1))
    }

    @Test(
        arguments: [
            ("123", [], "123", "proj-123"), ("fleet", ["fleet|42|c|l", "other|7|c|l"], "42", "proj-42"),
            ("fleet", ["fleet|42|c|l", "fleet|43|c|l"], "", nil), ("fleet", ["fleet"], "", nil), ("", ["|42|c|l"], "", nil),
        ] as [(String, [String], String, String?)])
    func fleet(project: String, metadata: [String], number: String, meshID: String?) {
        let maps = metadata.map {
            ControlPlaneTests.configMap("istio", ["mesh": "defaultConfig: {proxyMetadata: {GCP_METADATA: '\($0)'}}"])
        }
        let row = Rows.mesh(MeshDeclaration(fleetProject: project, clusters: []), configMaps: maps)
        #expect((row["fleet_project_number"], row["mesh_id"]) == (.text(number), FactValue(meshID)))
        let declared = Rows.mesh(MeshDeclaration(fleetProject: project, meshID: "own", clusters: []), configMaps: maps)
        #expect(declared["mesh_id"] == "own")
    }

    @Test func pairsInBothDirections() {
        #expect(Rows.clusterPairs(["a", "b", "c"]).count == 6)
        #expect(Rows.clusterPairs(["a"]).isEmpty)
    }
}
