internal import AtOnce
internal import TLS

/// Connects to gateway addresses from this machine, as a sidecar of another cluster would.
struct GatewayProber: Sendable {
    let prober: TLSProber
    let connectTimeout: Duration

    /// Climbs the ladder to one address: TCP, then TLS with the names of services, as far as there are any.
    ///
    /// Beside the first service a name is asked for that no service has: a gateway that passes TLS through unopened resets that,
    /// and whatever answers it is no such gateway. Where the first service is not served, the second one tells its own fault from
    /// the gateway's.
    func probe(address: String, port: Int, names: Answer<[String]>) async -> GatewayProbe {
        async let unknown = shakeHands(address, port, Self.nobody, deadline: connectTimeout)
        guard let all = names.value, let name = all.first else {
            let ladder = await unknown
            var probe = GatewayProbe(ladder, address: address, name: names.map { _ in "" })
            probe.baseline = GatewayProbe.Hello(ladder)
            return probe
        }
        var probe = GatewayProbe(await shakeHands(address, port, name), address: address, name: .success(name))
        probe.baseline = GatewayProbe.Hello(await unknown)
        if probe.tcp == .connected, probe.tls != .served, all.count > 1 {
            probe.control = (all[1], GatewayProbe.Hello(await shakeHands(address, port, all[1])))
        }
        return probe
    }

    /// A name as a sidecar would send it, of a service that cannot be.
    static let nobody = "outbound_.1_._.isthmus-no-such.isthmus.svc.cluster.local"

    /// TLS 1.2 first: there the server's chain comes in clear, before the client's missing certificate is noticed. A mesh that
    /// allows 1.3 alone answers with alert 70, and is then asked again.
    private func shakeHands(
        _ address: String, _ port: Int, _ name: String, deadline: Duration = .seconds(12)
    ) async -> TLSLadder {
        var target = TLSTarget(
            host: address, port: port, serverName: name, alpn: ["istio"], minimumVersion: .tls12, maximumVersion: .tls12,
            resolveDeadline: connectTimeout, connectDeadline: connectTimeout, handshakeDeadline: deadline)
        let ladder = await prober.probe(target)
        guard case .failed(.alert(70, _)) = ladder.tls.outcome else { return ladder }
        target.maximumVersion = .tls13
        target.minimumVersion = .tls13
        return await prober.probe(target)
    }

    /// Probes every address of every gateway Service, each address once, at the same time.
    func probeAll(_ services: [Service], names: Answer<[String]>) async -> [GatewayProbe] {
        var gateways: [String: Service] = [:]
        for service in services {
            for address in service.addresses where gateways[address] == nil { gateways[address] = service }
        }
        return await gateways.sorted { $0.key < $1.key }.atOnce { address, service in
            var probe = await probe(address: address, port: service.gatewayPort, names: names)
            probe.isSourceAdmitted = SourceAddress.isAdmitted(
                by: LoadBalancerExposure(service).sourceRanges, towards: address, port: service.gatewayPort)
            return probe
        }
    }
}
