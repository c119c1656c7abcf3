import Foundation
import HTTP
import Secrecy

/// Workload identity federation: another party's token, traded at Google's Security Token Service for one of Google's.
struct ExternalAccount: TokenSource {
    let context: TokenContext
    let audience: String
    let subjectTokenType: String
    let tokenURL: String
    let client: (id: String, secret: Secret<String>)?
    /// A workforce pool's users name the project that pays.
    let userProject: String
    let subject: SubjectTokenSource

    func fetch() async throws(CredentialFailure) -> AccessToken {
        let token = try await subject.token(context)
        var form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("audience", audience),
            ("scope", TokenContext.scope), ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token", token.revealed), ("subject_token_type", subjectTokenType),
        ]
        if !userProject.isEmpty, client == nil,
            let options = try? JSONEncoder().encode(["userProject": userProject])
        {
            form.append(("options", String(decoding: options, as: UTF8.self)))
        }
        return try await context.exchange(
            tokenURL, "the Security Token Service", form: form, basic: client.map { ($0.id, $0.secret) },
            secrets: [token] + (client.map { [$0.secret] } ?? []))
    }
}

extension CredentialReader {
    func externalAccount() throws(CredentialFailure) -> CredentialFile.Plan {
        let mend = "gcloud iam workload-identity-pools create-cred-config --help shows how to write the file anew"
        try checkUniverse(mend: mend)
        let audience = try string("audience", mend: mend)
        let subjectTokenType = try string("subject_token_type", mend: mend)
        var target = ""
        var lender: String?
        if try optional("service_account_impersonation_url", mend: mend) != nil {
            let (url, account) = try impersonationURL(mend: mend)
            (lender, target) = (url, account)
        }
        let clientID = try optional("client_id", mend: mend) ?? ""
        let context = context(kind: "external_account", mend: mend)
        let endpoints = file.search.endpoints
        let tokenURL = try url("token_url", default: "https://sts.\(endpoints.universeDomain)/v1/token", mend: mend)
        let account = ExternalAccount(
            context: context, audience: audience, subjectTokenType: subjectTokenType,
            tokenURL: endpoints.replaced(tokenURL, .sts),
            client: clientID.isEmpty ? nil : (clientID, Secret(try optional("client_secret", mend: mend) ?? "")),
            userProject: try optional("workforce_pool_user_project", mend: mend) ?? "",
            subject: try child("credential_source", mend: mend)
                .subjectToken(audience: audience, type: subjectTokenType, target: target, mend: mend))
        var tokens: any TokenSource = account
        if let lender {
            tokens = Impersonation(
                context: context, url: lender, target: target, caller: audience, delegates: [],
                lifetime: try lifetime(mend: mend),
                source: account)
        }
        return CredentialFile.Plan(
            kind: "external_account", principal: target.isEmpty ? audience : target,
            quotaProject: try optional("quota_project_id", mend: mend) ?? "", mend: mend, tokens: tokens)
    }

    private func lifetime(mend: String) throws(CredentialFailure) -> Int {
        guard object["service_account_impersonation"] != nil else { return 3600 }
        let child = try child("service_account_impersonation", mend: mend)
        switch child.object["token_lifetime_seconds"] {
        case nil, .null?: return 3600
        case .number(let seconds)? where (600...43_200).contains(seconds): return Int(seconds)
        case _?: throw child.failure("token_lifetime_seconds", "it is not a number from 600 to 43200", mend: mend)
        }
    }
}
