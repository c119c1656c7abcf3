import Foundation
package import HTTP
import Secrecy

/// A credential for Google's APIs: where it was found, whose it is, and its tokens, which stay in memory. Copies share them.
package struct GoogleCredentials: Sendable {
    /// For people: `GOOGLE_APPLICATION_CREDENTIALS=/x.json`.
    package let source: String
    /// `service_account`, `authorized_user`, `external_account`, `external_account_authorized_user`,
    /// `impersonated_service_account`, `metadata_server`, `access_token` or `gcloud`.
    package let kind: String
    /// Whom Google sees, mostly an e-mail address; empty where only Google knows.
    package let principal: String
    /// The project whose quota the requests use; empty: Google's default for this kind.
    package let quotaProject: String
    /// The command that gets a new credential of this kind.
    let mend: String
    private let cache: TokenCache

    init(
        source: String, kind: String, principal: String, quotaProject: String, mend: String, tokens: any TokenSource,
        now: @escaping Clock
    ) {
        self.source = source
        self.kind = kind
        self.principal = principal
        self.quotaProject = quotaProject
        self.mend = mend
        cache = TokenCache(tokens, now: now)
    }

    /// Finds the credential. `nil`: there is none anywhere, or none was wanted.
    ///
    /// - Parameters:
    ///   - environment: see `Search`; the variables that Google's libraries and gcloud read.
    ///   - home: below it, `.config/gcloud/application_default_credentials.json`.
    ///   - endpoints: give the trust for token endpoints, and the universe that the credential must be of.
    /// - Throws: `CredentialFailure` for a source that was found and is broken: no other is tried in its place.
    package static func find(
        _ choice: CredentialChoice, environment: [String: String], home: String, http: HTTPClient, endpoints: GoogleEndpoints
    ) async throws(CredentialFailure) -> GoogleCredentials? {
        try await Search(environment: environment, home: home, http: http, endpoints: endpoints).find(choice)
    }

    /// Gets a token, to learn whether the credential is any good.
    package func check() async throws(CredentialFailure) { _ = try await token() }

    /// - Parameter rejected: the token that an API has just refused, so that another is fetched.
    func token(rejected: Secret<String>? = nil) async throws(CredentialFailure) -> Secret<String> {
        try await cache.token(rejected: rejected)
    }

    /// Whether another token than this one may be had.
    func hasOther(than token: Secret<String>) async -> Bool { await cache.hasOther(than: token) }
}

extension GoogleCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        "\(kind) from \(source)" + (principal.isEmpty ? "" : " as \(principal)")
            + (quotaProject.isEmpty ? "" : ", quota of project \(quotaProject)")
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["credentials": description]) }
}
