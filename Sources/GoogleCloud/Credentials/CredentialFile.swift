import Foundation
import Secrecy

/// A credential file as it stands: JSON of one of the types that Google's libraries know. Its errors name file and key, never
/// a value that could be secret.
struct CredentialFile: Sendable {
    let path: String
    let source: String
    let search: Search
    private let object: JSONObject

    /// What a file came to.
    struct Plan: Sendable {
        let kind: String
        let principal: String
        let quotaProject: String
        /// The command that gets a new one.
        let mend: String
        let tokens: any TokenSource
    }

    init(path: String, source: String, search: Search) throws(CredentialFailure) {
        self.path = path
        self.source = source
        self.search = search
        let data: Data
        do throws(FileProblem) {
            data = try readFile(path, limit: 1 << 20, allowPipe: true)
        } catch {
            throw CredentialFailure(
                source: source, said: "the file \(printable(path)) cannot be read: \(error.text)", mend: Search.hint)
        }
        do throws(JSONObject.Problem) {
            object = try JSONObject(data)
        } catch {
            throw CredentialFailure(
                source: source, said: "the file \(printable(path)) is no credential file: \(error.text)", mend: Search.hint)
        }
    }

    func plan() throws(CredentialFailure) -> Plan { try CredentialReader(file: self, object: object, at: "").plan() }
}

extension Search {
    static let hint = "Get a credential with gcloud auth application-default login, or name another file"
}

/// Reads the keys of a credential file, or of a credential inside of another one.
struct CredentialReader: Sendable {
    let file: CredentialFile
    let object: JSONObject
    /// Where it stands in the file: empty, or `source_credentials.`.
    let at: String

    static let known = [
        "service_account", "authorized_user", "external_account", "external_account_authorized_user",
        "impersonated_service_account",
    ]

    func plan() throws(CredentialFailure) -> CredentialFile.Plan {
        let type: String
        switch object["type"] {
        case .string(let text)?: type = text
        case nil: throw failure("type", "it is missing" + untyped, mend: Search.hint)
        case _?: throw failure("type", "it is not a text", mend: Search.hint)
        }
        switch type {
        case "service_account": return try serviceAccount()
        case "authorized_user": return try authorizedUser()
        case "external_account_authorized_user": return try externalUser()
        case "external_account": return try externalAccount()
        case "impersonated_service_account": return try impersonated()
        default:
            throw failure(
                "type", "isthmus does not know \"\(printable(type))\"; it knows \(Self.known.joined(separator: ", "))",
                mend: Search.hint)
        }
    }

    /// What a JSON file without a type probably is.
    private var untyped: String {
        if object["installed"] != nil || object["web"] != nil {
            return "; this is an OAuth client, from which a login is still to be made"
        }
        if object["access_token"] != nil { return "; this looks like a token endpoint's answer" }
        if object["apiVersion"] != nil { return "; this looks like a kubeconfig" }
        return ""
    }

    // MARK: Keys

    /// A key's text; not empty.
    func string(_ key: String, mend: String) throws(CredentialFailure) -> String {
        guard let text = try optional(key, mend: mend) else { throw failure(key, "it is missing", mend: mend) }
        guard !text.isEmpty else { throw failure(key, "it is empty", mend: mend) }
        return text
    }

    func optional(_ key: String, mend: String) throws(CredentialFailure) -> String? {
        switch object[key] {
        case .string(let text)?: return text
        case nil, .null?: return nil
        case _?: throw failure(key, "it is not a text", mend: mend)
        }
    }

    func secret(_ key: String, mend: String) throws(CredentialFailure) -> Secret<String> { Secret(try string(key, mend: mend)) }

    func child(_ key: String, mend: String) throws(CredentialFailure) -> CredentialReader {
        switch object[key] {
        case .object(let child)?: return CredentialReader(file: file, object: child, at: "\(at)\(key).")
        case nil, .null?: throw failure(key, "it is missing", mend: mend)
        case _?: throw failure(key, "it is not an object", mend: mend)
        }
    }

    /// A URL to which secrets go: https, or http on this machine.
    func url(_ key: String, default fallback: String? = nil, allowPlain: Bool = false, mend: String) throws(CredentialFailure)
        -> String
    {
        let text: String
        if let fallback { text = try optional(key, mend: mend) ?? fallback } else { text = try string(key, mend: mend) }
        if let problem = urlProblem(text, allowPlain: allowPlain) { throw failure(key, problem, mend: mend) }
        return text
    }

    func failure(_ key: String, _ problem: String, mend: String) -> CredentialFailure {
        CredentialFailure(
            source: file.source, said: "the file \(printable(file.path)) cannot be used: key \(at)\(key): \(problem)", mend: mend)
    }

    func context(kind: String, mend: String) -> TokenContext { file.search.context(file.source, kind: kind, mend: mend) }

    /// A credential of one universe is good for nothing in another, and must not be shown there.
    func checkUniverse(mend: String) throws(CredentialFailure) {
        guard let own = try optional("universe_domain", mend: mend), !own.isEmpty else { return }
        let wanted = file.search.endpoints.universeDomain
        guard own == wanted else {
            throw failure(
                "universe_domain", "the credential is for \(printable(own)), and isthmus asks \(wanted)",
                mend: "export GOOGLE_CLOUD_UNIVERSE_DOMAIN=\(quoted(own))")
        }
    }
}

/// Why a URL cannot be used; `nil`: it can.
///
/// - Parameter allowPlain: http to any host, as the metadata servers of other clouds have it.
func urlProblem(_ text: String, allowPlain: Bool = false) -> String? {
    guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty else { return "it is not a URL" }
    guard parts.user == nil, parts.password == nil else { return "it holds a user name or a password" }
    let isLocal = ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host)
    switch parts.scheme {
    case "https": return nil
    case "http" where allowPlain || isLocal: return nil
    case "http": return "it is http, and a secret would be sent in the clear"
    default: return "it is not an https URL"
    }
}
