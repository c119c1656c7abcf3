internal import Mesh

extension Rows {
    /// The pool of Google's Certificate Authority Service that signs this cluster's certificates, as
    /// `projects/P/locations/L/caPools/POOL`; empty where that is not who signs.
    static func caPool(_ evidence: ClusterEvidence) -> Answer<String> {
        both(evidence.meshControlPlanes, evidence.configMaps).flatMap { istiods, settings in
            for istiod in istiods {
                let discovery = istiod.container("discovery")
                let revision = istiod.metadata.label(MeshConstants.revisionLabel)
                guard caKind(discovery, revision: revision, settings: settings) == .authorityService else { continue }
                let mesh = settings.first { $0.meshRevision == normal(revision) }.map(MeshConfig.init)
                let values = settings.first { $0.injectorRevision == normal(revision) }.map(InjectorValues.init)
                let places = [
                    discovery?.environment("CA_ADDR") ?? "", mesh?.proxyMetadata["CA_ADDR"] ?? "", values?.caAddress ?? "",
                ]
                for place in places {
                    // A certificate template may follow after a colon.
                    let path = ResourcePath(String(place.prefix { $0 != ":" }))
                    let parts = [path["projects"], path["locations"], path["caPools"]]
                    guard parts.allSatisfy(isResourceName) else { continue }
                    return .success("projects/\(parts[0])/locations/\(parts[1])/caPools/\(parts[2])")
                }
                return .failure(
                    NoAnswer(
                        "Certificate Authority Service signs for \(istiod.metadata.path), and no CA_ADDR or caAddress names its pool"
                    ))
            }
            return .success("")
        }
    }
}
