import Foundation
import Secrecy

/// What the time is; tests turn it.
typealias Clock = @Sendable () -> Date

/// A token for Google's APIs.
struct AccessToken: Sendable, Hashable {
    let secret: Secret<String>
    /// `nil`: not known.
    let expiresAt: Date?
}

/// Something that gives tokens: one per type of credential.
protocol TokenSource: Sendable {
    /// Asks for a fresh token. Called once at a time.
    func fetch() async throws(CredentialFailure) -> AccessToken
    /// Whether the token must be looked up for each request: a file that somebody else rewrites.
    var isCheap: Bool { get }
}

extension TokenSource {
    var isCheap: Bool { false }
}

/// The one token of a credential: fetched once for all that wait for it, and again shortly before it expires.
actor TokenCache {
    private typealias Outcome = Result<AccessToken, CredentialFailure>

    /// A fetch in progress, which ends when the last that waits for it is cancelled.
    private struct Fetch {
        let task: Task<Outcome, Never>
        var waiting: Int
    }

    private let source: any TokenSource
    private let now: Clock
    private var known: (token: AccessToken, freshUntil: Date?)?
    /// A refusal stands for a while, so that a hundred requests do not repeat the question a hundred times.
    private var refusal: (failure: CredentialFailure, until: Date)?
    private var fetch: Fetch?

    /// A token is fetched anew this long before it ends, as Google's libraries do: a metadata server gives the old one until then.
    static let margin: TimeInterval = 225
    static let refusalStands: TimeInterval = 30

    init(_ source: any TokenSource, now: @escaping Clock) {
        self.source = source
        self.now = now
    }

    func token(rejected: Secret<String>?) async throws(CredentialFailure) -> Secret<String> {
        if source.isCheap { return try await source.fetch().secret }
        if let known, known.freshUntil.map({ $0 > now() }) ?? true, known.token.secret != rejected { return known.token.secret }
        if let refusal, refusal.until > now() { return try usable(rejected, else: refusal.failure) }
        let task = join()
        let outcome = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            Task { await self.leave(task) }
        }
        if fetch?.task == task {
            fetch = nil
            note(outcome)
        }
        switch outcome {
        case .success(let token): return token.secret
        case .failure(let failure): return try usable(rejected, else: failure)
        }
    }

    /// Whether to ask once more after an API refused a token: not where the source would only give the same again.
    func hasOther(than token: Secret<String>) async -> Bool {
        guard source.isCheap else { return true }
        return (try? await source.fetch())?.secret != token
    }

    private func note(_ outcome: Outcome) {
        switch outcome {
        case .success(let token):
            refusal = nil
            // Half of a short life, so that a token that is born old does not make every request fetch another.
            let fresh = token.expiresAt.map { end in
                let left = end.timeIntervalSince(now())
                return end - min(Self.margin, left / 2)
            }
            known = (token, fresh)
        case .failure(let failure):
            refusal = failure.isCancellation ? nil : (failure, now() + Self.refusalStands)
        }
    }

    /// The old token while it lasts: a refresh that failed may succeed later.
    private func usable(_ rejected: Secret<String>?, else failure: CredentialFailure) throws(CredentialFailure) -> Secret<String>
    {
        guard let known, known.token.secret != rejected, let end = known.token.expiresAt, end > now() else { throw failure }
        return known.token.secret
    }

    private func join() -> Task<Outcome, Never> {
        if let task = fetch?.task {
            fetch?.waiting += 1
            return task
        }
        let task = Task { [source] () -> Outcome in
            do throws(CredentialFailure) {
                return .success(try await source.fetch())
            } catch {
                return .failure(error)
            }
        }
        fetch = Fetch(task: task, waiting: 1)
        return task
    }

    private func leave(_ task: Task<Outcome, Never>) {
        guard fetch?.task == task else { return }
        fetch?.waiting -= 1
        guard fetch?.waiting == 0 else { return }
        // Nobody may join what is about to end.
        fetch = nil
        task.cancel()
    }
}
