import Kubernetes
import Mesh
import Testing

@testable import Setup

/// Which clusters gcloud is to register, and how it is told.
@Suite struct FleetRegistrationTests {
    private func cluster(
        _ platform: Platform?, isRegistered: Bool? = false, link: String = "", name: String = "a", membership: String? = nil
    ) -> SeenCluster {
        var cluster = SeenCluster(
            declaration: ClusterDeclaration(name: name, kubeconfig: "/etc/a.kubeconfig", membership: membership))
        (cluster.platform, cluster.isRegistered, cluster.link) = (platform, isRegistered, link)
        return cluster
    }

    private func plan(_ cluster: SeenCluster, fleet: String = "my-fleet") -> FleetRegistration {
        FleetRegistration.plan(cluster, fleet: fleet, context: "ctx")
    }

    private func words(_ registration: FleetRegistration, _ verb: String) -> String {
        (registration.act?.desired[verb]?.array ?? []).compactMap(\.string).joined(separator: " ")
    }

    @Test func aClusterOfGKEIsNamedByItsLink() {
        let link = "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c"
        let found = plan(cluster(.gke, link: link))
        #expect(found.act?.verb == .create && found.finding == nil && found.act?.isForProgram == true)
        #expect(
            words(found, "register")
                == "container fleet memberships register a --project=my-fleet --gke-uri=\(link) --enable-workload-identity --quiet"
        )
        #expect(
            words(found, "unregister") == "container fleet memberships unregister a --project=my-fleet --gke-uri=\(link) --quiet")
    }

    @Test func anotherClusterIsNamedByItsKubeconfig() {
        for platform in [Platform.kubernetes, nil] {
            let found = plan(cluster(platform, membership: "projects/my-fleet/locations/global/memberships/site"))
            #expect(
                words(found, "register")
                    == "container fleet memberships register site --project=my-fleet --kubeconfig=/etc/a.kubeconfig --context=ctx "
                    + "--enable-workload-identity --has-private-issuer --quiet")
        }
    }

    @Test func whoIsInAFleetStaysThere() {
        let found = plan(cluster(.gke, isRegistered: true))
        #expect(found.act?.verb == .leave && found.finding == nil)
    }

    @Test(arguments: [
        (Platform.gke, false as Bool?, "my-fleet", "a", Finding.Severity.unknown, "which GKE cluster"),
        (.gdcVMware, false, "my-fleet", "a", .error, "registers its clusters itself"),
        (.gdcBareMetal, false, "my-fleet", "a", .error, "registers its clusters itself"),
        (.kubernetes, nil, "my-fleet", "a", .unknown, "was not seen"),
        (.kubernetes, false, "", "a", .error, "no fleet host project"),
        (.kubernetes, false, "my-fleet", "Not_a_label", .error, "cannot be a membership's name"),
        (.kubernetes, false, "my-fleet", "-a", .error, "cannot be a membership's name"),
    ]) func whatGcloudCannotBeTold(
        platform: Platform, isRegistered: Bool?, fleet: String, name: String, severity: Finding.Severity, words: String
    ) {
        let found = plan(cluster(platform, isRegistered: isRegistered, name: name), fleet: fleet)
        #expect(found.act == nil && found.finding?.severity == severity && found.finding?.text.contains(words) == true)
        #expect(found.finding?.remedy.isEmpty == false)
    }
}
