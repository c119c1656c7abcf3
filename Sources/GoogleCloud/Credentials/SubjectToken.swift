import Foundation
import HTTP
import Secrecy

/// Where the other party's token comes from.
enum SubjectTokenSource: Sendable {
    case file(path: String, format: SubjectTokenFormat)
    case url(String, headers: Secret<[HTTPHeader]>, format: SubjectTokenFormat)
    case executable(SubjectTokenProgram)

    func token(_ context: TokenContext) async throws(CredentialFailure) -> Secret<String> {
        switch self {
        case .file(let path, let format): try Self.read(path, format, context)
        case .url(let url, let headers, let format): try await Self.fetch(url, headers, format, context)
        case .executable(let program): try await program.token(context)
        }
    }

    private static func read(
        _ path: String, _ format: SubjectTokenFormat, _ context: TokenContext
    ) throws(CredentialFailure) -> Secret<String> {
        let data: Data
        do throws(FileProblem) {
            data = try readFile(path, limit: 1 << 20)
        } catch {
            throw context.failure(
                "the file \(printable(path)) that credential_source names cannot be read: \(error.text)",
                mend: "See that what writes this token (a projected volume, an agent) runs: ls -l \(quoted(path))")
        }
        return try format.token(data, from: "the file \(printable(path))", context)
    }

    private static func fetch(
        _ url: String, _ headers: Secret<[HTTPHeader]>, _ format: SubjectTokenFormat, _ context: TokenContext
    ) async throws(CredentialFailure) -> Secret<String> {
        var endpoint = context.endpoints.endpoint
        // A metadata server, which no proxy may ask.
        if URLComponents(string: url)?.host?.hasPrefix("169.254.") == true { endpoint.ignoresProxies = true }
        let response = try await context.send(
            HTTPRequest(
                url: url, headers: headers.revealed, endpoint: endpoint, deadline: .seconds(20), maximumBodyBytes: 1 << 20),
            to: "the source of the subject token")
        let shown = printable(TokenContext.shown(url))
        guard response.status == 200 else {
            throw context.failure(
                "the source of the subject token \(shown) answered \(response.status) with "
                    + beginning(of: response.body, withholding: headers.revealed.map { Secret($0.value) }),
                mend: "Ask it by hand: curl -i \(quoted(TokenContext.shown(url)))")
        }
        return try format.token(response.body, from: shown, context)
    }
}

/// How a file or an answer holds the other party's token.
enum SubjectTokenFormat: Sendable, Hashable {
    case text
    /// A JSON object; the token is under this key.
    case json(field: String)

    func token(_ data: Data, from place: String, _ context: TokenContext) throws(CredentialFailure) -> Secret<String> {
        switch self {
        case .text:
            return try requireToken(
                String(decoding: data, as: UTF8.self), source: "\(context.source), \(place)", mend: context.mend)
        case .json(let field):
            let object: JSONObject
            do throws(JSONObject.Problem) {
                object = try JSONObject(data)
            } catch {
                throw context.failure("\(place) should hold JSON with the subject token: \(error.text)")
            }
            guard case .string(let token)? = object[field] else {
                throw context.failure(
                    "the JSON of \(place) holds no text under \(printable(field)), the subject_token_field_name")
            }
            return try subject(token, place, context)
        }
    }

    /// Of any form: it may be a SAML document, and does not go into a header.
    private func subject(
        _ text: String, _ place: String, _ context: TokenContext
    ) throws(CredentialFailure) -> Secret<String> {
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty else { throw context.failure("there is no subject token in \(place): it is empty") }
        return Secret(token)
    }
}

extension CredentialReader {
    /// Reads `credential_source`.
    func subjectToken(audience: String, type: String, target: String, mend: String) throws(CredentialFailure)
        -> SubjectTokenSource
    {
        if object["environment_id"] != nil {
            throw failure(
                "environment_id", "isthmus cannot sign requests for AWS",
                mend: "Give isthmus a token instead: gcloud auth print-access-token > FILE, and --google-token-file FILE")
        }
        if object["certificate"] != nil {
            throw failure(
                "certificate", "isthmus does not know X.509 federation",
                mend: "Give isthmus a token instead: gcloud auth print-access-token > FILE, and --google-token-file FILE")
        }
        let present = ["file", "url", "executable"].filter { object[$0] != nil }
        guard let only = present.first, present.count == 1 else {
            throw failure(
                "file",
                present.isEmpty
                    ? "none of file, url and executable is there" : "only one of \(present.joined(separator: ", ")) may be there",
                mend: mend)
        }
        switch only {
        case "file": return .file(path: try string("file", mend: mend), format: try format(mend: mend))
        case "url":
            return .url(
                try url("url", allowPlain: true, mend: mend), headers: Secret(try headers(mend: mend)),
                format: try format(mend: mend))
        default:
            let child = try child("executable", mend: mend)
            return .executable(try child.program(audience: audience, type: type, target: target, mend: mend))
        }
    }

    private func format(mend: String) throws(CredentialFailure) -> SubjectTokenFormat {
        guard object["format"] != nil else { return .text }
        let child = try child("format", mend: mend)
        switch try child.optional("type", mend: mend) ?? "text" {
        case "text": return .text
        case "json": return .json(field: try child.string("subject_token_field_name", mend: mend))
        case let other: throw child.failure("type", "it is \"\(printable(other))\", and neither text nor json", mend: mend)
        }
    }

    private func headers(mend: String) throws(CredentialFailure) -> [HTTPHeader] {
        guard object["headers"] != nil else { return [] }
        let child = try child("headers", mend: mend)
        var headers: [HTTPHeader] = []
        for name in child.object.values.keys.sorted() { headers.append(HTTPHeader(name, try child.string(name, mend: mend))) }
        return headers
    }
}
