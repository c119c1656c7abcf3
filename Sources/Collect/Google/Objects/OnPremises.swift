/// `gkeonprem.googleapis.com/v1` VmwareCluster, BareMetalCluster and their admin and standalone kinds: they share names where
/// they share meanings.
struct OnPremisesCluster: Decodable, Sendable {
    /// `projects/P/locations/L/vmwareClusters/N`
    var name: String
    var state: String?
    var status: Status?
    var endpoint: String?
    var localName: String?
    var onPremVersion: String?
    var bareMetalVersion: String?
    var fleet: Fleet?
    var loadBalancer: LoadBalancer?
    var networkConfig: NetworkConfig?
    var proxy: Proxy?

    struct Status: Decodable, Sendable {
        var errorMessage: String?
        var conditions: [Condition]?

        struct Condition: Decodable, Sendable {
            var type: String?
            var reason: String?
            var message: String?
            var state: String?
        }
    }

    struct Fleet: Decodable, Sendable { var membership: String? }

    struct LoadBalancer: Decodable, Sendable {
        var vipConfig: VIPs?
        var metalLbConfig: MetalLB?
        var bgpLbConfig: MetalLB?
        var f5Config: F5?
        var manualLbConfig: Manual?
        var seesawConfig: Seesaw?
    }

    struct VIPs: Decodable, Sendable {
        var controlPlaneVip: String?
        var ingressVip: String?
    }

    struct MetalLB: Decodable, Sendable { var addressPools: [Pool]? }
    struct F5: Decodable, Sendable { var address: String? }
    struct Seesaw: Decodable, Sendable { var vms: [String]? }
    struct Manual: Decodable, Sendable {
        /// Of bare metal alone; a VMware cluster has the section where the mode is on.
        var enabled: Bool?
    }

    struct Pool: Decodable, Sendable {
        var pool: String?
        /// CIDRs and ranges `first-last`.
        var addresses: [String]?
        var avoidBuggyIps: Bool?
        /// Its addresses go only to Services that name them.
        var manualAssign: Bool?
    }

    struct NetworkConfig: Decodable, Sendable {
        var podAddressCidrBlocks: [String]?
        var serviceAddressCidrBlocks: [String]?
        var islandModeCidr: Ranges?
    }

    struct Ranges: Decodable, Sendable {
        var podAddressCidrBlocks: [String]?
        var serviceAddressCidrBlocks: [String]?
    }

    struct Proxy: Decodable, Sendable { var uri: String? }
}

/// `ipaddresspools.metallb.io` in a cluster.
struct IPAddressPool: ListedObject {
    var metadata: ObjectMeta
    var spec: Spec?

    struct Spec: Decodable, Sendable {
        var addresses: [String]?
        /// true where absent.
        var autoAssign: Bool?
        var avoidBuggyIPs: Bool?
    }
}

/// `clusters.baremetal.cluster.gke.io` in an admin, hybrid or standalone cluster.
struct BareMetalObject: ListedObject {
    var metadata: ObjectMeta
    var spec: Spec?

    struct Spec: Decodable, Sendable {
        /// `admin`, `user`, `hybrid`, `standalone`.
        var type: String?
        var anthosBareMetalVersion: String?
        var clusterNetwork: Network?
        var loadBalancer: LoadBalancer?
        var proxy: Proxy?
    }

    struct Network: Decodable, Sendable {
        var pods: Ranges?
        var services: Ranges?
        /// Island mode is off where this is true.
        var flatIPv4: Bool?
    }

    struct Ranges: Decodable, Sendable { var cidrBlocks: [String]? }

    struct LoadBalancer: Decodable, Sendable {
        /// `bundled`, `manual`.
        var mode: String?
        /// `layer2`, `bgp`.
        var type: String?
        var vips: VIPs?
        var addressPools: [Pool]?
    }

    struct VIPs: Decodable, Sendable {
        var controlPlaneVIP: String?
        var ingressVIP: String?
    }

    struct Pool: Decodable, Sendable {
        var name: String?
        var addresses: [String]?
        var manualAssign: Bool?
        var avoidBuggyIPs: Bool?
    }

    struct Proxy: Decodable, Sendable { var url: String? }
}
