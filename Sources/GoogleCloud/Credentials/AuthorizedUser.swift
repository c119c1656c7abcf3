import Foundation
import Secrecy

/// A person's login: a refresh token, traded for access tokens.
struct AuthorizedUser: TokenSource {
    let context: TokenContext
    let clientID: String
    let clientSecret: Secret<String>
    let refreshToken: Secret<String>
    let tokenURL: String
    /// The client shows itself in a header: the Security Token Service (a workforce pool's login) wants it so.
    let usesBasic: Bool

    func fetch() async throws(CredentialFailure) -> AccessToken {
        var form = [("grant_type", "refresh_token"), ("refresh_token", refreshToken.revealed)]
        if !usesBasic { form += [("client_id", clientID), ("client_secret", clientSecret.revealed)] }
        return try await context.exchange(
            tokenURL, "the token endpoint", form: form, basic: usesBasic ? (clientID, clientSecret) : nil,
            secrets: [refreshToken, clientSecret])
    }
}

extension CredentialReader {
    func authorizedUser() throws(CredentialFailure) -> CredentialFile.Plan {
        let mend = "gcloud auth application-default login"
        try checkUniverse(mend: mend)
        let user = AuthorizedUser(
            context: context(kind: "authorized_user", mend: mend), clientID: try string("client_id", mend: mend),
            clientSecret: try secret("client_secret", mend: mend), refreshToken: try secret("refresh_token", mend: mend),
            tokenURL: try url("token_uri", default: "https://oauth2.googleapis.com/token", mend: mend), usesBasic: false)
        return CredentialFile.Plan(
            kind: "authorized_user", principal: try optional("account", mend: mend) ?? "",
            quotaProject: try optional("quota_project_id", mend: mend) ?? "", mend: mend, tokens: user)
    }

    /// What `gcloud auth application-default login --login-config` writes for a person of a workforce pool.
    func externalUser() throws(CredentialFailure) -> CredentialFile.Plan {
        let mend = "gcloud auth application-default login --login-config=LOGIN_CONFIG_FILE"
        try checkUniverse(mend: mend)
        let user = AuthorizedUser(
            context: context(kind: "authorized_user", mend: mend), clientID: try string("client_id", mend: mend),
            clientSecret: try secret("client_secret", mend: mend), refreshToken: try secret("refresh_token", mend: mend),
            tokenURL: try url("token_url", default: "https://sts.googleapis.com/v1/oauthtoken", mend: mend), usesBasic: true)
        return CredentialFile.Plan(
            kind: "external_account_authorized_user", principal: try optional("audience", mend: mend) ?? "",
            quotaProject: try optional("quota_project_id", mend: mend) ?? "", mend: mend, tokens: user)
    }
}
