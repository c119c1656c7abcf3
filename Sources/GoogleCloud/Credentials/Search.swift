import Foundation
import HTTP
import Secrecy

/// Looks for a credential where Google's documentation says that one is found, in that order:
///
/// 1. a token that somebody else got: `CLOUDSDK_AUTH_ACCESS_TOKEN_FILE`, `CLOUDSDK_AUTH_ACCESS_TOKEN` (gcloud's own variables),
///    `GOOGLE_OAUTH_ACCESS_TOKEN` (what CI systems and Terraform set);
/// 2. the file named by `GOOGLE_APPLICATION_CREDENTIALS`;
/// 3. the file that `gcloud auth application-default login` writes, below `CLOUDSDK_CONFIG` or `~/.config/gcloud`;
/// 4. the metadata server of the machine, unless `NO_GCE_CHECK` is `true`.
///
/// The last three are Application Default Credentials. The first source that exists is the one; if it is broken, that is an error.
struct Search: Sendable {
    let environment: [String: String]
    let home: String
    let http: HTTPClient
    let endpoints: GoogleEndpoints
    var now: Clock = { Date() }
    /// Where the metadata server of a machine at Google is.
    var metadataAddress = MetadataServer.address
    /// How long to wait for one that may not be there.
    var patience: Duration = .seconds(1)
    /// What the firmware says that the machine is.
    var productNameFile = "/sys/class/dmi/id/product_name"

    func find(_ choice: CredentialChoice) async throws(CredentialFailure) -> GoogleCredentials? {
        switch choice {
        case .none: nil
        case .gcloud: try gcloud()
        case .file(let path): try file(path, source: "credential file \(printable(path))")
        case .tokenFile(let path): tokenFile(path, source: "token file \(printable(path))")
        case .applicationDefault: try await applicationDefault()
        }
    }

    private func applicationDefault() async throws(CredentialFailure) -> GoogleCredentials? {
        if let path = value("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE") {
            return tokenFile(path, source: "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=\(printable(path))")
        }
        for variable in ["CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"] {
            if let token = value(variable) { return try fixed(token, variable: variable) }
        }
        if let path = value("GOOGLE_APPLICATION_CREDENTIALS") {
            return try file(path, source: "GOOGLE_APPLICATION_CREDENTIALS=\(printable(path))")
        }
        let folder = value("CLOUDSDK_CONFIG") ?? "\(home)/.config/gcloud"
        let wellKnown = "\(folder)/application_default_credentials.json"
        // A file that is there and cannot be read is an error, and no reason to look further.
        if Self.exists(wellKnown) { return try file(wellKnown, source: printable(wellKnown)) }
        return try await metadata()
    }

    /// A variable's value; set to the empty text is not set.
    private func value(_ variable: String) -> String? { environment[variable].flatMap { $0.isEmpty ? nil : $0 } }

    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 || errno != ENOENT && errno != ENOTDIR
    }

    /// As Google's libraries: the environment counts before the file.
    func quotaProject(_ file: String = "") -> String {
        // The last three are gcloud's words for rules of its own, which mean nothing outside of it.
        let words = ["CURRENT_PROJECT", "CURRENT_PROJECT_WITH_FALLBACK", "LEGACY"]
        return ["GOOGLE_CLOUD_QUOTA_PROJECT", "CLOUDSDK_BILLING_QUOTA_PROJECT"].lazy.compactMap(value)
            .first { !words.contains($0) } ?? file
    }

    func context(_ source: String, kind: String, mend: String) -> TokenContext {
        TokenContext(
            source: source, kind: kind, mend: mend, http: http, endpoints: endpoints, environment: Secret(environment), now: now)
    }

    private func file(_ path: String, source: String) throws(CredentialFailure) -> GoogleCredentials {
        let plan = try CredentialFile(path: path, source: source, search: self).plan()
        return GoogleCredentials(
            source: source, kind: plan.kind, principal: printable(plan.principal), quotaProject: quotaProject(plan.quotaProject),
            mend: plan.mend, tokens: plan.tokens, now: now)
    }

    private func tokenFile(_ path: String, source: String) -> GoogleCredentials {
        GoogleCredentials(
            source: source, kind: "access_token", principal: "", quotaProject: quotaProject(),
            mend: TokenFile.mend(path), tokens: TokenFile(path: path, source: source), now: now)
    }

    private func fixed(_ token: String, variable: String) throws(CredentialFailure) -> GoogleCredentials {
        let mend = "export \(variable)=\"$(gcloud auth print-access-token)\""
        let token = try requireToken(token, source: variable, mend: mend)
        return GoogleCredentials(
            source: variable, kind: "access_token", principal: "", quotaProject: quotaProject(),
            mend: mend, tokens: FixedToken(token: token, source: variable), now: now)
    }

    private func gcloud() throws(CredentialFailure) -> GoogleCredentials {
        let program = SecretProgram.find("gcloud", in: environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
        guard let program else {
            throw CredentialFailure(
                source: "gcloud", said: "the program gcloud is not in PATH",
                mend: "Install it (https://cloud.google.com/sdk/docs/install), or choose another source of credentials")
        }
        return GoogleCredentials(
            source: "gcloud auth print-access-token", kind: "gcloud", principal: printable(value("CLOUDSDK_CORE_ACCOUNT") ?? ""),
            quotaProject: quotaProject(), mend: "gcloud auth login",
            tokens: GcloudTokens(program: program, environment: Secret(environment)), now: now)
    }

    private func metadata() async throws(CredentialFailure) -> GoogleCredentials? {
        if value("NO_GCE_CHECK")?.lowercased() == "true" { return nil }
        let named = value("GCE_METADATA_HOST") ?? value("GCE_METADATA_ROOT")
        let product = (try? readFile(productNameFile, limit: 4096)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let server = MetadataServer(
            host: named ?? metadataAddress, isCertain: named != nil || product.hasPrefix("Google"),
            patience: patience, http: http, now: now)
        guard let account = try await server.account() else { return nil }
        return GoogleCredentials(
            source: server.source, kind: "metadata_server", principal: printable(account), quotaProject: quotaProject(),
            mend: MetadataServer.mend, tokens: server, now: now)
    }
}
