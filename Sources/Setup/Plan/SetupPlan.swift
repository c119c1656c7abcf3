/// Something that a person must know before the plan is applied.
package struct Finding: Hashable, Codable, Sendable {
    package enum Severity: String, Codable, Sendable, CaseIterable {
        /// The plan cannot be applied.
        case error
        /// Something could not be observed.
        case unknown
        case warning
        case note
    }

    package var severity: Severity
    /// `""` for the whole mesh.
    package var cluster: String
    package var text: String
    /// What to do, as a command where there is one; `""` where there is nothing to do.
    package var remedy: String

    package init(_ severity: Severity, cluster: String = "", _ text: String, remedy: String = "") {
        self.severity = severity
        self.cluster = cluster
        self.text = text
        self.remedy = remedy
    }
}

/// The mesh that a plan is for.
package struct MeshIdentity: Hashable, Codable, Sendable {
    /// As `proj-123456789012`.
    package var id: String
    package var fleetProject: String
    package var revision: String

    package init(id: String, fleetProject: String, revision: String) {
        self.id = id
        self.fleetProject = fleetProject
        self.revision = revision
    }
}

/// Everything that is to be done, and what was seen when it was decided. There is no secret in it.
package struct SetupPlan: Hashable, Codable, Sendable {
    /// The one that this isthmus writes and reads.
    package static let currentFormat = 1

    package var formatVersion: Int
    /// Seconds since 1970.
    package var madeAt: Int
    package var isthmusVersion: String
    package var mesh: MeshIdentity
    package var options: SetupOptions
    /// In the order of their declaration.
    package var clusters: [ClusterPlan]
    package var findings: [Finding]

    package init(
        madeAt: Int, isthmusVersion: String, mesh: MeshIdentity, options: SetupOptions, clusters: [ClusterPlan],
        findings: [Finding]
    ) {
        formatVersion = Self.currentFormat
        self.madeAt = madeAt
        self.isthmusVersion = isthmusVersion
        self.mesh = mesh
        self.options = options
        self.clusters = clusters
        self.findings = findings
    }
}
