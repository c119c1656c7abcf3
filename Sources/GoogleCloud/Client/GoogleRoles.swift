import Foundation
import Secrecy

/// Which predefined role to grant for a permission, and how to write the command.
package enum GoogleRoles {
    /// The least predefined role that holds a permission that isthmus, or the set-up of a mesh, needs; `nil`: not known here.
    ///
    /// Source: https://cloud.google.com/iam/docs/roles-permissions.
    package static func least(for permission: String) -> String? {
        if let role = exact[permission] { return role }
        let parts = permission.split(separator: ".").map(String.init)
        guard let service = parts.first, let verb = parts.last, parts.count > 2 else { return nil }
        let reads = verb.hasPrefix("get") || verb.hasPrefix("list") || verb.hasPrefix("search")
        return reads ? readers[service] : writers[service]
    }

    private static let exact = [
        "resourcemanager.projects.get": "roles/browser",
        "resourcemanager.projects.getIamPolicy": "roles/iam.securityReviewer",
        "resourcemanager.projects.setIamPolicy": "roles/resourcemanager.projectIamAdmin",
        "serviceusage.services.get": "roles/serviceusage.serviceUsageViewer",
        "serviceusage.services.list": "roles/serviceusage.serviceUsageViewer",
        "serviceusage.services.use": "roles/serviceusage.serviceUsageConsumer",
        "serviceusage.services.enable": "roles/serviceusage.serviceUsageAdmin",
        "serviceusage.quotas.get": "roles/servicemanagement.quotaViewer",
        "container.clusters.get": "roles/container.clusterViewer",
        "container.clusters.list": "roles/container.clusterViewer",
        "container.clusters.update": "roles/container.clusterAdmin",
        "container.clusters.create": "roles/container.clusterAdmin",
        "gkehub.gateway.get": "roles/gkehub.gatewayReader",
        "compute.firewalls.create": "roles/compute.securityAdmin",
        "compute.firewalls.update": "roles/compute.securityAdmin",
        "compute.firewalls.delete": "roles/compute.securityAdmin",
        "compute.networks.updatePolicy": "roles/compute.securityAdmin",
        "compute.organizations.enableXpnResource": "roles/compute.xpnAdmin",
        "compute.organizations.enableXpnHost": "roles/compute.xpnAdmin",
        "compute.organizations.administerXpn": "roles/compute.xpnAdmin",
        "iam.serviceAccounts.getAccessToken": "roles/iam.serviceAccountTokenCreator",
        "iam.serviceAccounts.signBlob": "roles/iam.serviceAccountTokenCreator",
        "iam.serviceAccounts.actAs": "roles/iam.serviceAccountUser",
        "iam.serviceAccounts.create": "roles/iam.serviceAccountCreator",
        "iam.serviceAccountKeys.create": "roles/iam.serviceAccountKeyAdmin",
    ]

    /// By the permission's first word, for what only reads.
    private static let readers = [
        "gkehub": "roles/gkehub.viewer", "container": "roles/container.viewer", "compute": "roles/compute.networkViewer",
        "orgpolicy": "roles/orgpolicy.policyViewer", "gkeonprem": "roles/gkeonprem.viewer",
        "cloudquotas": "roles/cloudquotas.viewer", "privateca": "roles/privateca.auditor",
        "meshconfig": "roles/meshconfig.viewer",
        "iam": "roles/iam.securityReviewer",
    ]

    private static let writers = [
        "gkehub": "roles/gkehub.editor", "container": "roles/container.admin", "compute": "roles/compute.networkAdmin",
        "orgpolicy": "roles/orgpolicy.policyAdmin", "gkeonprem": "roles/gkeonprem.admin", "privateca": "roles/privateca.admin",
        "meshconfig": "roles/meshconfig.admin", "servicemanagement": "roles/servicemanagement.admin",
        "iam": "roles/iam.serviceAccountAdmin",
    ]

    /// Stands for a person whose name only gcloud knows.
    static let gcloudAccount = "$(gcloud config get-value account)"

    /// A principal as `--member=` takes it, quoted for a shell.
    package static func member(_ principal: String) -> String {
        if principal == gcloudAccount { return "\"user:\(gcloudAccount)\"" }
        if principal.hasSuffix(".gserviceaccount.com") { return quoted("serviceAccount:\(principal)") }
        if principal.contains("@") { return quoted("user:\(principal)") }
        // A pool's audience names the provider as well; whoever comes through the pool is meant.
        if let pool = principal.firstMatch(of: #/(projects|locations)\/.*(workloadIdentityPools|workforcePools)\/[^\/]+/#) {
            return quoted("principalSet://iam.googleapis.com/\(pool.output.0)/*")
        }
        return "MEMBER"
    }

    /// The command that grants a role on a resource such as `projects/p`, `folders/1`, `organizations/1`.
    package static func grant(role: String, on resource: String, to principal: String) -> String {
        let parts = resource.split(separator: "/").map(String.init)
        let name = parts.count > 1 ? quoted(parts[1]) : ""
        let command =
            switch parts.first {
            case "projects": "gcloud projects add-iam-policy-binding \(name)"
            case "folders": "gcloud resource-manager folders add-iam-policy-binding \(name)"
            case "organizations": "gcloud organizations add-iam-policy-binding \(name)"
            default: ""
            }
        guard !command.isEmpty else { return "Grant \(role) to \(member(principal))" }
        return "\(command) --member=\(member(principal)) --role=\(role)"
    }
}
