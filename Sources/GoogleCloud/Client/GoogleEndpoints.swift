package import Foundation
package import HTTP
import Secrecy
import TLS

/// Where Google's APIs are asked: their public hosts, or what the operator put in their place (Private Service Connect,
/// restricted.googleapis.com, tests), and which certificates those may show.
package struct GoogleEndpoints: Sendable {
    /// `googleapis.com`, or the domain of another of Google's universes.
    package let universeDomain: String
    /// Trust for all of Google's hosts: the system's authorities, and those that the operator added.
    package let endpoint: HTTPEndpoint
    private let overrides: [GoogleService: String]

    static let defaultUniverse = "googleapis.com"

    /// - Parameters:
    ///   - environment: `CLOUDSDK_API_ENDPOINT_OVERRIDES_<SERVICE>`, `GOOGLE_CLOUD_UNIVERSE_DOMAIN` and
    ///     `CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE` are read.
    ///   - overrides: base URLs by service name (`container`), before those of the environment.
    ///   - certificateAuthorityPEM: certificates to trust beside the system's.
    /// - Throws: `EndpointError` for a URL or a file that cannot be used, and for an unknown service.
    package init(
        environment: [String: String], overrides: [String: String] = [:], certificateAuthorityPEM: Data? = nil
    ) throws(EndpointError) {
        let universe = environment["GOOGLE_CLOUD_UNIVERSE_DOMAIN"] ?? ""
        universeDomain = universe.isEmpty ? Self.defaultUniverse : universe
        if let problem = urlProblem("https://\(universeDomain)") {
            throw EndpointError(text: "GOOGLE_CLOUD_UNIVERSE_DOMAIN=\(printable(universe)): \(problem)")
        }
        var all: [GoogleService: String] = [:]
        for service in GoogleService.allCases {
            let variable = "CLOUDSDK_API_ENDPOINT_OVERRIDES_\(service.rawValue.uppercased())"
            if let url = environment[variable], !url.isEmpty { all[service] = try Self.base(url, service, from: variable) }
        }
        for (name, url) in overrides.sorted(by: { $0.key < $1.key }) {
            guard let service = GoogleService(rawValue: name) else {
                let known = GoogleService.allCases.map(\.rawValue).sorted().joined(separator: ", ")
                throw EndpointError(text: "endpoints: isthmus asks no API \(printable(name)); it asks \(known)")
            }
            all[service] = try Self.base(url, service, from: "endpoints.\(name)")
        }
        self.overrides = all
        endpoint = try Self.trust(certificateAuthorityPEM, environment)
    }

    /// The service's base URL, without a slash at its end.
    package subscript(service: GoogleService) -> String {
        overrides[service] ?? "https://\(service.rawValue).\(universeDomain)"
    }

    /// A URL out of a credential file, at the base that the operator put in the place of the service's public one.
    func replaced(_ url: String, _ service: GoogleService) -> String {
        guard let base = overrides[service], let parts = URLComponents(string: url), let host = parts.host,
            host == service.name || host == "\(service.rawValue).\(universeDomain)"
        else { return url }
        return base + parts.percentEncodedPath + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
    }

    private static func base(_ url: String, _ service: GoogleService, from place: String) throws(EndpointError) -> String {
        if let problem = urlProblem(url) { throw EndpointError(text: "\(place)=\(printable(Redaction.text(url))): \(problem)") }
        var base = url.prefix { $0 != "?" && $0 != "#" }
        while base.hasSuffix("/") { base.removeLast() }
        // gcloud's own override of this one service has the path in it.
        if service == .compute, base.hasSuffix("/compute/v1") { base.removeLast("/compute/v1".count) }
        return String(base)
    }

    private static func trust(_ own: Data?, _ environment: [String: String]) throws(EndpointError) -> HTTPEndpoint {
        var extra = own ?? Data()
        if let path = environment["CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"], !path.isEmpty {
            let place = "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE=\(printable(path))"
            let data: Data
            do throws(FileProblem) {
                data = try readFile(path, limit: 8 << 20)
            } catch {
                throw EndpointError(text: "\(place): \(error.text)")
            }
            try check(data, place)
            extra += Data("\n".utf8) + data
        }
        if let own { try check(own, "certificateAuthority") }
        guard !extra.isEmpty else { return HTTPEndpoint() }
        // The client trusts what it is given and nothing else; Google's public hosts are still to be trusted.
        let bundles = [
            environment["SSL_CERT_FILE"] ?? "", "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
        ]
        let system = bundles.lazy.compactMap { try? readFile($0, limit: 16 << 20) }.first ?? Data()
        return HTTPEndpoint(certificateAuthorityPEM: system + Data("\n".utf8) + extra)
    }

    private static func check(_ pem: Data, _ place: String) throws(EndpointError) {
        do throws(CertificateError) {
            _ = try Certificate.parse(pem: pem)
        } catch {
            throw EndpointError(text: "\(place): \(error)")
        }
    }
}

/// An endpoint that cannot be used, and why.
package struct EndpointError: Error, Sendable, Hashable, CustomStringConvertible {
    let text: String
    package var description: String { text }
}
