internal import Facts
internal import Policy

/// The addresses from which one cluster comes to another's gateway.
struct PathSenders: Hashable {
    /// CIDRs, as they are known.
    var ranges: [String]
    let addresses: AddressSet
    /// Whether these are all.
    var isKnown: Bool
    /// Why not; empty where they are.
    var detail: String

    init(_ ranges: [String], isKnown: Bool, detail: String) {
        let read = AddressSet.reading(ranges)
        self.ranges = ranges
        addresses = read.set
        self.isKnown = isKnown && read.unreadable.isEmpty && !ranges.isEmpty
        let why = read.unreadable.isEmpty ? detail : "no range of addresses: \(read.unreadable.joined(separator: ", "))"
        self.detail = self.isKnown ? "" : (why.isEmpty ? "the addresses from which it comes are not known" : why)
    }

    /// The senders of a cluster as the gateway of another sees them: behind an internal load balancer those of its own network,
    /// else those with which it leaves.
    static func of(_ source: GoogleClusterEvidence, to plan: GatewayPlan) -> PathSenders {
        let egress = source.egress
        let isInternal = plan.type == LoadBalancerType.internal.rawValue
        guard isInternal, egress.source != .declared else {
            return PathSenders(egress.ranges, isKnown: egress.isKnown, detail: egress.detail)
        }
        // A pod keeps its address, or has its node's: towards private addresses GKE does the first, others mostly the second.
        let isGKE = source.gke.value != nil
        let ranges = both(source.nodeRanges, isGKE ? source.podRanges : .success([]))
        switch ranges {
        case .success(let (nodes, pods)): return PathSenders((nodes + pods).uniqued, isKnown: true, detail: "")
        case .failure(let reason): return PathSenders([], isKnown: false, detail: reason.detail)
        }
    }
}

/// JSON text of a list of texts. Most are ranges and names, which need no escaping: tables of pairs have many of them.
func textList(_ texts: [String]) -> FactValue {
    let isPlain = texts.allSatisfy {
        $0.utf8.allSatisfy { (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }
    guard isPlain else { return jsonText(texts) }
    return .text(texts.isEmpty ? "[]" : "[\"" + texts.joined(separator: "\",\"") + "\"]")
}
