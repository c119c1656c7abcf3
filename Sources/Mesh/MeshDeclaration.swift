/// What the operator declares: the fleet, the wanted revision and the clusters of one mesh.
package struct MeshDeclaration: Sendable, Equatable {
    /// Fleet host project's id or number; empty where it was not declared.
    package var fleetProject: String
    /// `proj-PROJECT_NUMBER` by default, once the number is known.
    package var meshID: String?
    /// Control-plane revision, as `asm-1246-9`; empty where it was not declared.
    package var revision: String
    /// In the order in which they were declared, which is the order of every report.
    package var clusters: [ClusterDeclaration]
    package var google: GoogleDeclaration

    package init(
        fleetProject: String, meshID: String? = nil, revision: String = "", clusters: [ClusterDeclaration],
        google: GoogleDeclaration = GoogleDeclaration()
    ) {
        self.fleetProject = fleetProject
        self.meshID = meshID
        self.revision = revision
        self.clusters = clusters
        self.google = google
    }
}

/// How Google's APIs are asked, as declared; what is absent is as Google's own tools have it.
package struct GoogleDeclaration: Sendable, Equatable {
    /// Base URLs by API, as `container`: Private Service Connect, restricted.googleapis.com.
    package var endpoints: [String: String]
    /// File of certificates (PEM) to trust for Google's APIs beside the system's.
    package var certificateAuthority: String?
    /// Credential file, in place of Application Default Credentials.
    package var credentials: String?

    package init(endpoints: [String: String] = [:], certificateAuthority: String? = nil, credentials: String? = nil) {
        self.endpoints = endpoints
        self.certificateAuthority = certificateAuthority
        self.credentials = credentials
    }
}

/// One cluster of the mesh, as declared.
package struct ClusterDeclaration: Sendable, Equatable {
    /// Name in every report; unique in the mesh.
    package var name: String
    /// Path of the kubeconfig; relative paths in `mesh.yaml` are taken from its folder.
    package var kubeconfig: String
    /// Context in the kubeconfig; its current context where `nil`.
    package var context: String?
    /// URL under which the other clusters' control planes are to call the API server; the kubeconfig's where `nil`.
    package var remoteServer: String?
    /// Network that the cluster is to have; by default PROJECT_ID-CLUSTER_NETWORK on GKE.
    package var network: String?
    /// Platform; detected where `nil`.
    package var platform: Platform?
    /// `projects/P/locations/L/clusters/C` of a GKE cluster; recognised where `nil`.
    package var googleCluster: String?
    /// `projects/P/locations/L/memberships/M`; recognised where `nil`.
    package var membership: String?
    /// Addresses, as CIDRs, from which the cluster's pods call other networks; `nil`: by its nodes and Cloud NAT, where they tell.
    package var egress: [String]?
    /// What the gateway's load balancer is to be; by its Service, or else external, where `nil`.
    package var loadBalancer: LoadBalancerKind?
    /// What else a gateway that isthmus sets up is to be.
    package var gateway: GatewayDeclaration

    package init(
        name: String, kubeconfig: String, context: String? = nil, remoteServer: String? = nil, network: String? = nil,
        platform: Platform? = nil,
        googleCluster: String? = nil, membership: String? = nil, egress: [String]? = nil,
        loadBalancer: LoadBalancerKind? = nil, gateway: GatewayDeclaration = GatewayDeclaration()
    ) {
        self.name = name
        self.kubeconfig = kubeconfig
        self.context = context
        self.remoteServer = remoteServer
        self.network = network
        self.platform = platform
        self.googleCluster = googleCluster
        self.membership = membership
        self.egress = egress
        self.loadBalancer = loadBalancer
        self.gateway = gateway
    }
}

/// How a cluster's east-west gateway is to be set up; what is absent is left to the platform.
package struct GatewayDeclaration: Sendable, Equatable {
    /// CIDRs whose traffic the load balancer lets in; all where empty.
    package var sourceRanges: [String] = []
    /// A reserved address; on GKE also the name of one.
    package var address: String?
    /// Node ports that a load balancer made by hand leads to, by the names of the gateway's ports.
    package var nodePorts: [String: Int] = [:]
    /// Annotations of the Service, for what isthmus does not know of a platform.
    package var annotations: [String: String] = [:]

    /// The names of the gateway's ports.
    package static let ports = ["status-port", "tls", "tls-istiod", "tls-webhook"]

    package init() {}
}

/// Who can reach a gateway's load balancer.
package enum LoadBalancerKind: String, Sendable, CaseIterable {
    case external
    /// Its own VPC network, and what is connected to it.
    case `internal`
}

/// Where a cluster runs, as far as rules differ by it.
package enum Platform: String, Sendable, CaseIterable {
    /// Google Kubernetes Engine on Google Cloud.
    case gke
    /// Google Distributed Cloud (software only) on VMware.
    case gdcVMware = "gdc-vmware"
    /// Google Distributed Cloud (software only) on bare metal.
    case gdcBareMetal = "gdc-bare-metal"
    /// Any other Kubernetes.
    case kubernetes
}

/// Why a declaration cannot be used; always names the argument or the place in the file.
package struct MeshError: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
