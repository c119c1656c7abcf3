import Foundation
import HTTP
import Secrecy
import Testing

@testable import GoogleCloud

/// What Google's refusals mean, and the command that mends each. The bodies are as Google's APIs write them.
struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let service: GoogleService
        let path: String
        let status: Int
        let body: String
        let kind: GoogleFailure.Kind
        let mend: String
        var testDescription: String { "\(kind)" }

        init(
            _ service: GoogleService, _ path: String, _ status: Int, _ body: String, _ kind: GoogleFailure.Kind, _ mend: String
        ) {
            self.service = service
            self.path = path
            self.status = status
            self.body = body
            self.kind = kind
            self.mend = mend
        }
    }

    static func error(_ code: Int, _ status: String, _ message: String, _ details: String = "") -> String {
        #"{"error":{"code":\#(code),"status":"\#(status)","message":"\#(message)","details":[\#(details)]}}"#
    }

    static func info(_ reason: String, _ metadata: String) -> String {
        #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"\#(reason)","domain":"googleapis.com","metadata":{\#(metadata)}}"#
    }

    static func old(_ code: Int, _ reason: String, _ message: String) -> String {
        #"{"error":{"code":\#(code),"message":"\#(message)","errors":[{"message":"\#(message)","domain":"global","reason":"\#(reason)"}]}}"#
    }

    static let violation =
        #"{"@type":"type.googleapis.com/google.rpc.PreconditionFailure","violations":[{"type":"VPC_SERVICE_CONTROLS","description":"abc-DEF"}]}"#

    static func kept(out service: String) -> String {
        "A perimeter of VPC Service Controls keeps requests from here out of \(service): ask who keeps it to admit \(me) (an access level, or an ingress rule), or run isthmus inside it"
    }

    static let clusters = "/v1/projects/shop/locations/-/clusters"
    static let firewalls = "/compute/v1/projects/net-host/global/firewalls"
    static let me = "serviceAccount:reader@p.iam.gserviceaccount.com"

    static let cases: [Case] = [
        // The permission stands in the details.
        Case(
            .gkeHub, "/v1/projects/fleet/locations/-/memberships", 403,
            error(
                403, "PERMISSION_DENIED", "Permission denied",
                info("IAM_PERMISSION_DENIED", #""permission":"gkehub.memberships.list","resource":"projects/fleet/locations/-""#)),
            .permissionDenied(permission: "gkehub.memberships.list"),
            "gcloud projects add-iam-policy-binding fleet --member=\(me) --role=roles/gkehub.viewer"),
        // In the sentence.
        Case(
            .container, clusters, 403,
            error(403, "PERMISSION_DENIED", #"Required \"container.clusters.list\" permission(s) for \"projects/shop\"."#),
            .permissionDenied(permission: "container.clusters.list"),
            "gcloud projects add-iam-policy-binding shop --member=\(me) --role=roles/container.clusterViewer"),
        Case(
            .compute, firewalls, 403,
            old(403, "forbidden", "Required 'compute.firewalls.list' permission for 'projects/net-host'"),
            .permissionDenied(permission: "compute.firewalls.list"),
            "gcloud projects add-iam-policy-binding net-host --member=\(me) --role=roles/compute.networkViewer"),
        // Nowhere: what the caller says that it needs.
        Case(
            .cloudResourceManager, "/v3/projects/shop", 403,
            error(403, "PERMISSION_DENIED", "The caller does not have permission"),
            .permissionDenied(permission: "resourcemanager.projects.get"),
            "gcloud projects add-iam-policy-binding shop --member=\(me) --role=roles/browser (Google says the same of a project that does not exist)"
        ),
        Case(
            .orgPolicy, "/v2/organizations/12/policies", 403,
            error(403, "PERMISSION_DENIED", "no", info("IAM_PERMISSION_DENIED", #""permission":"orgpolicy.policies.list""#)),
            .permissionDenied(permission: "orgpolicy.policies.list"),
            "gcloud organizations add-iam-policy-binding 12 --member=\(me) --role=roles/orgpolicy.policyViewer"),
        // An API that is not enabled, new form and old.
        Case(
            .gkeHub, "/v1/projects/fleet/locations/-/memberships", 403,
            error(
                403, "PERMISSION_DENIED", "GKE Hub API has not been used in project 100200300400 before or it is disabled.",
                info("SERVICE_DISABLED", #""service":"gkehub.googleapis.com","consumer":"projects/100200300400""#)),
            .serviceDisabled(service: "gkehub.googleapis.com", project: "100200300400"),
            "gcloud services enable gkehub.googleapis.com --project=100200300400"),
        Case(
            .compute, firewalls, 403,
            old(403, "accessNotConfigured", "Compute Engine API has not been used in project 55 before or it is disabled."),
            .serviceDisabled(service: "compute.googleapis.com", project: "55"),
            "gcloud services enable compute.googleapis.com --project=55"),
        // The project is that of gcloud's own client: nothing is to be enabled there.
        Case(
            .gkeHub, "/v1/projects/fleet/locations/-/memberships", 403,
            error(
                403, "PERMISSION_DENIED",
                "Your application is authenticating by using local Application Default Credentials. The gkehub.googleapis.com API requires a quota project, which is not set by default.",
                info("SERVICE_DISABLED", #""service":"gkehub.googleapis.com","consumer":"projects/764086051850""#)),
            .quotaProjectMissing, "gcloud auth application-default set-quota-project fleet"),
        Case(
            .container, clusters, 403,
            error(
                403, "PERMISSION_DENIED", "Caller does not have required permission to use project payer.",
                info("USER_PROJECT_DENIED", #""service":"container.googleapis.com","consumer":"projects/payer""#)),
            .permissionDenied(permission: "serviceusage.services.use"),
            "gcloud projects add-iam-policy-binding payer --member=\(me) --role=roles/serviceusage.serviceUsageConsumer"),
        // A perimeter; what it refuses has an id, in the sentence or beside it.
        Case(
            .container, clusters, 403,
            error(
                403, "PERMISSION_DENIED",
                "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: abc-DEF",
                "\(violation),\(info("SECURITY_POLICY_VIOLATED", #""uid":"abc-DEF","consumer":"projects/55""#))"),
            .vpcServiceControls,
            "\(kept(out: "container.googleapis.com of shop")). Its log says which one: gcloud logging read 'protoPayload.metadata.vpcServiceControlsUniqueId=\"abc-DEF\"' --project=shop"
        ),
        Case(
            .gkeHub, "/v1/things", 403,
            error(
                403, "PERMISSION_DENIED", "Request is prohibited by organization's policy.",
                "\(violation),\(info("SECURITY_POLICY_VIOLATED", #""uid":"abc-DEF""#))"), .vpcServiceControls,
            "\(kept(out: "gkehub.googleapis.com")). Its log says which one: gcloud logging read 'protoPayload.metadata.vpcServiceControlsUniqueId=\"abc-DEF\"'"
        ),
        Case(
            .compute, firewalls, 403,
            error(403, "PERMISSION_DENIED", "Request is prohibited by organization's policy.", violation), .vpcServiceControls,
            kept(out: "compute.googleapis.com of net-host")),
        // The token.
        Case(
            .container, clusters, 401, error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
            .unauthenticated, "the-mend"),
        Case(
            .container, clusters, 403,
            error(
                403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.",
                info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", #""service":"container.googleapis.com""#)), .insufficientScopes,
            "Get a token with the scope https://www.googleapis.com/auth/cloud-platform"),
        // A project that is no more.
        Case(
            .container, clusters, 403,
            error(
                403, "PERMISSION_DENIED", "Project #55 has been deleted.", info("CONSUMER_INVALID", #""consumer":"projects/55""#)),
            .projectInvalid(project: "55"),
            "See whether it exists: gcloud projects describe 55; within 30 days: gcloud projects undelete 55"),
        Case(
            .compute, "/compute/v1/projects/net-host", 404,
            old(404, "notFound", "The resource 'projects/net-host' was not found"), .projectInvalid(project: "net-host"),
            "See whether it exists: gcloud projects describe net-host; within 30 days: gcloud projects undelete net-host"),
        // A thing in a project that is not there.
        Case(
            .compute, "/compute/v1/projects/net-host/global/networks/vpc", 404,
            old(404, "notFound", "The resource 'projects/net-host/global/networks/vpc' was not found"), .notFound, ""),
        Case(.gkeHub, "/v1/projects/p/locations/global/memberships/m", 404, error(404, "NOT_FOUND", "not found"), .notFound, ""),
        // Too much.
        Case(
            .container, clusters, 429,
            error(
                429, "RESOURCE_EXHAUSTED", "Quota exceeded", info("RATE_LIMIT_EXCEEDED", #""quota_unit":"1/min/{project}""#)),
            .rateLimited, "Try again in a minute"),
        Case(
            .container, clusters, 429,
            error(429, "RESOURCE_EXHAUSTED", "Quota exceeded", info("RATE_LIMIT_EXCEEDED", #""quota_unit":"1/d/{project}""#)),
            .quota, "Try again in a minute"),
        Case(
            .compute, firewalls, 403, old(403, "rateLimitExceeded", "Rate Limit Exceeded"), .rateLimited, "Try again in a minute"),
        // Google's side, or somebody between.
        Case(
            .container, clusters, 503, error(503, "UNAVAILABLE", "try later"), .unavailable,
            "Try again in a minute; https://status.cloud.google.com tells of outages"),
        Case(.container, clusters, 502, "<html>Bad gateway</html>", .unavailable, ""),
        Case(.container, clusters, 404, "<html>Not here</html>", .malformed(at: ""), ""),
        Case(.container, clusters, 418, "{}", .other(status: 418), ""),
        Case(.container, clusters, 400, error(400, "SOMETHING_NEW", "odd"), .other(status: 400), ""),
        Case(
            .container, clusters, 403, "[\(error(403, "PERMISSION_DENIED", "'x.y.z' is needed"))]",
            .permissionDenied(permission: "x.y.z"),
            "Grant \(me) a role with x.y.z on projects/shop"),
    ]

    static func credentials(kind: String = "service_account", principal: String = "reader@p.iam.gserviceaccount.com")
        -> GoogleCredentials
    {
        GoogleCredentials(
            source: "test", kind: kind, principal: principal, quotaProject: "", mend: "the-mend",
            tokens: FixedToken(token: Secret("t0ken"), source: "test"), now: { Date() })
    }

    @Test(arguments: cases) func tellsThemApart(_ example: Case) {
        let call = Call(
            method: "GET", service: example.service, path: example.path, query: [], body: nil,
            permission: example.service == .cloudResourceManager ? "resourcemanager.projects.get" : "")
        let failure = GoogleRefusal(call: call, url: "https://x\(example.path)", credentials: Self.credentials())
            .failure(example.status, Data(example.body.utf8))
        #expect(failure.kind == example.kind, "\(failure)")
        #expect(failure.mend == example.mend)
        #expect(failure.message.hasPrefix("HTTP \(example.status)") && !failure.message.contains("UniqueIdentifier"))
        #expect(failure.description.contains(example.path))
    }

    @Test func wordsOfOthersAreMadeSafe() {
        let call = Call(method: "GET", service: .container, path: "/v1/x", query: [], body: nil, permission: "")
        let long = String(repeating: "word ", count: 1000)
        let failure = GoogleRefusal(call: call, url: "https://x/v1/x", credentials: Self.credentials())
            .failure(400, Data(Self.error(400, "X", #"a\u001b[2Jb Bearer abcdef ya29.a0-b 1//0gxyz \#(long)"#).utf8))
        #expect(failure.message.contains("a\\u{1b}[2Jb Bearer REDACTED REDACTED REDACTED"))
        #expect(failure.message.count <= 620)
    }

    @Test(arguments: [
        ("ann@example.com", "user:ann@example.com"),
        ("a@p.iam.gserviceaccount.com", "serviceAccount:a@p.iam.gserviceaccount.com"),
        ("1-compute@developer.gserviceaccount.com", "serviceAccount:1-compute@developer.gserviceaccount.com"),
        (
            "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ci",
            "'principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/*'"
        ), ("", "MEMBER"), ("$(gcloud config get-value account)", "\"user:$(gcloud config get-value account)\""),
        ("a@x; rm -rf /", "'user:a@x; rm -rf /'"),
    ]) func members(principal: String, member: String) { #expect(GoogleRoles.member(principal) == member) }

    /// Every permission that reading needs has its role.
    @Test(arguments: [
        "resourcemanager.projects.get", "gkehub.memberships.get", "gkehub.memberships.list", "gkehub.features.get",
        "container.clusters.get", "container.clusters.list", "compute.projects.get", "compute.networks.get",
        "compute.networks.getEffectiveFirewalls", "compute.firewalls.list", "compute.vpnTunnels.list", "compute.routers.get",
        "compute.routes.list", "compute.subnetworks.list", "compute.forwardingRules.list", "compute.regions.list",
        "orgpolicy.policy.get", "serviceusage.services.get", "gkeonprem.bareMetalClusters.list", "gkeonprem.vmwareClusters.get",
        "cloudquotas.quotas.get", "privateca.caPools.get", "meshconfig.projects.init", "gkehub.memberships.create",
    ]) func roles(permission: String) throws {
        let role = try #require(GoogleRoles.least(for: permission))
        #expect(role.hasPrefix("roles/"))
        let reads = !(permission.hasSuffix("create") || permission.hasSuffix("init"))
        #expect(["dmin", ".editor"].contains { role.hasSuffix($0) } == !reads, "\(permission): \(role)")
    }
}
