/// The networks from which a GKE cluster's control plane takes requests.
package struct AuthorizedNetworks: Hashable, Sendable {
    package let isEnabled: Bool
    /// The ranges of the list, each once, in the API's order and as the API demands them.
    package let listed: [String]
    /// Whether public addresses of Google Cloud are let in besides; `nil` where the API does not say.
    package let admitsGoogle: Bool?
    /// Whether the list counts at the private endpoint too; `nil` where the API does not say.
    package let isEnforcedPrivately: Bool?

    private let covered: AddressSet
    private let unreadable: [String]

    /// - Parameter ranges: as the API lists them.
    package init(isEnabled: Bool, ranges: [String], admitsGoogle: Bool?, isEnforcedPrivately: Bool?) {
        self.isEnabled = isEnabled
        self.admitsGoogle = admitsGoogle
        self.isEnforcedPrivately = isEnforcedPrivately
        var seen: Set<String> = []
        listed = ranges.map { CIDR(tolerant: $0)?.description ?? $0 }.filter { seen.insert($0).inserted }
        (covered, unreadable) = AddressSet.reading(ranges)
    }

    /// Whose the public addresses of a peer are.
    package enum Owner: Hashable, Sendable {
        case google, others, unknown
    }

    /// At which of its addresses a peer calls the control plane.
    package enum Endpoint: Hashable, Sendable {
        case `public`, `private`, unknown
    }

    package struct Decision: Hashable, Sendable {
        /// `nil` where it hangs on what is not known, and where there are no addresses to ask about.
        package let admits: Bool?
        /// The addresses that no range of the list holds.
        package let uncovered: AddressSet
        /// The whole list that would let all of them in: what is in it already, then what is missing.
        package let wanted: [String]
        /// The ranges or the setting by which it is decided.
        package let decidedBy: String
    }

    /// Whether all addresses of a peer are let in.
    package func decide(_ addresses: AddressSet, owner: Owner, at endpoint: Endpoint = .public) -> Decision {
        let uncovered = addresses.subtracting(covered)
        let wanted = uncovered.isEmpty ? listed : listed + uncovered.ranges.map(\.description)
        func decision(_ admits: Bool?, _ reason: String) -> Decision {
            Decision(admits: admits, uncovered: isEnabled ? uncovered : AddressSet(), wanted: wanted, decidedBy: reason)
        }

        if !isEnabled { return decision(true, "authorized networks are not enabled: every address is let in") }
        if addresses.isEmpty { return decision(nil, "no addresses to ask about") }
        if uncovered.isEmpty { return decision(true, "authorized networks \(holding(addresses).joined(separator: ", "))") }

        let door = door(uncovered, owner, endpoint)
        if door.admits == false, !unreadable.isEmpty {
            return decision(nil, "the list holds what is no range of addresses: \(unreadable.joined(separator: ", "))")
        }
        return decision(door.admits, door.reason)
    }

    private typealias Door = (admits: Bool?, reason: String)

    /// Whether there is a way in beside the list.
    private func door(_ uncovered: AddressSet, _ owner: Owner, _ endpoint: Endpoint) -> Door {
        switch endpoint {
        case .public: return publicDoor(uncovered, owner)
        case .private: return privateDoor
        case .unknown:
            let doors = [publicDoor(uncovered, owner), privateDoor]
            if doors[0].admits == doors[1].admits { return doors[0] }
            return (nil, "\(doors[0].reason), and whether the private endpoint is called is not known")
        }
    }

    private func publicDoor(_ uncovered: AddressSet, _ owner: Owner) -> Door {
        // What comes from a private address is not one of Google Cloud's public ones.
        let owner = uncovered.isDisjoint(with: .privateUse) ? owner : .others
        switch (admitsGoogle, owner) {
        case (false, _), (_, .others): return (false, "no authorized network holds them")
        case (true, .google): return (true, "public addresses of Google Cloud are let in")
        case (true, .unknown):
            return (nil, "public addresses of Google Cloud are let in, and whether these are such is not known")
        case (nil, .google), (nil, .unknown):
            return (nil, "no authorized network holds them, and whether public addresses of Google Cloud are let in is not known")
        }
    }

    private var privateDoor: Door {
        switch isEnforcedPrivately {
        case true?: (false, "no authorized network holds them, and the list counts at the private endpoint")
        case false?: (true, "the list does not count at the private endpoint")
        case nil: (nil, "no authorized network holds them, and whether the list counts at the private endpoint is not known")
        }
    }

    private func holding(_ addresses: AddressSet) -> [String] {
        listed.filter { text in CIDR(strict: text).map { !AddressSet($0).isDisjoint(with: addresses) } ?? false }
    }
}
