import Foundation
import Secrecy
import TLS

/// A service account's key: signs an assertion with it, and trades that for a token.
///
/// Google also takes the signed assertion in the place of a token, without the trade. The trade is made all the same: every API
/// takes its token; the token endpoint says in words that a key was deleted or that the clock is wrong, where an API only says
/// 401. Other universes than Google's own have no token endpoint; there the assertion is the token.
struct ServiceAccount: TokenSource {
    let context: TokenContext
    let email: String
    let keyID: String
    let key: Secret<String>
    let tokenURL: String

    /// Whom the assertion is for: always this name, wherever the endpoint is reached.
    static let audience = "https://oauth2.googleapis.com/token"
    /// An assertion's life: the longest that Google takes.
    static let life: TimeInterval = 3600
    /// The assertion is dated back, so that a clock a little ahead of Google's does no harm.
    static let leeway: TimeInterval = 10

    func fetch() async throws(CredentialFailure) -> AccessToken {
        let issued = context.now().addingTimeInterval(-Self.leeway)
        if context.endpoints.universeDomain != GoogleEndpoints.defaultUniverse {
            let token = try assertion(["scope": .text(TokenContext.scope), "sub": .text(email)], issued: issued)
            return AccessToken(secret: token, expiresAt: issued.addingTimeInterval(Self.life))
        }
        let assertion = try assertion(["scope": .text(TokenContext.scope), "aud": .text(Self.audience)], issued: issued)
        return try await context.exchange(
            tokenURL, "the token endpoint",
            form: [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.revealed)],
            secrets: [assertion, key])
    }

    private enum Claim: Encodable {
        case text(String)
        case time(Int)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .time(let seconds): try container.encode(seconds)
            }
        }
    }

    /// A JSON Web Token (RFC 7519) signed with the account's key.
    private func assertion(_ claims: [String: Claim], issued: Date) throws(CredentialFailure) -> Secret<String> {
        var claims = claims
        claims["iss"] = .text(email)
        claims["iat"] = .time(Int(issued.timeIntervalSince1970))
        claims["exp"] = .time(Int(issued.timeIntervalSince1970 + Self.life))
        var header = ["alg": "RS256", "typ": "JWT"]
        if !keyID.isEmpty { header["kid"] = keyID }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let head = try? encoder.encode(header), let body = try? encoder.encode(claims) else {
            throw context.failure("its e-mail address or key id cannot be written as JSON")
        }
        let message = "\(base64URL(head)).\(base64URL(body))"
        do throws(CertificateError) {
            let signature = try rs256(Data(message.utf8), keyPEM: Data(key.revealed.utf8))
            return Secret("\(message).\(base64URL(signature))")
        } catch {
            throw context.failure("private_key cannot sign: \(error)")
        }
    }
}

/// Base64 as JSON Web Tokens have it (RFC 7515).
func base64URL(_ data: Data) -> String {
    data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

extension CredentialReader {
    func serviceAccount() throws(CredentialFailure) -> CredentialFile.Plan {
        let fetchKey = "gcloud iam service-accounts keys create \(quoted(file.path)) --iam-account="
        let email = try string("client_email", mend: "\(fetchKey)EMAIL, or download the key file again")
        let mend = fetchKey + quoted(email)
        try checkUniverse(mend: mend)
        let key = try secret("private_key", mend: mend)
        do throws(CertificateError) {
            _ = try rs256(Data(), keyPEM: Data(key.revealed.utf8))
        } catch {
            let isEscaped = key.revealed.contains("\\n")
            throw failure(
                "private_key", isEscaped ? "its line ends are written \\\\n, escaped once too often" : "\(error)", mend: mend)
        }
        let account = ServiceAccount(
            context: context(kind: "service_account", mend: mend), email: email,
            keyID: try optional("private_key_id", mend: mend) ?? "", key: key,
            tokenURL: try url("token_uri", default: ServiceAccount.audience, mend: mend))
        return CredentialFile.Plan(
            kind: "service_account", principal: email, quotaProject: try optional("quota_project_id", mend: mend) ?? "",
            mend: mend,
            tokens: account)
    }
}
