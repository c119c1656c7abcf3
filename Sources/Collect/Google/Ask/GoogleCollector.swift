internal import AtOnce
package import GoogleCloud
internal import HTTP
internal import Mesh

/// How Google's APIs are to be asked.
package struct GoogleOptions: Sendable {
    package var credentials: CredentialChoice
    package var endpoints: GoogleEndpoints
    /// Where credentials are looked for.
    package var environment: [String: String]
    package var home: String

    package init(credentials: CredentialChoice, endpoints: GoogleEndpoints, environment: [String: String], home: String) {
        self.credentials = credentials
        self.endpoints = endpoints
        self.environment = environment
        self.home = home
    }
}

/// Asks Google's APIs about the clusters of a mesh while the clusters themselves are asked; decides nothing.
///
/// Each question is asked once per run. What one answer leads to is asked at once: the fleet and the projects that kubeconfigs name
/// at the start, the rest as soon as a cluster has told its UID and its nodes.
struct GoogleCollector: Sendable {
    let mesh: MeshDeclaration
    let http: HTTPClient
    let options: CollectOptions
    let report: @Sendable (CollectEvent) -> Void

    /// The name of Google's line in a display of progress.
    static let displayName = "google"

    func collect(_ leads: [GoogleLead]) async -> GoogleEvidence {
        guard let google = options.google, google.credentials != .none else {
            return await evidence(leads, access: .none(reason: "Google's APIs were not to be asked (--google-credentials none)"))
        }
        let credentials: GoogleCredentials?
        do throws(CredentialFailure) {
            credentials = try await GoogleCredentials.find(
                google.credentials, environment: google.environment, home: google.home, http: http, endpoints: google.endpoints)
        } catch {
            return await evidence(leads, access: .broken(error, of: nil))
        }
        guard let credentials else { return await evidence(leads, access: .none(reason: Self.noCredentials)) }

        report(CollectEvent(cluster: Self.displayName, kind: .started))
        let client = GoogleClient(
            http: http, credentials: credentials, endpoints: google.endpoints, timeout: options.timeout,
            connectTimeout: options.connectTimeout)
        let api = GoogleAPI(client: client) { done, total in
            report(CollectEvent(cluster: Self.displayName, kind: .progress(done: done, of: total)))
        }
        async let check = Self.check(credentials)
        var result = await evidence(leads, access: .usable(credentials), api: api)
        if let failure = await check {
            result.access = .broken(failure, of: credentials)
        } else if let refusal = api.refusedToken {
            result.access = .broken(
                CredentialFailure(source: credentials.source, said: refusal.detail, mend: refusal.mend), of: credentials)
        }
        report(CollectEvent(cluster: Self.displayName, kind: result.access.failure.map { .failed($0) } ?? .finished))
        return result
    }

    private static let noCredentials =
        "no credentials for Google's APIs were found; give some with: gcloud auth application-default login, or --google-credentials FILE, or --google-token-file FILE"

    private static func check(_ credentials: GoogleCredentials) async -> CredentialFailure? {
        do throws(CredentialFailure) {
            try await credentials.check()
            return nil
        } catch {
            return error
        }
    }

    /// Without an API every answer is missing, for the reason that `access` gives.
    private func evidence(_ leads: [GoogleLead], access: GoogleAccess, api: GoogleAPI? = nil) async -> GoogleEvidence {
        let asker = GoogleAsker(api: api, mesh: mesh, missing: NoAnswer(access.failure ?? "", mend: access.mend))
        async let fleet = asker.fleet()
        let clusters = await leads.atOnce { await asker.follow($0) }
        var evidence = await fleet
        evidence.access = access
        await asker.complete(&evidence, clusters)
        return evidence
    }
}

extension GoogleAccess {
    /// Why nothing was answered, without what to do; `nil` where the credential is usable.
    var failure: String? {
        switch self {
        case .usable: nil
        case .broken(let failure, _): "\(failure.source): \(failure.said)"
        case .none(let reason): reason
        }
    }

    var mend: String { if case .broken(let failure, _) = self { failure.mend } else { "" } }
}
