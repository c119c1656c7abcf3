internal import Foundation
internal import Kubernetes
internal import Mesh
internal import Secrecy
internal import TLS

/// Waits in one cluster until a step has come true, and says meanwhile what Kubernetes says about it.
struct Waiter: Sendable {
    let target: SetupTarget
    /// For each wait.
    let deadline: Duration
    let report: @Sendable (SetupEvent) -> Void

    /// - Returns: what came true, in words; empty where there is nothing to say.
    func wait(_ wait: Wait) async throws(SetupFailure) {
        let words: String
        switch wait.condition {
        case .podsReady: words = try await follow(wait, "its pods", workload)
        case .addressAssigned: words = try await follow(wait, "an address", address)
        case .tokenIssued: words = try await token(wait)
        case .portAnswers: words = try await port(wait)
        case .peersSynced: words = try await PeerSync(waiter: self).wait(wait)
        }
        if !words.isEmpty { report(.came(cluster: target.name, words: "\(wait.object.words): \(words)")) }
    }

    func failure(_ wait: Wait, _ problem: String, remedy: String = "") -> SetupFailure {
        SetupFailure(cluster: target.name, object: wait.object.words, problem, remedy: remedy)
    }

    // MARK: Deployment and Service

    /// Whether a Deployment has all its pods, of its present template, and they are ready.
    private func workload(_ deployment: JSONValue) -> String? {
        let status = deployment["status"], wanted = deployment["spec"]?["replicas"]?.integer ?? 1
        func count(_ key: String) -> Int64 { status?[key]?.integer ?? 0 }
        guard let generation = deployment["metadata"]?["generation"]?.integer, count("observedGeneration") >= generation,
            wanted > 0, count("updatedReplicas") >= wanted, count("availableReplicas") >= wanted
        else { return nil }
        return "\(wanted) of \(wanted) pods ready"
    }

    /// The addresses by which istiod finds a gateway.
    private func address(_ service: JSONValue) -> String? {
        let addresses = Self.addresses(service)
        return addresses.isEmpty ? nil : "address \(addresses.map { printable($0) }.joined(separator: ", "))"
    }

    static func addresses(_ service: JSONValue) -> [String] {
        let assigned = (service["status"]?["loadBalancer"]?["ingress"]?.array ?? []).compactMap {
            $0["ip"]?.string ?? $0["hostname"]?.string
        }
        return assigned.filter { !$0.isEmpty } + (service["spec"]?["externalIPs"]?.array ?? []).compactMap(\.string)
    }

    /// Watches the object, its pods and the events until `isTrue` says what came true.
    private func follow(
        _ wait: Wait, _ what: String, _ isTrue: @escaping @Sendable (JSONValue) -> String?
    ) async throws(SetupFailure) -> String {
        let object: JSONValue?
        do throws(KubernetesError) {
            object = try await target.client.find(wait.object.path, as: JSONValue.self)
        } catch {
            throw failure(wait, "it cannot be looked at: \(error)")
        }
        if let object, let words = isTrue(object) { return words }
        report(.waiting(cluster: target.name, words: "\(wait.object.words): waiting for \(what)"))
        let scene = WaitScene(wait: wait, client: target.client)
        var told = ""
        var causes: [WaitCause] = []
        do throws(KubernetesError) {
            for await update in scene.follow(deadline: deadline) {
                let evidence = try update.get()
                if let object = wait.object.kind == "Service" ? evidence.service : evidence.deployment, let words = isTrue(object)
                {
                    return words
                }
                causes = WaitCause.find(in: evidence)
                guard let first = causes.first else { continue }
                if first.words != told, first.kind != .noLoadBalancer {
                    told = first.words
                    report(.waiting(cluster: target.name, words: "\(wait.object.words): \(told)"))
                }
                if first.isFinal { break }
            }
        } catch {
            throw failure(wait, "while it was waited for: \(error)", remedy: "start again: isthmus setup apply goes on from here")
        }
        guard !Task.isCancelled else { throw failure(wait, "broken off while it was waited for") }
        guard let first = causes.first else {
            throw failure(
                wait,
                "no \(what == "an address" ? "address" : "ready pod") within \(deadline.seconds) s, and Kubernetes says nothing "
                    + "about it", remedy: "kubectl -n istio-system describe \(wait.object.kind.lowercased()) \(wait.object.name)")
        }
        let when = first.isFinal ? "" : "not within \(deadline.seconds) s: "
        throw failure(wait, when + causes.map(\.words).joined(separator: "; "), remedy: first.remedy)
    }

    // MARK: Token

    private struct TokenSecret: Decodable, Sendable {
        var data: [String: String]?
    }

    private func token(_ wait: Wait) async throws(SetupFailure) -> String {
        let path = wait.object.resource.path(namespace: wait.object.namespace)
        do throws(KubernetesError) {
            let isFilled: Bool? = try await target.client.wait(
                path, Selection(fields: "metadata.name=\(wait.object.name)"), as: TokenSecret.self,
                deadline: min(deadline, .seconds(60)),
                key: { _ in "" },
                until: { $0.first?.data?["token"]?.isEmpty == false && $0.first?.data?["ca.crt"]?.isEmpty == false ? true : nil })
            if isFilled == true { return "" }
        } catch {
            throw failure(wait, "its token was waited for: \(error)")
        }
        throw failure(
            wait,
            "the token controller has not filled it: it is the part of kube-controller-manager that makes tokens of service "
                + "accounts, or the account \(RemoteSecretManifest.serviceAccount) does not exist",
            remedy: "kubectl -n istio-system get serviceaccount \(RemoteSecretManifest.serviceAccount)")
    }

    // MARK: Port

    /// Whether the gateway's TLS port takes connections from this machine. Where it does not, that is no failure of the step: this
    /// machine may have no way to an internal address. The checks before endpoint discovery decide.
    private func port(_ wait: Wait) async throws(SetupFailure) -> String {
        let service: JSONValue?
        do throws(KubernetesError) {
            service = try await target.client.find(wait.object.path, as: JSONValue.self)
        } catch {
            throw failure(wait, "it cannot be looked at: \(error)")
        }
        guard let host = service.flatMap({ Self.addresses($0).first }) else { throw failure(wait, "it has no address any more") }
        let prober = TLSProber(), end = ContinuousClock.now + min(deadline, .seconds(60))
        let place = "\(printable(host)):\(MeshConstants.gatewayPort)"
        var pause = Duration.milliseconds(100), told = ""
        while !Task.isCancelled {
            let ladder = await prober.probeTCP(host: host, port: MeshConstants.gatewayPort, connectDeadline: .seconds(5))
            if ladder.tcp.isOK { return "\(place) answers" }
            let cause = await firewallCause(service)
            guard ContinuousClock.now + pause < end else {
                return
                    "\(place) does not answer this machine\(cause); whether the other clusters reach it is looked at before endpoint discovery"
            }
            let words = "\(place) does not answer yet\(cause)"
            if words != told { report(.waiting(cluster: target.name, words: words)) }
            told = words
            // A port says by nothing that it has been opened: it can only be tried again.
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(2))
        }
        throw failure(wait, "broken off while it was waited for")
    }

    /// What the platform says of an address that no firewall lets through, after a colon; empty where it says nothing. Other events
    /// are of the time before the address was there.
    private func firewallCause(_ service: JSONValue?) async -> String {
        guard let service, let uid = service["metadata"]?["uid"]?.string else { return "" }
        let path = Resource.events.path(namespace: MeshConstants.systemNamespace)
        let listed = try? await target.client.list(path, Selection(fields: "involvedObject.uid=\(uid)"), as: JSONValue.self)
        let evidence = WaitEvidence(service: service, events: (listed?.items ?? []).map { ClusterEvent($0) })
        return WaitCause.find(in: evidence).first { $0.kind == .firewallAdministrator }.map { ": \($0.words)" } ?? ""
    }
}

extension Duration {
    /// Whole seconds.
    var seconds: Int64 { components.seconds }
}
