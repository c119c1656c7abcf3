package import Foundation
package import HTTP
import Secrecy

/// A client of one cluster's API server.
///
/// Values of it are cheap to copy and share their credential. Every method throws `KubernetesError`, which names cluster and
/// URL. A 401 makes an exec plugin run once more; 429 and 503 are repeated by `HTTPClient` where that is safe.
package struct KubernetesClient: Sendable {
    package let access: ClusterAccess
    let http: HTTPClient
    let credentials: CredentialSource
    let timeout: Duration
    let connectTimeout: Duration

    /// - Parameters:
    ///   - timeout: for one whole exchange, from name lookup to the last byte.
    ///   - connectTimeout: within it, until a connection stands.
    ///   - plugins: runs credential plugins; shared by the clients of a run, so that each plugin runs once.
    package init(
        access: ClusterAccess, http: HTTPClient, timeout: Duration = .seconds(30), connectTimeout: Duration = .seconds(10),
        plugins: ExecCache
    ) {
        self.access = access
        self.http = http
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        credentials = CredentialSource(access, cache: plugins)
    }

    /// A good answer of the API server.
    package struct Answer: Sendable {
        package let status: Int
        package let body: Data
        package let contentType: String
        /// What the server's clock says (`Date` header), in seconds since 1970; whole seconds.
        package let serverDate: Int?
        /// By this machine's clock, in seconds since 1970: when the exchange (its last attempt) began and ended.
        package let sentAt: Double
        package let receivedAt: Double
        package let timing: HTTPTiming
        package let reusedConnection: Bool
        /// The address that the connection went to.
        package let remoteAddress: String
    }

    /// What to ask.
    package struct Request: Sendable {
        var method: String
        var path: String
        var query: [(String, String)]
        var accept: String
        var contentType: String?
        var body: Data?
        var retries: RetryPolicy
        var bodyLimit: Int

        /// - Parameter path: absolute, such as `/api/v1/namespaces`, with its segments percent-encoded; `Resource` makes it.
        package init(
            _ method: String = "GET", _ path: String, query: [(String, String)] = [], accept: String = "application/json",
            contentType: String? = nil, body: Data? = nil, retries: RetryPolicy = .whenSafe, bodyLimit: Int = 64 << 20
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.accept = accept
            self.contentType = contentType
            self.body = body
            self.retries = retries
            self.bodyLimit = bodyLimit
        }
    }

    /// Sends a request and gives the answer if its status is 2xx.
    package func send(_ request: Request) async throws(KubernetesError) -> Answer {
        let response = try await authenticated(request) { wire throws(HTTPFailure) in
            let response = try await http.send(wire)
            return (response.status, response)
        }
        guard (200..<300).contains(response.status) else {
            throw error(request, refusal(response.status, response.header("Content-Type") ?? "", response.body))
        }
        return Answer(
            status: response.status, body: response.body, contentType: response.header("Content-Type") ?? "",
            serverDate: response.date, sentAt: response.receivedAt - response.timing.total,
            receivedAt: response.receivedAt, timing: response.timing, reusedConnection: response.reusedConnection,
            remoteAddress: response.remoteAddress)
    }

    /// Sends a request and decodes the answer. Unknown fields are ignored.
    package func send<T: Decodable & Sendable>(_ request: Request, as type: T.Type) async throws(KubernetesError) -> T {
        try decode(type, try await send(request), request)
    }

    /// Adds the credential and asks; where a plugin's credential is refused, asks the plugin again and repeats once.
    func authenticated<R>(
        _ request: Request, deadline: Duration? = nil,
        _ exchange: (HTTPRequest) async throws(HTTPFailure) -> (status: Int, R)
    ) async throws(KubernetesError) -> R {
        var rejected: RequestCredential?
        while true {
            let credential = try await credential(rejected, request)
            let wire = wire(request, credential, deadline: deadline ?? timeout)
            let status: Int
            let result: R
            do throws(HTTPFailure) {
                (status, result) = try await exchange(wire)
            } catch {
                throw self.error(request, .transport(error))
            }
            guard status == 401, credential.isRefreshable, rejected == nil else { return result }
            rejected = credential
        }
    }

    private func credential(_ rejected: RequestCredential?, _ request: Request) async throws(KubernetesError) -> RequestCredential
    {
        do throws(KubeconfigError) {
            return try await credentials.credential(rejected: rejected)
        } catch {
            throw self.error(request, .credential(error))
        }
    }

    private func wire(_ request: Request, _ credential: RequestCredential, deadline: Duration) -> HTTPRequest {
        var headers = [HTTPHeader("Accept", request.accept)]
        if let type = request.contentType { headers.append(HTTPHeader("Content-Type", type)) }
        if let authorization = credential.authorization { headers.append(HTTPHeader("Authorization", authorization.revealed)) }
        headers += access.impersonation.headers
        var url = access.server.url + request.path
        if !request.query.isEmpty {
            url += "?" + request.query.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
        }
        return HTTPRequest(
            method: request.method, url: url, headers: headers, body: request.body,
            endpoint: access.endpoint(certificate: credential.certificate), deadline: deadline, connectTimeout: connectTimeout,
            maximumBodyBytes: request.bodyLimit, retries: request.retries, acceptsCompression: !access.disableCompression)
    }

    func error(_ request: Request, _ cause: KubernetesError.Cause) -> KubernetesError {
        KubernetesError(cluster: access.cluster, method: request.method, url: access.server.url + request.path, cause: cause)
    }

    /// What a status other than 2xx says.
    func refusal(_ status: Int, _ contentType: String, _ body: Data) -> KubernetesError.Cause {
        if var words = try? JSONDecoder().decode(KubernetesStatus.self, from: body) {
            words.code = status
            return .status(words)
        }
        return .notKubernetes(status: status, contentType: contentType, beginning: beginning(of: body))
    }

    /// Decodes a good answer; what is no JSON object at all does not come from an API server.
    func decode<T: Decodable>(_ type: T.Type, _ answer: Answer, _ request: Request) throws(KubernetesError) -> T {
        guard answer.body.first(where: { !$0.isJSONBlank }) == UInt8(ascii: "{") else {
            throw error(
                request,
                .notKubernetes(status: answer.status, contentType: answer.contentType, beginning: beginning(of: answer.body)))
        }
        return try decode(type, answer.body, request)
    }

    func decode<T: Decodable>(_ type: T.Type, _ body: Data, _ request: Request) throws(KubernetesError) -> T {
        do {
            return try JSONDecoder().decode(type, from: body)
        } catch {
            throw self.error(request, .undecodable(error))
        }
    }
}

extension UInt8 {
    fileprivate var isJSONBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}

/// The first words of a body, on one line, safe to print.
private func beginning(of body: Data) -> String {
    let text = String(decoding: body.prefix(400), as: UTF8.self)
    return printable(Redaction.text(text.split(whereSeparator: \.isWhitespace).joined(separator: " ")), limit: 120)
}

extension KubernetesError.Cause {
    /// What Foundation says about a JSON text that does not fit.
    fileprivate static func undecodable(_ error: any Error) -> KubernetesError.Cause {
        let (context, problem): (DecodingError.Context?, String) =
            switch error as? DecodingError {
            case .dataCorrupted(let context): (context, context.debugDescription)
            case .typeMismatch(let type, let context): (context, "expected \(type)")
            case .valueNotFound(let type, let context): (context, "expected \(type), found null")
            case .keyNotFound(let key, let context): (context, "the key \(key.stringValue) is missing")
            default: (nil, "\(error)")
            }
        let path = (context?.codingPath ?? []).reduce(into: "") { path, key in
            path += key.intValue.map { "[\($0)]" } ?? (path.isEmpty ? key.stringValue : ".\(key.stringValue)")
        }
        let truncated = problem.contains("not valid JSON")
        return .undecodable(
            path: printable(path), problem: truncated ? "it is not valid JSON, or is cut off" : printable(problem))
    }
}

extension Impersonation {
    var headers: [HTTPHeader] {
        var headers: [HTTPHeader] = []
        if !user.isEmpty { headers.append(HTTPHeader("Impersonate-User", user)) }
        if !uid.isEmpty { headers.append(HTTPHeader("Impersonate-Uid", uid)) }
        headers += groups.map { HTTPHeader("Impersonate-Group", $0) }
        for (key, values) in extra.sorted(by: { $0.key < $1.key }) {
            // Header names are case-insensitive, so that client-go and the server agree on lower case.
            headers += values.map { HTTPHeader("Impersonate-Extra-\(percentEncoded(key.lowercased()))", $0) }
        }
        return headers
    }
}
