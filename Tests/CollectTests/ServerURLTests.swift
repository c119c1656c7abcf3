import Testing

@testable import Collect

@Suite struct ServerURLTests {
    @Test(arguments: [
        ("https://198.51.100.1:6443", ServerKind.public),
        ("https://10.0.0.1", .private), ("https://172.16.0.1", .private), ("https://172.31.255.255", .private),
        ("https://172.15.255.255", .public), ("https://172.32.0.1", .public), ("https://192.168.1.1", .private),
        ("https://192.169.1.1", .public), ("https://100.64.0.1", .private), ("https://100.127.255.255", .private),
        ("https://100.128.0.1", .public), ("https://100.63.255.255", .public),
        ("https://127.0.0.1:6443", .loopback), ("https://127.255.0.9", .loopback), ("https://0.0.0.0:6443", .unspecified),
        ("https://169.254.169.254", .linkLocal),
        ("https://[::1]:6443", .loopback), ("https://[::]:6443", .unspecified), ("https://[fe80::1%25eth0]", .linkLocal),
        ("https://[febf::1]", .linkLocal), ("https://[fec0::1]", .private), ("https://[fd00::1]", .private),
        ("https://[fc00::1]", .private), ("https://[fe00::1]", .public), ("https://[2001:db8::1]:443", .public),
        ("https://[::ffff:10.0.0.1]", .private), ("https://[::ffff:8.8.8.8]", .public), ("https://[::ffff:127.0.0.1]", .loopback),
        ("https://localhost:6443", .loopback), ("https://LOCALHOST", .loopback), ("https://api.localhost", .loopback),
        ("https://host.docker.internal:6443", .localAlias), ("https://kubernetes.docker.internal", .localAlias),
        ("https://control-plane.minikube.internal:8443", .localAlias), ("https://kubernetes.default.svc", .localAlias),
        ("https://kubernetes", .unqualified), ("https://master-1:6443", .unqualified),
        ("https://connectgateway.googleapis.com/v1/projects/1/locations/global/memberships/a", .connectGateway),
        ("https://us-central1-connectgateway.googleapis.com/v1/projects/1/locations/us/gkeMemberships/a", .connectGateway),
        ("https://gke-0123-456.us-central1.gke.goog", .dnsEndpoint), ("https://gke.goog.example.com", .hostname),
        ("https://api.example.com:6443", .hostname), ("https://api.example.com.:6443", .hostname),
        ("https://connectgateway.example.com", .hostname), ("https://256.1.1.1", .hostname),
        ("http://10.0.0.1:8080", .notHTTPS), ("ftp://api.example.com", .notHTTPS),
    ])
    func kind(url: String, expected: ServerKind) throws {
        #expect(try #require(ServerURL(url)).kind == expected)
    }

    @Test func partsWithoutSecrets() throws {
        let url = try #require(ServerURL("HTTPS://user:secret@API.Example.com:6443/k8s/clusters/c-1?token=secret#x"))
        #expect((url.scheme, url.host, url.port, url.path) == ("https", "api.example.com", 6443, "/k8s/clusters/c-1"))
        #expect(url.url == "https://api.example.com:6443/k8s/clusters/c-1")
        #expect(try #require(ServerURL("https://[2001:DB8::1]/")).url == "https://[2001:db8::1]")
        #expect(try #require(ServerURL("https://h")).port == 443)
        #expect(try #require(ServerURL("http://h")).port == 80)
    }

    @Test(arguments: [
        "", "10.0.0.1:6443", "https://", "https:///path", "https://h:0", "https://h:65536", "https://h:x", "https://[::1",
        "https://[::1]x", "://h",
    ])
    func noURL(text: String) {
        #expect(ServerURL(text) == nil)
    }
}
