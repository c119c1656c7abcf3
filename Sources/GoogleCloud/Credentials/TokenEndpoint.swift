import Foundation
import HTTP
import Secrecy

/// What every source of tokens needs to ask for one, and to say why there is none.
struct TokenContext: Sendable {
    let source: String
    /// The credential's type.
    let kind: String
    /// The command that gets a new credential of this type.
    let mend: String
    let http: HTTPClient
    let endpoints: GoogleEndpoints
    /// Secret, because a token may stand in it.
    let environment: Secret<[String: String]>
    let now: Clock

    /// What isthmus asks tokens for. Its requests read; the narrower read-only scope is not known to all of the APIs.
    static let scope = "https://www.googleapis.com/auth/cloud-platform"

    func failure(_ said: String, mend: String? = nil, isCancellation: Bool = false) -> CredentialFailure {
        CredentialFailure(source: source, said: said, mend: mend ?? self.mend, isCancellation: isCancellation)
    }

    /// Sends a request for a token.
    func send(_ request: HTTPRequest, to what: String) async throws(CredentialFailure) -> HTTPResponse {
        do throws(HTTPFailure) {
            return try await http.sendPatiently(request)
        } catch {
            let host = URLComponents(string: request.url)?.host ?? ""
            var mend = "Check the way to \(host): name, proxy (HTTPS_PROXY, NO_PROXY) and firewall"
            if case .tls(.unknownAuthority, _) = error {
                mend = "If a proxy opens TLS here, name its authority's file in CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"
            }
            throw failure(
                "\(what) \(printable(Self.shown(request.url))) gives no answer: \(error)", mend: mend,
                isCancellation: error == .cancelled)
        }
    }

    /// Asks an OAuth token endpoint (RFC 6749, RFC 8693).
    ///
    /// - Parameter secrets: texts that an answer might repeat and that must not be shown.
    func exchange(
        _ url: String, _ what: String, form: [(String, String)], basic: (user: String, password: Secret<String>)? = nil,
        secrets: [Secret<String>]
    ) async throws(CredentialFailure) -> AccessToken {
        var headers = [
            HTTPHeader("Accept", "application/json"), HTTPHeader("Content-Type", "application/x-www-form-urlencoded"),
        ]
        if let basic {
            let pair = Data("\(percentEncoded(basic.user)):\(percentEncoded(basic.password.revealed))".utf8).base64EncodedString()
            headers.append(HTTPHeader("Authorization", "Basic \(pair)"))
        }
        let body = form.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
        let response = try await send(
            HTTPRequest(
                method: "POST", url: url, headers: headers, body: Data(body.utf8), endpoint: endpoints.endpoint,
                deadline: .seconds(20), maximumBodyBytes: 1 << 20, retries: .vouched), to: what)
        let answer = try? JSONDecoder().decode(TokenAnswer.self, from: response.body)
        if response.status == 200, let answer, let token = answer.accessToken {
            return AccessToken(
                secret: try requireToken(token, source: source, mend: mend),
                expiresAt: answer.expiresIn.map { now().addingTimeInterval($0) })
        }
        throw refusal(response, answer, "\(what) \(printable(Self.shown(url)))", secrets)
    }

    private func refusal(
        _ response: HTTPResponse, _ answer: TokenAnswer?, _ what: String, _ secrets: [Secret<String>]
    ) -> CredentialFailure {
        guard let answer, let error = answer.error else {
            let seen = answer == nil ? beginning(of: response.body, withholding: secrets) : "JSON without access_token"
            return failure(
                "\(what) answered \(response.status) with \(seen)",
                mend: response.status == 200 ? "See whether a proxy or portal answers in the place of Google" : mend)
        }
        let words = clean(answer.description.isEmpty ? error : "\(error): \(answer.description)", withholding: secrets)
        let meaning = meaning(error: error, subtype: answer.subtype, words: answer.description, response)
        return failure(
            "\(what) answered \(response.status) \(words)" + (meaning.said.isEmpty ? "" : " (\(meaning.said))"),
            mend: meaning.mend)
    }

    /// What the refusal of a token endpoint means for people.
    private func meaning(
        error: String, subtype: String, words: String, _ response: HTTPResponse
    ) -> (said: String, mend: String?) {
        let text = words.lowercased()
        if subtype == "invalid_rapt" || text.contains("invalid_rapt") || text.contains("reauth related error") {
            return ("your organization wants you to log in again from time to time, and it is time", mend)
        }
        // `Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.`
        if text.contains("reasonable timeframe") || text.contains("iat and exp") || text.contains("not yet valid")
            || text.contains("issued at") || text.contains("stale to sign-in")
        {
            return (
                clock(response), "Set this machine's clock: sudo systemctl restart systemd-timesyncd, or sudo chronyc makestep"
            )
        }
        if text.contains("invalid jwt signature") {
            return ("the key is no longer one of the account's: deleted or disabled", nil)
        }
        if text.contains("account not found") { return ("the service account is deleted, or the key file names another", nil) }
        switch error {
        case "invalid_grant" where kind == "authorized_user": return ("the login has ended, or was revoked", nil)
        case "invalid_client", "deleted_client", "unauthorized_client": return ("Google does not accept the OAuth client", nil)
        case "admin_policy_enforced", "access_denied":
            return ("an administrator's policy forbids it", "Ask the administrator of the organization")
        default: return ("", nil)
        }
    }

    /// What this machine's clock says beside the server's.
    private func clock(_ response: HTTPResponse) -> String {
        guard let date = response.date else { return "this machine's clock may be wrong" }
        let behind = Double(date) - now().timeIntervalSince1970
        if abs(behind) < 30 { return "this machine's clock agrees with Google's" }
        return "this machine's clock is \(Int(abs(behind))) s \(behind > 0 ? "behind" : "ahead of") Google's"
    }

    /// A URL without its query.
    static func shown(_ url: String) -> String { String(url.prefix { $0 != "?" && $0 != "#" }) }
}

/// A token endpoint's answer, good or bad; also the metadata server's.
struct TokenAnswer: Decodable {
    let accessToken: String?
    /// Seconds.
    let expiresIn: Double?
    let error: String?
    let description: String
    let subtype: String

    private enum Keys: String, CodingKey {
        case accessToken = "access_token"
        case expiresIn = "expires_in"
        case error
        case description = "error_description"
        case subtype = "error_subtype"
    }

    /// Google's own form of an error, in the place of OAuth's.
    private struct Status: Decodable {
        let status: String?
        let message: String?
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        accessToken = try container.decodeIfPresent(String.self, forKey: .accessToken)
        if let text = try? container.decodeIfPresent(String.self, forKey: .expiresIn) {
            expiresIn = Double(text)
        } else {
            expiresIn = try container.decodeIfPresent(Double.self, forKey: .expiresIn)
        }
        let status = try? container.decodeIfPresent(Status.self, forKey: .error)
        error = (try? container.decodeIfPresent(String.self, forKey: .error)) ?? status.map { $0.status ?? "error" }
        description = (try? container.decodeIfPresent(String.self, forKey: .description)) ?? status?.message ?? ""
        subtype = (try? container.decodeIfPresent(String.self, forKey: .subtype)) ?? ""
    }
}

/// Words of others, on one line, safe to print, short, and without what is secret: by its look, or because it is known.
func clean(_ text: String, withholding secrets: [Secret<String>] = [], limit: Int = 600) -> String {
    var text = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for secret in secrets where !secret.revealed.isEmpty { text = text.replacing(secret.revealed, with: Redaction.mark) }
    return printable(Redaction.text(text), limit: limit)
}

/// The first words of a body that is not what was expected.
func beginning(of body: Data, withholding secrets: [Secret<String>] = []) -> String {
    // Withheld before it is cut, so that no half of a secret is left.
    let text = clean(String(decoding: body.prefix(4096), as: UTF8.self), withholding: secrets, limit: 120)
    return text.isEmpty ? "an empty body" : "\"\(text)\""
}
