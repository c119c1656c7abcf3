internal import AtOnce
internal import Facts
internal import Mesh
internal import TLS

/// The identity proofs of one source: towards every other cluster.
struct IdentityProofs: Sendable {
    private(set) var rows: [FactRow] = []
    /// Why there are none; `nil` where there may be.
    private(set) var refusal: NoAnswer?

    /// More proofs than these do not run at the same time.
    private static let atOnce = 64

    /// Reads the source's signing key, comes to every other cluster as a member and as each impostor, and forgets the key.
    static func run(
        from source: ClusterResult, to results: [ClusterResult], _ prober: TLSProber, now: Int, _ options: CollectOptions
    ) async -> IdentityProofs {
        var proofs = IdentityProofs()
        guard let client = source.client, !source.contact.outcome.isFinal else {
            proofs.refusal = NoAnswer(source.contact.detail)
            return proofs
        }
        let name = source.declaration.name
        let others = results.filter { $0.declaration.name != name }
        guard !others.isEmpty else { return proofs }
        let key = await SigningKey.read(client)
        let all = others.compactMap { proof(name, source, $0, key, now: now, options) }
        proofs.rows = await all.atOnce(limit: atOnce) { await $0.run(prober) }.flatMap(\.self)
        // Everybody but those who come without a certificate, and the stranger, whom the key did not sign.
        let issued = all.count * (IdentityProof.Visitor.allCases.count - 3)
        proofs.rows.append(key.row(name, issued: issued))
        return proofs
    }

    /// `nil` where there is nothing to prove it with or nobody to ask: no row says so, and `ca_key_use` or `gateway_probe` why.
    private static func proof(
        _ name: String, _ source: ClusterResult, _ target: ClusterResult, _ key: SigningKey, now: Int, _ options: CollectOptions
    ) -> IdentityProof? {
        let gateway = target.probes.first { $0.tls == .served } ?? target.probes.first { $0.tcp == .connected }
        guard let authority = key.authority, let roots = source.roots.value?.certificates, !roots.isEmpty, let gateway,
            let service = target.service.value, let trustDomain = source.trustDomain
        else { return nil }
        return IdentityProof(
            source: name, target: target.declaration.name, authority: authority, trustDomain: trustDomain, roots: roots,
            service: service, address: gateway.address, port: gateway.port, now: now, connectTimeout: options.connectTimeout)
    }
}

extension ClusterResult {
    /// Of the mesh configuration that counts; `nil` where it is not known.
    var trustDomain: String? {
        guard let wanted = facts.rows.first(where: { $0.table == "wanted_revision" })?.values["revision"] else { return nil }
        let settings = facts.rows.first { row in
            row.table == "mesh_config" && row.values["revision"] == wanted && row.values["parse_error"] == .text("")
        }
        return settings?.values["trust_domain"]?.text.flatMap { $0.isEmpty ? nil : $0 }
    }
}
