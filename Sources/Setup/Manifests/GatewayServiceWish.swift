internal import Foundation
package import Mesh

/// How the gateway's Service gets its address, in the words of the cluster's platform.
package struct GatewayServiceWish: Hashable, Sendable {
    package var annotations: [String: String] = [:]
    package var sourceRanges: [String] = []
    package var loadBalancerIP: String?
    package var nodePorts: [String: Int] = [:]

    package init() {}

    /// Who gives addresses to Services of type LoadBalancer on premises, as far as it matters here.
    package enum OnPremises: String, Sendable {
        /// MetalLB or BGP: assigns one by itself.
        case automatic
        /// A load balancer that people set up by hand, towards node ports.
        case manual
        /// An F5 BIG-IP or Seesaw, which is told the address.
        case told
    }

    /// - Parameters:
    ///   - platform: `nil` where it is not known.
    ///   - onPremises: `nil` where the platform is none of these, or does not say.
    /// - Returns: the wish, and what keeps it from being fulfilled, as sentences for people.
    package static func make(_ cluster: ClusterDeclaration, platform: Platform?, onPremises: OnPremises?)
        -> (wish: GatewayServiceWish, faults: [Finding])
    {
        var wish = GatewayServiceWish()
        var faults: [Finding] = []
        let declared = cluster.gateway
        wish.sourceRanges = declared.sourceRanges
        wish.nodePorts = declared.nodePorts
        if cluster.loadBalancer == .internal { wish.makeInternal(platform, declared, cluster.name, &faults) }
        if let address = declared.address { wish.setAddress(address, platform, cluster, &faults) }
        if onPremises == .manual || onPremises == .told { wish.checkByHand(onPremises, declared, cluster.name, &faults) }
        // What a person wrote last wins over what isthmus knows of the platform.
        wish.annotations.merge(declared.annotations) { $1 }
        return (wish, faults)
    }

    private mutating func makeInternal(
        _ platform: Platform?, _ declared: GatewayDeclaration, _ cluster: String, _ faults: inout [Finding]
    ) {
        switch platform {
        case .gke:
            annotations["networking.gke.io/load-balancer-type"] = "Internal"
            // Peers come through a VPN or an interconnect, which may end in another region.
            annotations["networking.gke.io/internal-load-balancer-allow-global-access"] = "true"
        case .gdcVMware, .gdcBareMetal:
            break  // Its addresses are those of the data centre, always.
        case .kubernetes, nil:
            if declared.annotations.isEmpty {
                faults.append(
                    Finding(
                        .error, cluster: cluster,
                        "an internal load balancer is wanted, and isthmus does not know how this platform is told so",
                        remedy: "write the platform's annotation into mesh.yaml: clusters[\(cluster)].gateway.annotations"))
            }
        }
    }

    private mutating func setAddress(
        _ address: String, _ platform: Platform?, _ cluster: ClusterDeclaration, _ faults: inout [Finding]
    ) {
        if Self.isAddress(address) {
            loadBalancerIP = address
        } else if platform == .gke {
            annotations["networking.gke.io/load-balancer-ip-addresses"] = address
            // Names of addresses are understood by the subsetting and backend-service controllers only.
            if cluster.loadBalancer != .internal { annotations["cloud.google.com/l4-rbs"] = "enabled" }
        } else {
            faults.append(
                Finding(
                    .error, cluster: cluster.name,
                    "the gateway's address \"\(address)\" is no IP address, and only GKE reserves addresses by name",
                    remedy: "write the address itself into mesh.yaml: clusters[\(cluster.name)].gateway.address"))
        }
    }

    private func checkByHand(
        _ mode: OnPremises?, _ declared: GatewayDeclaration, _ cluster: String, _ faults: inout [Finding]
    ) {
        let place = "clusters[\(cluster)].gateway"
        if loadBalancerIP == nil {
            let who =
                mode == .told
                ? "the load balancer (F5 BIG-IP or Seesaw) has to be told the gateway's address"
                : "load balancers are set up by hand here"
            faults.append(
                Finding(
                    .error, cluster: cluster, "\(who), and none is declared: the Service would stay without one",
                    remedy: "write the virtual address into mesh.yaml: \(place).address"))
        }
        let needed = ["status-port", "tls"].filter { declared.nodePorts[$0] == nil }
        if mode == .manual, !needed.isEmpty {
            faults.append(
                Finding(
                    .error, cluster: cluster,
                    "load balancers are set up by hand here, and no node port is declared for \(needed.joined(separator: " and "))",
                    remedy:
                        "choose ports of 30000 to 32767, lead the load balancer to them, and write them into mesh.yaml: \(place).nodePorts"
                ))
        }
    }

    /// An IPv4 or IPv6 address.
    private static func isAddress(_ text: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1
    }
}
