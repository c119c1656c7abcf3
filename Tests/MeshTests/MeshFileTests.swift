import Foundation
import StrictYAML
import Testing

@testable import Mesh

/// What a `mesh.yaml` may be, and what each mistake in it is told.
@Suite struct MeshFileTests {
    static let sound = """
        apiVersion: isthmus/v1
        fleetProject: my-fleet-host
        revision: asm-1246-9
        clusters:
          - name: gke-east
            kubeconfig: gke-east.kubeconfig
            platform: gke
            network: my-project-my-vpc
          - name: dc1
            kubeconfig: /etc/dc1.kubeconfig
            context: admin@dc1
        """

    @Test func readsWhatDesignShows() throws {
        let mesh = try MeshDeclaration(yaml: Self.sound, file: "mesh.yaml", relativeTo: URL(filePath: "/home/o/meshes"))
        #expect(
            mesh
                == MeshDeclaration(
                    fleetProject: "my-fleet-host", revision: "asm-1246-9",
                    clusters: [
                        ClusterDeclaration(
                            name: "gke-east", kubeconfig: "/home/o/meshes/gke-east.kubeconfig", network: "my-project-my-vpc",
                            platform: .gke),
                        ClusterDeclaration(name: "dc1", kubeconfig: "/etc/dc1.kubeconfig", context: "admin@dc1"),
                    ]))
    }

    @Test func readsWhatTheGatewayIsToBe() throws {
        func gateway(_ text: String) throws -> GatewayDeclaration {
            let file = "apiVersion: isthmus/v1\nclusters:\n  - name: a\n    kubeconfig: a\n    gateway: {\(text)}\n"
            let mesh = try MeshDeclaration(yaml: file, file: "mesh.yaml", relativeTo: URL(filePath: "/m"))
            return try #require(mesh.clusters.first).gateway
        }
        let read = try gateway(
            "sourceRanges: [198.51.100.7], address: 203.0.113.9, nodePorts: {tls: 30443}, annotations: {x/y: \"1\"}")
        var wanted = GatewayDeclaration()
        wanted.sourceRanges = ["198.51.100.7/32"]
        wanted.address = "203.0.113.9"
        wanted.nodePorts = ["tls": 30443]
        wanted.annotations = ["x/y": "1"]
        #expect(read == wanted)
        #expect(throws: YAMLError.self) { try gateway("nodePorts: {tsl: 30443}") }
        #expect(throws: YAMLError.self) { try gateway("nodePorts: {tls: 70000}") }
        #expect(throws: YAMLError.self) { try gateway("sourceRanges: [somewhere]") }
    }

    @Test func readsWhereOthersCallTheServer() throws {
        func server(_ text: String) throws -> String? {
            let file = "apiVersion: isthmus/v1\nclusters:\n  - name: a\n    kubeconfig: a\n    remoteServer: \(text)\n"
            return try MeshDeclaration(yaml: file, file: "mesh.yaml", relativeTo: URL(filePath: "/m")).clusters.first?
                .remoteServer
        }
        #expect(try server("https://10.20.0.5:443/") == "https://10.20.0.5:443")
        #expect(try server("\"https://[2001:db8::5]:6443\"") == "https://[2001:db8::5]:6443")
        #expect(try server("https://api.example.com/prod") == "https://api.example.com/prod")
        for bad in [
            "10.20.0.5:443", "http://10.20.0.5", "https://", "https://u:secret@10.20.0.5", "https://10.20.0.5?token=secret",
            "https://10.20.0.5:70000", "\"https://10.20.0.5 \"",
        ] {
            let error = #expect(throws: YAMLError.self, "\(bad)") { try server(bad) }
            #expect(error?.description.contains("mesh.yaml:5") == true && error?.description.contains("secret") == false)
        }
    }

    @Test func readsWhatConcernsGoogle() throws {
        let text = """
            apiVersion: isthmus/v1
            google:
              endpoints: {container: "https://container.internal:8443", compute: "https://compute.internal"}
              certificateAuthority: ca.pem
              credentials: /etc/key.json
            clusters:
              - name: a
                kubeconfig: a.kubeconfig
                googleCluster: projects/p/locations/europe-west1/clusters/a
                membership: projects/f/locations/global/memberships/a
                egress: [198.51.100.7, 203.0.113.0/28, "2001:db8::/64"]
                loadBalancer: internal
            """
        let mesh = try MeshDeclaration(yaml: text, file: "mesh.yaml", relativeTo: URL(filePath: "/m"))
        #expect(
            mesh.google
                == GoogleDeclaration(
                    endpoints: ["container": "https://container.internal:8443", "compute": "https://compute.internal"],
                    certificateAuthority: "/m/ca.pem", credentials: "/etc/key.json"))
        let cluster = try #require(mesh.clusters.first)
        #expect(cluster.googleCluster == "projects/p/locations/europe-west1/clusters/a")
        #expect(cluster.membership == "projects/f/locations/global/memberships/a")
        #expect(cluster.egress == ["198.51.100.7/32", "203.0.113.0/28", "2001:db8::/64"])
        #expect(cluster.loadBalancer == .internal)
    }

    @Test(arguments: [
        (
            "googleCluster: projects/p/clusters/a",
            "clusters[0].googleCluster must be of the form projects/PROJECT/locations/LOCATION/clusters/CLUSTER"
        ),
        (
            "membership: m",
            "clusters[0].membership must be of the form projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP"
        ),
        (
            "egress: [10.0.0.0/33]",
            #"clusters[0].egress[0] must be an address or a range such as 198.51.100.0/28, and is "10.0.0.0/33""#
        ),
        (
            "loadBalancer: intern",
            #"unknown kind of load balancer "intern" (did you mean internal?); known are external, internal"#
        ),
    ])
    func refusesOfGoogles(line: String, message: String) throws {
        let text = "apiVersion: isthmus/v1\nclusters:\n- name: a\n  kubeconfig: k\n  \(line)"
        let error = #expect(throws: YAMLError.self) {
            try MeshDeclaration(yaml: text, file: "mesh.yaml", relativeTo: URL(filePath: "/"))
        }
        #expect(error?.message == message)
    }

    @Test(arguments: [
        (#"{endpoints: {conteiner: "https://x"}}"#, #"unknown key "conteiner" in google.endpoints (did you mean "container"?)"#),
        ("{endpoints: {container: container.internal}}", "google.endpoints.container must be a URL that begins with https://"),
        ("{credentials: ''}", "google.credentials is empty: expected the path of a file"),
    ])
    func refusesOfGooglesSection(section: String, message: String) throws {
        let text = "apiVersion: isthmus/v1\ngoogle: \(section)\nclusters:\n- name: a\n  kubeconfig: k"
        let error = #expect(throws: YAMLError.self) {
            try MeshDeclaration(yaml: text, file: "mesh.yaml", relativeTo: URL(filePath: "/"))
        }
        #expect(error?.message == message)
    }

    @Test(arguments: [
        ("", "mesh.yaml: is empty"),
        ("clusters: [", "mesh.yaml:2:1: is not YAML: did not find expected node content"),
        ("- a", "mesh.yaml:1:1: the document must be a mapping, and is a list"),
        ("fleetProject: a", #"mesh.yaml:1:1: the key "apiVersion" is missing"#),
        ("apiVersion: v1\nclusters: []", #"mesh.yaml:1:13: apiVersion is "v1"; this isthmus reads isthmus/v1"#),
        ("apiVersion: isthmus/v1\nclusters: []", "mesh.yaml:2:11: clusters is empty: a mesh needs at least one"),
        ("apiVersion: isthmus/v1\nclusters: yes", #"mesh.yaml:2:11: clusters must be a list, and is "yes""#),
        (
            "apiVersion: isthmus/v1\nclusters:\n- name: a\n  kubeconfig: k\n  netwrok: n",
            #"mesh.yaml:5:3: unknown key "netwrok" in clusters[0] (did you mean "network"?)"#
        ),
        (
            "apiVersion: isthmus/v1\nclusters:\n- name: a\n  kubeconfig: k\n- name: a\n  kubeconfig: l",
            #"mesh.yaml:5:3: clusters[1]: the name "a" stands twice"#
        ),
        (
            "apiVersion: isthmus/v1\nclusters:\n- name: a\n  kubeconfig: [k]",
            "mesh.yaml:4:15: clusters[0].kubeconfig must be a text, and is a list"
        ),
        (
            "apiVersion: isthmus/v1\nclusters:\n- name: a\n  kubeconfig: k\n  platform: gkee",
            #"mesh.yaml:5:13: unknown platform "gkee" (did you mean gke?); known are gke, gdc-vmware, gdc-bare-metal, kubernetes"#
        ),
        (
            "apiVersion: isthmus/v1\nclusters:\n- name: \"a b\"\n  kubeconfig: k",
            "mesh.yaml:3:9: clusters[0].name must be a cluster name: 1 to 253 bytes without white space"
        ),
        ("apiVersion: isthmus/v1\nclusters: *nobody", "mesh.yaml:2:11: is not YAML: found undefined alias"),
        ("a: 1\na: 2", #"mesh.yaml:1:1: the key "a" stands twice"#),
    ])
    func saysWhatIsWrong(text: String, message: String) {
        let error = #expect(throws: YAMLError.self) {
            try MeshDeclaration(yaml: text, file: "mesh.yaml", relativeTo: URL(filePath: "/"))
        }
        #expect(error?.description == message)
    }

    /// Ten levels of ten aliases each: 10^10 nodes if anything unfolded them.
    @Test func aliasBombCostsNothing() {
        var text = "apiVersion: isthmus/v1\na0: &a0 [x]\n"
        for level in 1...10 {
            text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n"
        }
        text += "clusters: *a10"
        #expect(throws: YAMLError.self) { try MeshDeclaration(yaml: text, file: "mesh.yaml", relativeTo: URL(filePath: "/")) }
    }
}

@Suite struct MeshArgumentsTests {
    @Test(arguments: [
        (["east.kubeconfig", "dc1.yaml"], ["east", "dc1"]),
        (["a/config", "b/config"], ["a-config", "b-config"]),
        (["x/a/config", "x/b/config", "c.conf"], ["a-config", "b-config", "c"]),
        (["same", "same"], ["same", "same-2"]),
    ])
    func namesTellFilesApart(paths: [String], names: [String]) {
        #expect(MeshDeclaration.names(of: paths) == names)
    }

    @Test func eachMissingArgumentIsNamed() {
        #expect(throws: MeshError.self) { try MeshDeclaration(arguments: []) }
        #expect(throws: MeshError.self) { try MeshDeclaration(arguments: ["fleet"]) }
        let missing = #expect(throws: MeshError.self) { try MeshDeclaration(arguments: ["fleet", "/nowhere/k"]) }
        #expect(missing?.description == "/nowhere/k: there is no such kubeconfig")
        let swapped = #expect(throws: MeshError.self) { try MeshDeclaration(arguments: [#filePath, "fleet"]) }
        #expect(swapped?.description.contains("is a file") == true)
    }
}
