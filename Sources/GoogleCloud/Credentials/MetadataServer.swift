import Foundation
import HTTP
import Secrecy

/// The metadata server of a machine at Google (Compute Engine, GKE, Cloud Build, Cloud Run): gives the attached service
/// account's tokens to whoever runs there.
struct MetadataServer: TokenSource {
    /// `host` or `host:port`.
    let host: String
    /// Whether there must be one: the user named it, or the firmware says that the machine is Google's.
    let isCertain: Bool
    /// How long to wait for a server that may not be there; it is one hop away.
    var patience: Duration = .seconds(1)
    let http: HTTPClient
    let now: Clock

    /// The same at every Google machine; the name metadata.google.internal would cost a lookup where there is none.
    static let address = "169.254.169.254"

    var source: String { "metadata server \(printable(host))" }

    private static let base = "/computeMetadata/v1/instance/service-accounts/default"
    static let mend =
        "Attach a service account to the machine or pod (https://cloud.google.com/docs/authentication/set-up-adc-attached-service-account)"

    /// The attached account's e-mail address; `nil`: this machine has no metadata server of Google's.
    func account() async throws(CredentialFailure) -> String? {
        let response: HTTPResponse
        do throws(HTTPFailure) {
            response = try await ask("\(Self.base)/?recursive=true")
        } catch {
            guard isCertain else { return nil }
            throw failure("it gives no answer: \(error)", mend: named)
        }
        // Other clouds, and portals of guest networks, answer at the same address.
        guard isGoogles(response) else {
            guard isCertain else { return nil }
            throw failure("what answers there is no metadata server of Google's (no header Metadata-Flavor: Google)", mend: named)
        }
        guard response.status != 404 else {
            throw failure("no service account is attached to this machine", mend: Self.mend)
        }
        guard response.status == 200, let account = try? JSONDecoder().decode(Account.self, from: response.body) else {
            throw failure("it answered \(response.status) to the question for the attached service account", mend: Self.mend)
        }
        return account.email ?? ""
    }

    func fetch() async throws(CredentialFailure) -> AccessToken {
        let response: HTTPResponse
        do throws(HTTPFailure) {
            response = try await ask("\(Self.base)/token", timeout: .seconds(10))
        } catch {
            throw failure("it gives no answer: \(error)", mend: named, isCancellation: error == .cancelled)
        }
        guard isGoogles(response) else {
            throw failure("what answers there is no metadata server of Google's (no header Metadata-Flavor: Google)", mend: named)
        }
        guard response.status == 200 else {
            let words = String(decoding: response.body.prefix(400), as: UTF8.self)
            throw failure(
                "it answered \(response.status) to the question for a token: \(printable(Redaction.text(words)))", mend: Self.mend
            )
        }
        guard let token = try? JSONDecoder().decode(TokenAnswer.self, from: response.body), let text = token.accessToken else {
            throw failure("its answer holds no access_token", mend: Self.mend)
        }
        return AccessToken(
            secret: try requireToken(text, source: source, mend: Self.mend),
            expiresAt: token.expiresIn.map { now().addingTimeInterval($0) })
    }

    private var named: String { "Look at GCE_METADATA_HOST, or set NO_GCE_CHECK=true where there is no metadata server" }

    private struct Account: Decodable { let email: String? }

    private func isGoogles(_ response: HTTPResponse) -> Bool { response.header("Metadata-Flavor") == "Google" }

    private func ask(_ path: String, timeout: Duration? = nil) async throws(HTTPFailure) -> HTTPResponse {
        try await http.send(request(path, timeout: timeout))
    }

    func request(_ path: String, timeout: Duration?) -> HTTPRequest {
        let timeout = timeout ?? (isCertain ? .seconds(5) : patience)
        return HTTPRequest(
            url: "http://\(host)\(path)", headers: [HTTPHeader("Metadata-Flavor", "Google")],
            // The server is on this machine's own link, and gives its secrets to whoever asks: no proxy may.
            endpoint: HTTPEndpoint(ignoresProxies: true), deadline: timeout, connectTimeout: timeout,
            maximumBodyBytes: 1 << 20, retries: isCertain ? .whenSafe : .never)
    }

    private func failure(_ said: String, mend: String, isCancellation: Bool = false) -> CredentialFailure {
        CredentialFailure(source: source, said: said, mend: mend, isCancellation: isCancellation)
    }
}
