/// The names that Cloud Service Mesh and Istio give to the objects of a multi-primary mesh on different networks.
///
/// Source: Istio 1.24 and Google's `asmcli` packages of release 1.24.
package enum MeshConstants {
    package static let systemNamespace = "istio-system"
    package static let eastWestGateway = "istio-eastwestgateway"
    package static let eastWestGatewayLabel = (key: "istio", value: "eastwestgateway")
    package static let networkLabel = "topology.istio.io/network"
    package static let gatewayPortLabel = "networking.istio.io/gatewayPort"
    package static let revisionLabel = "istio.io/rev"
    package static let tagLabel = "istio.io/tag"
    package static let tlsModeLabel = "security.istio.io/tlsMode"
    /// TLS port of the east-west gateway (AUTO_PASSTHROUGH).
    package static let gatewayPort = 15443
    package static let statusPort = 15021
    package static let crossNetworkGateway = "cross-network-gateway"
    package static let multiClusterLabel = "istio/multiCluster"
    package static let remoteClusterAnnotation = "networking.istio.io/cluster"
    package static let remoteSecretPrefix = "istio-remote-secret-"
    package static let rootConfigMap = "istio-ca-root-cert"
    package static let rootConfigMapKey = "root-cert.pem"
    /// istiod's cluster id where it is given none.
    package static let defaultClusterID = "Kubernetes"
    /// Istio's trust domain where it is given none.
    package static let defaultTrustDomain = "cluster.local"
}
