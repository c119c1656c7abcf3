import Foundation
import HTTP
import Secrecy

/// Turns what an API or the network said into a `GoogleFailure`.
struct GoogleRefusal {
    let call: Call
    let url: String
    let credentials: GoogleCredentials

    /// No answer arrived.
    func failure(_ failure: HTTPFailure) -> GoogleFailure {
        let host = URLComponents(string: url)?.host ?? ""
        let way = "Check the way to \(host): name, proxy (HTTPS_PROXY, NO_PROXY), firewall, Private Google Access"
        switch failure {
        case .connectTimedOut, .timedOut: return make(.deadline, "\(failure)", way)
        case .tls(.unknownAuthority, _):
            return make(
                .unreachable, "\(failure)",
                "If a proxy opens TLS here, name its authority's file in CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE")
        case .bodyTooLarge, .notHTTP, .redirected: return make(.malformed(at: ""), "\(failure)", "")
        case .cancelled: return make(.cancelled, "\(failure)", "")
        default: return make(.unreachable, "\(failure)", way)
        }
    }

    /// No token was to be had.
    func failure(_ failure: CredentialFailure) -> GoogleFailure {
        make(failure.isCancellation ? .cancelled : .credential, "\(failure.source): \(failure.said)", failure.mend)
    }

    /// A status other than 2xx.
    func failure(_ status: Int, _ body: Data) -> GoogleFailure {
        guard let words = GoogleErrorBody(body) else {
            // Not Google's words: a proxy's page, a load balancer's.
            let seen = "HTTP \(status) with \(beginning(of: body))"
            switch status {
            case 401: return make(.unauthenticated, seen, credentials.mend)
            case 404: return make(.malformed(at: ""), "\(seen), which is not how Google says that something does not exist", "")
            case 407: return make(.unreachable, seen, "The proxy wants to know who asks: put user and password into HTTPS_PROXY")
            case 429: return make(.rateLimited, seen, "")
            case 500...: return make(.unavailable, seen, "")
            default: return make(.other(status: status), seen, "")
            }
        }
        return failure(status, words)
    }

    /// An error in Google's words; also one that came with a 200.
    func failure(_ status: Int, _ words: GoogleErrorBody) -> GoogleFailure {
        let status = status == 200 && words.code > 0 ? words.code : status
        let (kind, mend) = kind(status, words)
        let name = [words.status, words.reason].filter { !$0.isEmpty }.joined(separator: " ")
        // The id of a perimeter's refusal looks like a secret, and would be hidden as one; it stands in the command that needs it.
        let said = words.message.replacing(#/\.?\s*vpcServiceControlsUniqueIdentifier:?\s*\S*/#, with: "")
        return make(kind, "HTTP \(status) \(name)\(name.isEmpty ? "" : ": ")\(said)", mend)
    }

    private func kind(_ status: Int, _ words: GoogleErrorBody) -> (GoogleFailure.Kind, mend: String) {
        if let special = reason(words) { return special }
        switch status {
        case 401: return (.unauthenticated, credentials.mend)
        case 403: return denied(words.permission.isEmpty ? call.permission : words.permission, words)
        case 404: return (.notFound, "")
        case 429: return (words.metadata["quota_unit"]?.contains("/d/") == true ? .quota : .rateLimited, "")
        case 500...: return (.unavailable, "Try again in a minute; https://status.cloud.google.com tells of outages")
        default: return (.other(status: status), "")
        }
    }

    /// What Google gives a reason for.
    private func reason(_ words: GoogleErrorBody) -> (GoogleFailure.Kind, mend: String)? {
        let message = words.message
        if words.violations.contains("VPC_SERVICE_CONTROLS") || message.contains("vpcServiceControlsUniqueIdentifier") {
            return (.vpcServiceControls, perimeter(words))
        }
        if message.contains("requires a quota project") || Self.gcloudClients.contains(words.project) {
            return (
                .quotaProjectMissing, "gcloud auth application-default set-quota-project \(quoted(projectInURL ?? "PROJECT"))"
            )
        }
        switch words.reason {
        case "SERVICE_DISABLED", "accessNotConfigured":
            let service = words.service.isEmpty ? call.service.name : words.service
            let project = words.project.isEmpty ? projectInMessage(message) ?? projectInURL ?? "" : words.project
            let flag = project.isEmpty ? "" : " --project=\(quoted(project))"
            return (
                .serviceDisabled(service: service, project: project), "gcloud services enable \(quoted(service))\(flag)"
            )
        case "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficientPermissions":
            return (.insufficientScopes, scopes)
        case "USER_PROJECT_DENIED": return denied("serviceusage.services.use", words, on: "projects/\(words.project)")
        case "CONSUMER_INVALID", "RESOURCE_PROJECT_INVALID": return gone(words)
        case "RATE_LIMIT_EXCEEDED", "rateLimitExceeded", "userRateLimitExceeded":
            return (words.metadata["quota_unit"]?.contains("/d/") == true ? .quota : .rateLimited, "Try again in a minute")
        case "quotaExceeded", "dailyLimitExceeded", "QUOTA_EXCEEDED": return (.quota, "")
        default: break
        }
        // A project that is on its way out is told in words only, differently by each API.
        let isGone = [
            #/(?i)project\b.{0,80}\bhas been deleted/#, #/(?i)project\b.{0,80}\bnot found or deleted/#,
            #/(?i)unknown project id/#, #/(?i)failed to find project/#, #/(?i)the resource 'projects/[^/']+' was not found/#,
        ].contains { message.contains($0) }
        return isGone ? gone(words) : nil
    }

    /// Google does not name the perimeter to whom it refuses; the log of the project does, to who keeps it, by the refusal's own id.
    /// https://cloud.google.com/vpc-service-controls/docs/audit-logging
    private func perimeter(_ words: GoogleErrorBody) -> String {
        let project = projectInURL ?? words.project
        let place = project.isEmpty ? call.service.name : "\(call.service.name) of \(project)"
        let mend =
            "A perimeter of VPC Service Controls keeps requests from here out of \(place): ask who keeps it to admit \(GoogleRoles.member(principal)) (an access level, or an ingress rule), or run isthmus inside it"
        let told = words.message.firstMatch(of: #/vpcServiceControlsUniqueIdentifier:?\s*(\S+)/#)?.output.1
        guard let id = told.map(String.init) ?? words.metadata["uid"], id.wholeMatch(of: /[A-Za-z0-9_-]+/) != nil else {
            return mend
        }
        let log = "gcloud logging read 'protoPayload.metadata.vpcServiceControlsUniqueId=\"\(id)\"'"
        return "\(mend). Its log says which one: \(log)\(project.isEmpty ? "" : " --project=\(quoted(project))")"
    }

    private func gone(_ words: GoogleErrorBody) -> (GoogleFailure.Kind, mend: String) {
        let project = words.project.isEmpty ? projectInURL ?? "" : words.project
        return (
            .projectInvalid(project: project),
            project.isEmpty
                ? ""
                : "See whether it exists: gcloud projects describe \(quoted(project)); within 30 days: gcloud projects undelete \(quoted(project))"
        )
    }

    private func denied(
        _ permission: String, _ words: GoogleErrorBody, on resource: String? = nil
    ) -> (GoogleFailure.Kind, mend: String) {
        let named = words.metadata["resource"].flatMap { name in
            // `//cloudresourcemanager.googleapis.com/projects/p` and plain names are both seen.
            name.firstMatch(of: #/(projects|folders|organizations)\/[^\/]+/#).map { String($0.output.0) }
        }
        let resource = resource ?? named ?? resourceInURL ?? ""
        var mend: String
        if permission.isEmpty {
            mend = "Grant \(GoogleRoles.member(principal)) a role that may read this"
        } else if let role = GoogleRoles.least(for: permission) {
            mend = GoogleRoles.grant(role: role, on: resource, to: principal)
        } else {
            mend =
                "Grant \(GoogleRoles.member(principal)) a role with \(permission)" + (resource.isEmpty ? "" : " on \(resource)")
        }
        if call.service == .cloudResourceManager { mend += " (Google says the same of a project that does not exist)" }
        return (.permissionDenied(permission: permission), mend)
    }

    private var scopes: String {
        switch credentials.kind {
        case "metadata_server":
            "The machine's access scopes are too narrow: gcloud compute instances set-service-account INSTANCE --zone=ZONE --scopes=cloud-platform (stopped), or give isthmus another credential"
        case "authorized_user": "gcloud auth application-default login --scopes=https://www.googleapis.com/auth/cloud-platform"
        default: "Get a token with the scope https://www.googleapis.com/auth/cloud-platform"
        }
    }

    /// The projects of gcloud's own OAuth clients: what they are said to lack is the user's quota project.
    private static let gcloudClients: Set<String> = ["764086051850", "32555940559"]

    private var principal: String {
        let isPerson = credentials.kind == "authorized_user" || credentials.kind == "gcloud"
        return isPerson && credentials.principal.isEmpty ? GoogleRoles.gcloudAccount : credentials.principal
    }

    private var resourceInURL: String? {
        call.path.firstMatch(of: #/\/((?:projects|folders|organizations)\/[^\/:?]+)/#).map { String($0.output.1) }
    }

    private var projectInURL: String? {
        guard let resource = resourceInURL, resource.hasPrefix("projects/") else { return nil }
        return String(resource.dropFirst("projects/".count))
    }

    /// `… has not been used in project 123 before or it is disabled`.
    private func projectInMessage(_ message: String) -> String? {
        message.firstMatch(of: #/in project ([a-z0-9-]+) before/#).map { String($0.output.1) }
    }

    func make(_ kind: GoogleFailure.Kind, _ message: String, _ mend: String) -> GoogleFailure {
        GoogleFailure(kind: kind, message: clean(message), method: call.method, url: printable(url), mend: mend)
    }
}
