/// One ingress rule of a VPC network or of a firewall policy, as far as it can be evaluated without asking anybody.
package struct FirewallRule: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        case allow, deny, goToNext
        /// What no evaluation of addresses foretells, as handing over to an inspection; the word is the API's.
        case other(String)

        package var word: String {
            switch self {
            case .allow: "allow"
            case .deny: "deny"
            case .goToNext: "goto_next"
            case .other(let word): word
            }
        }
    }

    /// A protocol, by name or number or `all`, and its ports: `15443` or `15000-15999`; none is every port.
    package struct Layer: Hashable, Sendable {
        package var name: String
        package var ports: [String]

        package init(_ name: String, ports: [String] = []) {
            self.name = name
            self.ports = ports
        }
    }

    /// Which machines a rule is for. Nothing at all is every machine of the network.
    package struct Targets: Hashable, Sendable {
        package var tags: [String] = []
        package var serviceAccounts: [String] = []
        /// Targets that cannot be compared with what is known of a machine, as secure tags; in words for the reader.
        package var others: [String] = []

        package init(tags: [String] = [], serviceAccounts: [String] = [], others: [String] = []) {
            self.tags = tags
            self.serviceAccounts = serviceAccounts
            self.others = others
        }
    }

    package var name: String
    /// Lower comes first.
    package var priority: Int
    package var action: Action
    package var isDisabled = false
    /// None is every protocol.
    package var layers: [Layer] = []
    /// The ranges that traffic may come from; `nil` where the rule names no range.
    package var sources: AddressSet?
    /// Tags and service accounts of senders within the network, which no address tells; in words for the reader.
    package var senderTags: [String] = []
    /// Sources beside the ranges that cannot be evaluated: host names, regions, lists; in words for the reader.
    package var otherSources: [String] = []
    /// What the traffic must be besides, and what cannot be evaluated: kinds of networks; in words for the reader.
    package var conditions: [String] = []
    /// The addresses that traffic must be for; `nil` where the rule names none.
    package var destinations: AddressSet?
    package var targets = Targets()

    package init(_ name: String, priority: Int, _ action: Action) {
        self.name = name
        self.priority = priority
        self.action = action
    }
}

/// What comes to a machine: one protocol and port, and what is known of the machine.
package struct FirewallTraffic: Hashable, Sendable {
    /// What is known of the machines: a rule for a tag that is not among the known ones may be meant for them all the same,
    /// unless the tags are known to be all.
    package struct Machine: Hashable, Sendable {
        package var tags: Set<String>
        package var tagsAreAll: Bool
        package var serviceAccounts: Set<String>
        package var serviceAccountsAreAll: Bool

        package init(
            tags: Set<String> = [], tagsAreAll: Bool = false, serviceAccounts: Set<String> = [],
            serviceAccountsAreAll: Bool = false
        ) {
            self.tags = tags
            self.tagsAreAll = tagsAreAll
            self.serviceAccounts = serviceAccounts
            self.serviceAccountsAreAll = serviceAccountsAreAll
        }
    }

    package var port: Int
    /// Where packets are sent; `nil` where it is not known.
    package var destination: AddressSet?
    package var machine: Machine
    /// Where senders with tags and service accounts of this network can be; other addresses never have them.
    package var taggedSenders: AddressSet

    /// TCP to a port.
    package init(
        port: Int, destination: AddressSet? = nil, machine: Machine, taggedSenders: AddressSet = .everything
    ) {
        self.port = port
        self.destination = destination
        self.machine = machine
        self.taggedSenders = taggedSenders
    }
}
