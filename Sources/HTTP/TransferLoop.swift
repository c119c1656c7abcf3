import CCurl
import Foundation
import Glibc

/// The thread's work: carries out orders, lets libcurl make progress, keeps deadlines. Nothing of it leaves the thread.
final class TransferLoop {
    private let mailbox: Mailbox
    private let userAgent: String
    private let multi: UnsafeMutableRawPointer?
    /// TLS sessions, for all transfers; libcurl would keep them per transfer. No locks: one thread.
    private let share: UnsafeMutableRawPointer?
    private let proxies = ProxyChoice(environment: ProcessInfo.processInfo.environment)
    private var gate = Gate()
    private var running: [UnsafeMutableRawPointer: Transfer] = [:]
    private var newlyConnected: [UInt64] = []
    private var isStopping = false

    init(mailbox: Mailbox, userAgent: String) {
        _ = libcurlIsInitialised
        self.mailbox = mailbox
        self.userAgent = userAgent
        multi = curl_multi_init()
        share = curl_share_init()
        _ = ist_share_add(share, CURL_LOCK_DATA_SSL_SESSION)
        // HTTP/1.1 servers get a few connections; HTTP/2 servers get one, with this many streams.
        _ = ist_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 32)
        _ = ist_multi_set_long(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 250)
        _ = ist_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 512)
    }

    deinit {
        curl_multi_cleanup(multi)
        curl_share_cleanup(share)
    }

    /// Until the client is shut down.
    func run() {
        blockSIGPIPE()
        while !isStopping {
            for order in mailbox.takeAll() { carryOut(order) }
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            collectFinished()
            expire()
            guard !isStopping else { break }
            var bell = curl_waitfd(fd: mailbox.bell, events: Int16(CURL_WAIT_POLLIN), revents: 0)
            curl_multi_poll(multi, &bell, 1, pollMilliseconds(), nil)
        }
        for candidate in gate.removeAll() { candidate.exchange.sink.fail(.cancelled) }
        for transfer in Array(running.values) { finish(transfer, .failure(.cancelled)) }
    }

    private func carryOut(_ order: Mailbox.Order) {
        switch order {
        case .start(let exchange):
            do throws(HTTPFailure) {
                let target = try Target(exchange.request)
                let proxy = try proxies.proxy(for: target, endpoint: exchange.request.endpoint)
                launch(gate.admit(Candidate(exchange: exchange, target: target, proxy: proxy)))
            } catch {
                exchange.sink.fail(error)
            }
        case .cancel(let id):
            if let waiting = gate.remove(id) { waiting.exchange.sink.fail(.cancelled) }
            for transfer in running.values where transfer.exchange.id == id { finish(transfer, .failure(.cancelled)) }
        case .shutDown:
            isStopping = true
        }
    }

    private func launch(_ candidates: [Candidate]) {
        for candidate in candidates {
            do throws(HTTPFailure) {
                let transfer = try Transfer(
                    candidate.exchange, target: candidate.target, proxy: candidate.proxy, userAgent: userAgent, share: share)
                let id = candidate.exchange.id
                transfer.onConnected = { [unowned self] in newlyConnected.append(id) }
                running[transfer.easy] = transfer
                curl_multi_add_handle(multi, transfer.easy)
            } catch {
                candidate.exchange.sink.fail(error)
                settle(candidate.exchange.id, isConnected: false, failure: error)
            }
        }
    }

    private func collectFinished() {
        // Those that wait for a connection which stands now.
        while let id = newlyConnected.popLast() { launch(gate.connected(id)) }
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle, let transfer = running[easy] else {
                continue
            }
            finish(transfer, transfer.outcome(code: ist_message_result(message)))
        }
    }

    private func expire() {
        let now = ContinuousClock.now
        // First those that wait, so that none of them starts only to end at once.
        for candidate in gate.removeExpired(now) {
            candidate.exchange.sink.fail(.timedOut(after: candidate.exchange.request.deadline, phase: .queued))
        }
        for transfer in running.values where transfer.exchange.deadline <= now {
            finish(transfer, .failure(transfer.timeout()), isOwnDeadline: true)
        }
    }

    private func finish(_ transfer: Transfer, _ outcome: Result<HTTPResponse, HTTPFailure>, isOwnDeadline: Bool = false) {
        running[transfer.easy] = nil
        curl_multi_remove_handle(multi, transfer.easy)
        transfer.deliver(outcome)
        // Its own deadline says nothing to those that have more time.
        var failure: HTTPFailure?
        if !isOwnDeadline, case .failure(let reason) = outcome { failure = reason }
        settle(transfer.exchange.id, isConnected: transfer.isConnected, failure: failure)
    }

    /// After an exchange's end: those that waited for its connection fail with it, or go on.
    private func settle(_ id: UInt64, isConnected: Bool, failure: HTTPFailure?) {
        let release = gate.finished(id, isConnected: isConnected, failure: failure)
        if let failure { for candidate in release.failed { candidate.exchange.sink.fail(failure) } }
        launch(release.next)
    }

    private func pollMilliseconds() -> Int32 {
        guard let next = [running.values.map(\.exchange.deadline).min(), gate.nextDeadline].compactMap(\.self).min() else {
            return 60_000
        }
        let wait = ContinuousClock.now.duration(to: next)
        return Int32(clamping: max(0, wait.milliseconds + 1))
    }
}

/// Once per process, before any handle is made.
let libcurlIsInitialised = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

/// On this thread. A peer that closes while OpenSSL writes must be an error code, not the end of the process.
func blockSIGPIPE() {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &set, nil)
}
