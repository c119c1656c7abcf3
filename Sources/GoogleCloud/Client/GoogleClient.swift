import Foundation
package import HTTP
import Secrecy

/// A client of Google's REST APIs with one credential. Cheap to copy; copies share the credential's token.
package struct GoogleClient: Sendable {
    package let credentials: GoogleCredentials
    package let endpoints: GoogleEndpoints
    let http: HTTPClient
    let timeout: Duration
    let connectTimeout: Duration

    /// - Parameters:
    ///   - timeout: for one whole exchange, with its repetitions and pauses.
    ///   - connectTimeout: within it, until a connection stands.
    package init(
        http: HTTPClient, credentials: GoogleCredentials, endpoints: GoogleEndpoints, timeout: Duration = .seconds(30),
        connectTimeout: Duration = .seconds(10)
    ) {
        self.http = http
        self.credentials = credentials
        self.endpoints = endpoints
        self.timeout = timeout
        self.connectTimeout = connectTimeout
    }

    /// Asks for one thing.
    ///
    /// - Parameters:
    ///   - path: absolute, such as `/v1/projects/my-project`; `/compute/v1/…` for Compute.
    ///   - permission: the IAM permission that the method needs, for those APIs whose refusal does not name it.
    package func get<T: Decodable & Sendable>(
        _ type: T.Type, _ service: GoogleService, _ path: String, query: [(String, String)] = [], permission: String = ""
    ) async throws(GoogleFailure) -> T {
        let call = Call(method: "GET", service: service, path: path, query: query, body: nil, permission: permission)
        return try await send(call, as: type)
    }

    /// Asks with a body, where asking twice does no harm: `testIamPermissions`, `getEffectiveOrgPolicy`.
    package func post<Body: Encodable & Sendable, T: Decodable & Sendable>(
        _ type: T.Type, _ service: GoogleService, _ path: String, body: Body, query: [(String, String)] = [],
        permission: String = ""
    ) async throws(GoogleFailure) -> T {
        let data: Data
        do { data = try JSONEncoder().encode(body) } catch {
            throw GoogleFailure(kind: .malformed(at: "request"), message: "\(error)", method: "POST", url: path)
        }
        let call = Call(method: "POST", service: service, path: path, query: query, body: data, permission: permission)
        return try await send(call, as: type)
    }

    /// Asks for all pages of a list. What fails is in the result, beside the items that came before.
    package func list<Page: GooglePage>(
        _ type: Page.Type, _ service: GoogleService, _ path: String, query: [(String, String)] = [], permission: String = ""
    ) async -> GoogleList<Page.Item> {
        var list = GoogleList<Page.Item>()
        var seen: Set<String> = []
        var token = ""
        repeat {
            do throws(GoogleFailure) {
                let page = try await get(
                    type, service, path, query: token.isEmpty ? query : query + [("pageToken", token)], permission: permission)
                list.items += page.items
                for place in page.unreachable where !list.unreachable.contains(place) { list.unreachable.append(place) }
                token = page.nextPageToken ?? ""
                guard token.isEmpty || seen.insert(token).inserted, seen.count < Self.maximumPages else {
                    throw GoogleFailure(
                        kind: .malformed(at: "nextPageToken"),
                        message: "the pages of this list do not end: \(seen.count) were read"
                            + (seen.count < Self.maximumPages ? ", and the last leads back to an earlier one" : ""),
                        url: printable(endpoints[service] + path))
                }
            } catch {
                list.failure = error
                return list
            }
        } while !token.isEmpty
        return list
    }

    /// Far more than any list that isthmus reads has.
    static let maximumPages = 500
    /// The largest answer that is taken, in bytes, unpacked.
    static let bodyLimit = 32 << 20
}

/// One request as the caller means it.
struct Call: Sendable {
    var method: String
    var service: GoogleService
    var path: String
    var query: [(String, String)]
    var body: Data?
    var permission: String
}

extension GoogleClient {
    /// Sends a request with a token; where the token is refused, gets another one and asks once more.
    func send<T: Decodable & Sendable>(_ call: Call, as type: T.Type) async throws(GoogleFailure) -> T {
        let url = endpoints[call.service] + call.path
        let refusal = GoogleRefusal(call: call, url: url, credentials: credentials)
        var rejected: Secret<String>?
        while true {
            let token: Secret<String>
            do throws(CredentialFailure) {
                token = try await credentials.token(rejected: rejected)
            } catch {
                throw refusal.failure(error)
            }
            let response: HTTPResponse
            do throws(HTTPFailure) {
                response = try await http.sendPatiently(request(call, url, token))
            } catch {
                throw refusal.failure(error)
            }
            // A second time only with another token: the same would be refused again.
            if response.status == 401, rejected == nil, await credentials.hasOther(than: token) {
                rejected = token
                continue
            }
            guard (200..<300).contains(response.status) else { throw refusal.failure(response.status, response.body) }
            return try decode(type, response.body, refusal)
        }
    }

    private func request(_ call: Call, _ url: String, _ token: Secret<String>) -> HTTPRequest {
        var headers = [HTTPHeader("Accept", "application/json"), HTTPHeader("Authorization", "Bearer \(token.revealed)")]
        if !credentials.quotaProject.isEmpty { headers.append(HTTPHeader("x-goog-user-project", credentials.quotaProject)) }
        if call.body != nil { headers.append(HTTPHeader("Content-Type", "application/json")) }
        let query = call.query.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
        return HTTPRequest(
            method: call.method, url: query.isEmpty ? url : "\(url)?\(query)", headers: headers, body: call.body,
            endpoint: endpoints.endpoint, deadline: timeout, connectTimeout: connectTimeout, maximumBodyBytes: Self.bodyLimit,
            retries: .vouched)
    }

    private func decode<T: Decodable & Sendable>(
        _ type: T.Type, _ body: Data, _ refusal: GoogleRefusal
    ) throws(GoogleFailure) -> T {
        // JSONDecoder would also take a bare text or number where the type is one; Google's answers are objects.
        guard body.first(where: { !$0.isJSONBlank }) == UInt8(ascii: "{") else {
            throw refusal.make(
                .malformed(at: ""), "a good status with \(beginning(of: body)), which is not from Google",
                "See whether a proxy or portal answers in the place of Google")
        }
        let answer: Answer<T>
        do {
            answer = try JSONDecoder().decode(Answer<T>.self, from: body)
        } catch {
            let (path, problem) = undecodable(error)
            throw refusal.make(
                .malformed(at: path), "the answer cannot be read at \(path.isEmpty ? "its beginning" : path): \(problem)", "")
        }
        switch answer {
        case .good(let value): return value
        case .error(let words): throw refusal.failure(200, words)
        }
    }
}

/// The body of a good status: what was asked for, or an error all the same.
private enum Answer<T: Decodable>: Decodable {
    case good(T)
    case error(GoogleErrorBody)

    private enum Keys: CodingKey { case error }

    init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: Keys.self), container.contains(.error),
            let object = try? JSONObject(from: decoder), let words = GoogleErrorBody(object)
        {
            self = .error(words)
        } else {
            self = .good(try T(from: decoder))
        }
    }
}

extension UInt8 {
    fileprivate var isJSONBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}

/// Where and why a JSON text does not fit; never holds its values.
private func undecodable(_ error: any Error) -> (path: String, problem: String) {
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
    let isBroken = problem.contains("not valid JSON")
    return (printable(path), isBroken ? "it is not valid JSON, or is cut off" : printable(problem))
}
