/// Whether a rule is for a piece of traffic, as far as is known.
enum Match: Comparable {
    case no, maybe, yes
}

/// The senders whose traffic a rule certainly decides, and those whose traffic it decides in one of the cases that cannot be
/// told apart. The two have nothing in common.
struct RuleReach {
    var certain: AddressSet
    var possible: AddressSet
}

extension FirewallRule {
    func reach(_ traffic: FirewallTraffic) -> RuleReach {
        let nobody = RuleReach(certain: AddressSet(), possible: AddressSet())
        // Most rules of a network are for others' machines: that is asked first.
        let target = isDisabled ? .no : targets.match(traffic.machine)
        guard target != .no else { return nobody }
        let match = min(target, layerMatch(port: traffic.port), conditions.isEmpty ? .yes : .maybe)
        guard match != .no else { return nobody }

        // Ranges and other sources add up; a rule that names neither is for every sender.
        let named = sources ?? (otherSources.isEmpty && senderTags.isEmpty ? .everything : AddressSet())
        let tagged = senderTags.isEmpty ? AddressSet() : traffic.taggedSenders
        let unnamed = otherSources.isEmpty ? tagged : .everything
        let sent = destinationReach(traffic.destination)
        let certain = match == .yes ? named.intersection(sent.certain) : AddressSet()
        let possible = named.union(unnamed).intersection(sent.certain.union(sent.possible))
        return RuleReach(certain: certain, possible: possible.subtracting(certain))
    }

    private func layerMatch(port: Int) -> Match {
        layers.isEmpty ? .yes : layers.lazy.map { $0.match(tcp: port) }.max() ?? .yes
    }

    /// Of the senders of each family, which the rule's destinations leave: senders reach addresses of their own family.
    private func destinationReach(_ destination: AddressSet?) -> RuleReach {
        var reach = RuleReach(certain: AddressSet(), possible: AddressSet())
        for family in IPAddress.Family.allCases {
            switch match(destination: destination?.only(family), family) {
            case .yes: reach.certain = reach.certain.union(.all(family))
            case .maybe: reach.possible = reach.possible.union(.all(family))
            case .no: continue
            }
        }
        return reach
    }

    private func match(destination: AddressSet?, _ family: IPAddress.Family) -> Match {
        guard let destinations else { return .yes }
        let own = destinations.only(family)
        // An address that is not known is one of all.
        let sent = destination.flatMap { $0.isEmpty ? nil : $0 } ?? .all(family)
        if sent.isSubset(of: own) { return .yes }
        return sent.isDisjoint(with: own) ? .no : .maybe
    }
}

extension FirewallRule.Layer {
    func match(tcp port: Int) -> Match {
        guard ["tcp", "6", "all"].contains(name.lowercased()) else { return .no }
        return ports.isEmpty ? .yes : ports.lazy.map { Self.match($0, port) }.max() ?? .yes
    }

    private static func match(_ text: String, _ port: Int) -> Match {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
        guard ends.count <= 2, let first = ends.first, let lower = first, let last = ends.last, let upper = last else {
            return .maybe
        }
        return (Int(lower)...max(Int(lower), Int(upper))).contains(port) && lower <= upper ? .yes : .no
    }
}

extension FirewallRule.Targets {
    func match(_ machine: FirewallTraffic.Machine) -> Match {
        if tags.isEmpty && serviceAccounts.isEmpty && others.isEmpty { return .yes }
        let tag = Self.match(tags, machine.tags, isAll: machine.tagsAreAll)
        let account = Self.match(serviceAccounts, machine.serviceAccounts, isAll: machine.serviceAccountsAreAll)
        return max(tag, account, others.isEmpty ? .no : .maybe)
    }

    private static func match(_ wanted: [String], _ known: Set<String>, isAll: Bool) -> Match {
        if wanted.isEmpty { return .no }
        if wanted.contains(where: known.contains) { return .yes }
        return isAll ? .no : .maybe
    }
}
