internal import AtOnce
internal import HTTP
internal import Kubernetes

extension ClusterCollector {
    /// Asks one question; its failure is an answer too.
    func ask<T: Sendable>(
        _ question: Question, _ body: () async throws(KubernetesError) -> T
    ) async -> Answer<T> {
        defer { progress.done(question) }
        do throws(KubernetesError) {
            return .success(try await body())
        } catch {
            return .failure(reason(error))
        }
    }

    /// Lists a whole collection.
    func list<T: ListedObject>(
        _ question: Question, _ resource: Resource, in namespace: String? = nil, labels: String = "", fields: String = "",
        as type: T.Type
    ) async -> Answer<[T]> {
        let path = resource.path(namespace: namespace)
        let items = await ask(question) { () throws(KubernetesError) in
            try await client.list(path, Selection(labels: labels, fields: fields), as: type).items
        }
        return items.flatMap { distinct($0, path) }
    }

    /// Lists a whole collection of a kind that not every server has; none where it does not have the group, or not the kind.
    func served<T: ListedObject>(
        _ question: Question, _ known: Answer<APIGroups>, _ group: String, _ plural: String, as type: T.Type
    ) async -> Answer<[T]> {
        defer { progress.done(question) }
        guard case .success(let groups) = known else { return known.map { _ in [] } }
        guard let version = groups.preferred(group) else { return .success([]) }
        let path = Resource(group: group, version: version, plural).path()
        do throws(KubernetesError) {
            return distinct(try await client.list(path, Selection(), as: type).items, path)
        } catch {
            return error.isNotFound ? .success([]) : .failure(reason(error))
        }
    }

    /// Lists the metadata of a whole collection; what the objects hold never leaves the server.
    func listMetadata(_ question: Question, _ resource: Resource, in namespace: String? = nil) async -> Answer<[ObjectMeta]> {
        let path = resource.path(namespace: namespace)
        let items = await ask(question) { () throws(KubernetesError) in
            try await client.listMetadata(path, as: MetadataObject.self).items
        }
        return items.flatMap { distinct($0, path) }.map { $0.map(\.metadata) }
    }

    /// No server lists an object twice; what does is no list to be believed.
    private func distinct<T: ListedObject>(_ items: [T], _ path: String) -> Answer<[T]> {
        var seen: Set<String> = []
        guard let twice = items.first(where: { !seen.insert($0.metadata.path).inserted }) else { return .success(items) }
        return .failure(NoAnswer("GET \(path): the answer names \(twice.metadata.path) twice"))
    }

    /// Asks one question for each name, all at once; one missing answer makes the whole one missing.
    func inEach<T: Sendable>(
        _ names: Set<String>, _ question: @escaping @Sendable (String) async -> Answer<[T]>
    ) async -> Answer<[T]> {
        await names.sorted().atOnce(question).reduce(.success([])) { all, next in both(all, next).map { $0 + $1 } }
    }

    /// Why a question was not answered: what was asked, without the server (its cluster is known), and what was seen.
    func reason(_ error: KubernetesError) -> NoAnswer {
        let server = client.access.server.url
        let path = error.url.hasPrefix(server) ? String(error.url.dropFirst(server.count)) : error.url
        return NoAnswer("\(error.method) \(path): \(error.cause)")
    }
}

extension KubernetesError {
    /// Whether the server says that an object of this name does not exist, and not that it does not know the kind.
    func missesObject(_ name: String) -> Bool {
        if case .status(let status) = cause { status.code == 404 && status.details.name == name } else { false }
    }
}

extension Permission {
    var question: AccessQuestion {
        let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
        return AccessQuestion(
            verb, parts[0], group: group, subresource: parts.count > 1 ? parts[1] : nil,
            namespace: namespace.isEmpty ? nil : namespace, name: name.isEmpty ? nil : name)
    }

    /// Whether there is anything to be permitted: a server that does not have the group is not asked for it either.
    func isServed(by groups: APIGroups?) -> Bool {
        group.isEmpty || groups.map { $0.has(group) } ?? true
    }
}

extension AccessAnswer {
    /// An evaluation that went wrong and did not allow proves nothing.
    var verdict: Bool? { allowed || evaluationError.isEmpty ? allowed : nil }
}

extension APIContact {
    init(version: ServerVersion, answer: KubernetesClient.Answer) {
        outcome = .answered
        status = answer.status
        gitVersion = version.gitVersion.isEmpty ? nil : version.gitVersion
        // The time until the connection stood is not the exchange's: the server's clock is read after it.
        let asked = answer.sentAt + max(answer.timing.connect, answer.timing.tls)
        clockOffset = answer.serverDate.map { Collect.clockOffset(date: $0, sent: asked, received: answer.receivedAt) }
        milliseconds = answer.timing.total * 1000
    }

    init(_ error: KubernetesError) {
        detail = "\(error.cause)"
        status = error.httpStatus
        outcome =
            switch error.cause {
            case .credential: .credential
            case .transport(let failure): APIOutcome(failure)
            case .status(let words):
                switch words.code {
                case 401: .unauthorized
                case 403: .forbidden
                case 429, 500...: .serverError
                default: .notKubernetes
                }
            case .notKubernetes(let status, _, _): status >= 500 ? .serverError : .notKubernetes
            case .undecodable: .notKubernetes
            }
    }

    /// The server answers, and takes the caller for nobody: it ignored the credential, or there is none.
    func refused(_ words: String) -> APIContact {
        var contact = self
        contact.outcome = .unauthorized
        contact.detail = "the server takes the caller for system:anonymous: \(words)"
        return contact
    }
}
