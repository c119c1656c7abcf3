/// Service.
struct Service: ListedObject {
    var metadata: ObjectMeta
    var spec: Spec
    var status: Status?

    struct Spec: Decodable, Sendable {
        var type: String?
        var selector: [String: String]?
        var ports: [Port]?
        var externalIPs: [String]?
        var clusterIP: String?
        var loadBalancerIP: String?
        var loadBalancerSourceRanges: [String]?
        /// Where load balancers ask whether a node has the Service's pods; only with `externalTrafficPolicy: Local`.
        var healthCheckNodePort: Int?
    }

    struct Port: Decodable, Sendable {
        var name: String?
        var port: Int
        /// Of the pods; `port` where absent.
        var targetPort: PortReference?
        var nodePort: Int?
        /// `TCP` where absent.
        var `protocol`: String?
        var appProtocol: String?

        /// Whether Istio takes what comes here for HTTP/1.1: said by `appProtocol`, else by the name's beginning.
        var isHTTP: Bool {
            let words = appProtocol ?? String((name ?? "").prefix { $0 != "-" })
            return words.lowercased() == "http"
        }
    }

    /// Kubernetes' IntOrString.
    enum PortReference: Decodable, Sendable, Equatable {
        case number(Int), name(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self = try (try? .number(container.decode(Int.self))) ?? .name(container.decode(String.self))
        }
    }

    struct Status: Decodable, Sendable { var loadBalancer: LoadBalancer? }
    struct LoadBalancer: Decodable, Sendable { var ingress: [Ingress]? }
    struct Ingress: Decodable, Sendable {
        var ip: String?
        var hostname: String?
    }

    /// Addresses under which istiod tells peers to find this Service: of the load balancer, then `externalIPs`.
    var addresses: [String] {
        let balanced = (status?.loadBalancer?.ingress ?? []).compactMap { ingress in
            [ingress.ip, ingress.hostname].compactMap { $0 }.first { !$0.isEmpty }
        }
        var seen: Set<String> = []
        return (balanced + (spec.externalIPs ?? [])).filter { seen.insert($0).inserted }
    }

    /// Whether the Service's selector picks pods with these labels. A Service without a selector picks none.
    func selects(_ labels: [String: String]) -> Bool {
        guard let selector = spec.selector, !selector.isEmpty else { return false }
        return selector.isSubset(of: labels)
    }
}

/// `discovery.k8s.io` EndpointSlice, v1 and v1beta1 alike.
struct EndpointSlice: ListedObject {
    var metadata: ObjectMeta
    var endpoints: [Endpoint]?

    struct Endpoint: Decodable, Sendable {
        var addresses: [String]?
        var conditions: Conditions?
        var targetRef: Event.Reference?
    }

    struct Conditions: Decodable, Sendable { var ready: Bool? }
}

/// ConfigMap.
struct ConfigMap: ListedObject {
    var metadata: ObjectMeta
    var data: [String: String]?
}

/// Core `v1` Event.
struct Event: ListedObject {
    var metadata: ObjectMeta
    var involvedObject: Reference
    var reason: String?
    var message: String?
    var type: String?
    var lastTimestamp: Timestamp?
    var eventTime: Timestamp?

    struct Reference: Decodable, Sendable {
        var kind: String?
        var namespace: String?
        var name: String?
    }

    /// When it was seen last.
    var seen: Timestamp? { lastTimestamp ?? eventTime ?? metadata.creationTimestamp }
}

/// `admissionregistration.k8s.io/v1` MutatingWebhookConfiguration.
struct WebhookConfiguration: ListedObject {
    var metadata: ObjectMeta
    var webhooks: [Webhook]?

    struct Webhook: Decodable, Sendable {
        var name: String
        var clientConfig: ClientConfig
    }

    struct ClientConfig: Decodable, Sendable {
        var service: ServiceReference?
        var url: String?
        /// PEM, base64.
        var caBundle: String?
    }

    struct ServiceReference: Decodable, Sendable {
        var namespace: String
        var name: String
    }
}
