internal import Facts
internal import GoogleCloud

extension Rows {
    /// Table `google_access`.
    static func googleAccess(_ access: GoogleAccess) -> [FactRow] {
        func row(_ source: String, _ credentials: GoogleCredentials?, _ failure: CredentialFailure?) -> FactRow {
            FactRow(
                "google_access",
                [
                    "source": .text(source), "kind": .text(credentials?.kind ?? ""),
                    "principal": .text(credentials?.principal ?? ""), "quota_project": .text(credentials?.quotaProject ?? ""),
                    "outcome": failure == nil ? "usable" : "broken", "detail": .text((failure?.said ?? "").capped),
                    "mend": .text(failure?.mend ?? ""),
                ])
        }
        switch access {
        case .usable(let credentials): return [row(credentials.source, credentials, nil)]
        case .broken(let failure, let credentials): return [row(failure.source, credentials, failure)]
        case .none: return []
        }
    }

    /// Table `google_project`.
    static func googleProject(_ project: GoogleProjectEvidence) -> FactRow {
        let resource = project.resource.value ?? nil
        let isAbsent = project.resource.failure == nil && resource == nil
        let failure = project.resource.failure
        return FactRow(
            "google_project",
            [
                "project": .text(project.project), "project_id": FactValue(resource?.projectId),
                "project_number": FactValue(resource.flatMap { $0.number.isEmpty ? nil : $0.number }),
                "state": isAbsent ? "NOT_FOUND" : FactValue(resource.map { $0.state ?? "ACTIVE" }),
                "is_fleet": FactValue(project.isFleet), "is_cluster": FactValue(project.isCluster),
                "is_host": FactValue(project.isHost), "detail": .text(failure?.detail ?? ""), "mend": .text(failure?.mend ?? ""),
            ])
    }

    /// Table `google_service`: what this project needs by its roles.
    ///
    /// - Parameter payer: the project that pays for isthmus's requests; empty where not known.
    static func googleServices(_ project: GoogleProjectEvidence, payer: String, hasOnPremises: Bool) -> [FactRow] {
        NeededService.all.filter { needed in
            if needed.isForOnPremises, !hasOnPremises { return false }
            return needed.roles.isEmpty ? project.project == payer : !needed.roles.isDisjoint(with: project.roles)
        }.map { needed in
            let state = project.services.value.flatMap { $0[needed.service] }
            let failure = project.services.failure ?? (state == nil ? NoAnswer("Service Usage did not tell its state") : nil)
            return FactRow(
                "google_service",
                [
                    "project": .text(project.project), "service": .text(needed.service),
                    "state": FactValue(state.map { $0 ? "enabled" : "disabled" }), "needed_for": .text(needed.need.rawValue),
                    "detail": .text(failure?.detail ?? ""), "mend": .text(failure?.mend ?? ""),
                ])
        }
    }

    /// Table `google_permission`: what the steps need of the caller on this project, by its roles.
    static func googlePermissions(_ project: GoogleProjectEvidence, hasOnPremises: Bool) -> [FactRow] {
        var seen: Set<String> = []
        return NeededPermission.all.filter {
            !$0.roles.isDisjoint(with: project.roles) && (hasOnPremises || !$0.isForOnPremises)
                && seen.insert($0.permission).inserted
        }.map { needed in
            FactRow(
                "google_permission",
                [
                    "project": .text(project.project), "permission": .text(needed.permission),
                    "step": .text(needed.step.rawValue),
                    "granted": FactValue(project.granted.value.map { $0.contains(needed.permission) }),
                    "role": .text(needed.role), "detail": .text(project.granted.failure?.detail ?? ""),
                ])
        }
    }
}

extension GoogleProjectEvidence {
    var roles: Set<ProjectRole> {
        var roles: Set<ProjectRole> = []
        if isFleet { roles.insert(.fleet) }
        if isCluster { roles.insert(.cluster) }
        if isHost { roles.insert(.host) }
        return roles
    }
}
