import Foundation
import HTTP
import Secrecy

/// Another service account's token, lent by the IAM Credentials API to the bearer of the source's token.
struct Impersonation: TokenSource {
    let context: TokenContext
    /// `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`.
    let url: String
    /// The account that is impersonated.
    let target: String
    /// Whom Google sees in the source; empty where only Google knows.
    let caller: String
    let delegates: [String]
    /// In seconds.
    let lifetime: Int
    let source: any TokenSource

    private struct Question: Encodable {
        let delegates: [String]
        let scope: [String]
        let lifetime: String
    }

    private struct Answer: Decodable {
        let accessToken: String
        let expireTime: String
    }

    func fetch() async throws(CredentialFailure) -> AccessToken {
        let own = try await source.fetch().secret
        let question = Question(delegates: delegates, scope: [TokenContext.scope], lifetime: "\(lifetime)s")
        guard let body = try? JSONEncoder().encode(question) else {
            throw context.failure("its delegates cannot be written as JSON")
        }
        let response = try await context.send(
            HTTPRequest(
                method: "POST", url: url,
                headers: [
                    HTTPHeader("Authorization", "Bearer \(own.revealed)"), HTTPHeader("Content-Type", "application/json"),
                    HTTPHeader("Accept", "application/json"),
                ], body: body, endpoint: context.endpoints.endpoint, deadline: .seconds(20), maximumBodyBytes: 1 << 20,
                retries: .vouched), to: "the IAM Credentials API")
        guard response.status == 200, let answer = try? JSONDecoder().decode(Answer.self, from: response.body) else {
            throw refusal(response, own)
        }
        return AccessToken(
            secret: try requireToken(answer.accessToken, source: context.source, mend: context.mend),
            expiresAt: date(rfc3339: answer.expireTime) ?? context.now().addingTimeInterval(TimeInterval(lifetime)))
    }

    private func refusal(_ response: HTTPResponse, _ own: Secret<String>) -> CredentialFailure {
        guard let words = GoogleErrorBody(response.body) else {
            return context.failure(
                "the IAM Credentials API answered \(response.status) with \(beginning(of: response.body, withholding: [own])) "
                    + "to the request for a token of \(printable(target))")
        }
        var mend = context.mend
        if words.reason == "SERVICE_DISABLED" {
            let project = words.project.isEmpty ? "" : " --project=\(quoted(words.project))"
            mend = "gcloud services enable iamcredentials.googleapis.com\(project)"
        } else if response.status == 403 || response.status == 404 {
            mend =
                "gcloud iam service-accounts add-iam-policy-binding \(quoted(delegates.last.map(Self.email) ?? target)) "
                + "--member=\(GoogleRoles.member(caller)) --role=roles/iam.serviceAccountTokenCreator"
            if !delegates.isEmpty {
                mend =
                    "Each account of the chain must let the one before it make tokens: roles/iam.serviceAccountTokenCreator on "
                    + (delegates.map(Self.email) + [target]).map { printable($0) }.joined(separator: ", ")
            }
        }
        return context.failure(
            "the IAM Credentials API answered \(response.status) \(clean(words.message, withholding: [own])) "
                + "to the request for a token of \(printable(target))", mend: mend)
    }

    /// `projects/-/serviceAccounts/EMAIL` or `EMAIL`.
    private static func email(_ delegate: String) -> String { delegate.split(separator: "/").last.map(String.init) ?? delegate }

    /// The account in a generateAccessToken URL.
    static func target(of url: String) -> String? {
        guard let path = URLComponents(string: url)?.path, path.hasSuffix(":generateAccessToken") else { return nil }
        let name = path.dropLast(":generateAccessToken".count).split(separator: "/").last
        return name.map(String.init)
    }
}

extension CredentialReader {
    func impersonated() throws(CredentialFailure) -> CredentialFile.Plan {
        let plain = "gcloud auth application-default login --impersonate-service-account="
        let (url, target) = try impersonationURL(mend: "\(plain)EMAIL")
        let mend = plain + quoted(target)
        let child = try child("source_credentials", mend: mend)
        guard child.object["type"] != .string("impersonated_service_account") else {
            throw child.failure("type", "an impersonation cannot be the source of another; use delegates", mend: mend)
        }
        let source = try child.plan()
        let own = source.kind == "authorized_user" && source.principal.isEmpty ? GoogleRoles.gcloudAccount : source.principal
        let tokens = Impersonation(
            context: context(kind: "impersonated_service_account", mend: mend), url: url, target: target, caller: own,
            delegates: try texts("delegates", mend: mend), lifetime: 3600, source: source.tokens)
        return CredentialFile.Plan(
            kind: "impersonated_service_account", principal: target,
            quotaProject: try optional("quota_project_id", mend: mend) ?? source.quotaProject, mend: mend, tokens: tokens)
    }

    /// The URL that lends tokens, at the endpoint that the operator put in its place, and the account that it lends.
    func impersonationURL(mend: String) throws(CredentialFailure) -> (url: String, target: String) {
        let key = "service_account_impersonation_url"
        let url = try url(key, mend: mend)
        guard let target = Impersonation.target(of: url) else {
            throw failure(key, "it does not end in serviceAccounts/EMAIL:generateAccessToken", mend: mend)
        }
        return (file.search.endpoints.replaced(url, .iamCredentials), target)
    }

    private func texts(_ key: String, mend: String) throws(CredentialFailure) -> [String] {
        switch object[key] {
        case nil, .null?: return []
        case .array(let values)?:
            var texts: [String] = []
            for value in values {
                guard case .string(let text) = value else { throw failure(key, "it is not a list of texts", mend: mend) }
                texts.append(text)
            }
            return texts
        case _?: throw failure(key, "it is not a list", mend: mend)
        }
    }
}

/// An RFC 3339 time, with or without fractions of a second.
func date(rfc3339 text: String) -> Date? {
    if let date = try? Date(text, strategy: .iso8601) { return date }
    return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
}
