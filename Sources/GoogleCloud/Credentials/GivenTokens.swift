import Foundation
import Secrecy

/// A token that somebody else got and put into a variable.
struct FixedToken: TokenSource {
    let token: Secret<String>
    let source: String

    var isCheap: Bool { true }

    func fetch() async throws(CredentialFailure) -> AccessToken { AccessToken(secret: token, expiresAt: nil) }
}

/// A file with a token, which somebody else writes anew before the token expires; read for each request.
struct TokenFile: TokenSource {
    let path: String
    let source: String

    var isCheap: Bool { true }

    static func mend(_ path: String) -> String { "gcloud auth print-access-token > \(quoted(path))" }

    func fetch() async throws(CredentialFailure) -> AccessToken {
        let mend = Self.mend(path)
        let data: Data
        do throws(FileProblem) {
            data = try readFile(path, limit: 1 << 20)
        } catch {
            throw CredentialFailure(source: source, said: "the file cannot be read: \(error.text)", mend: mend)
        }
        return AccessToken(
            secret: try requireToken(String(decoding: data, as: UTF8.self), source: source, mend: mend), expiresAt: nil)
    }
}

/// The token of the account that gcloud is logged in with.
struct GcloudTokens: TokenSource {
    let program: String
    /// Secret, because a token may stand in it.
    let environment: Secret<[String: String]>

    static let source = "gcloud auth print-access-token"

    func fetch() async throws(CredentialFailure) -> AccessToken {
        let outcome = await SecretProgram(
            path: program, arguments: ["auth", "print-access-token", "--quiet"], environment: environment.revealed,
            deadline: .seconds(60)
        ).run()
        guard outcome.ending == .exited(0) else {
            let errors = outcome.errors.isEmpty ? "" : "; it said: \(outcome.errors)"
            throw CredentialFailure(
                source: Self.source, said: "\(quoted(program)) \(outcome.ending.text)\(errors)", mend: "gcloud auth login",
                isCancellation: outcome.ending == .cancelled)
        }
        let token = try requireToken(
            String(decoding: outcome.output.revealed, as: UTF8.self), source: Self.source, mend: "gcloud auth login")
        // gcloud does not tell when; it gives tokens that last five minutes at least.
        return AccessToken(secret: token, expiresAt: nil)
    }
}

/// The text as an access token, blanks around it removed. What cannot be one is not sent: a credential file, an error message.
func requireToken(_ text: String, source: String, mend: String) throws(CredentialFailure) -> Secret<String> {
    let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !token.isEmpty else {
        throw CredentialFailure(source: source, said: "there is no token in it: it is empty", mend: mend)
    }
    // RFC 6750's characters.
    guard token.wholeMatch(of: #/[A-Za-z0-9._~+\/-]+=*/#) != nil else {
        let seen = token.hasPrefix("{") ? "JSON, perhaps a credential file" : "\(token.utf8.count) bytes of something else"
        throw CredentialFailure(source: source, said: "it holds no access token, but \(seen)", mend: mend)
    }
    return Secret(token)
}
