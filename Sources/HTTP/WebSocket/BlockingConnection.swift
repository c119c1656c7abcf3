import CCurl
import Foundation
import Glibc

/// A connection that libcurl made as for any other request (name, proxy, TLS), to be read and written by its owner. Blocks the
/// calling thread, until the request's deadline or the alarm. Confined to one thread.
final class BlockingConnection {
    /// Of the request's URL, with its query.
    let path: String
    /// For the `Host` header.
    let authority: String
    private let transfer: Transfer
    private let multi: UnsafeMutableRawPointer?
    private let alarm: Alarm
    private var socket: curl_socket_t = CURL_SOCKET_BAD

    init(_ request: HTTPRequest, userAgent: String, alarm: Alarm) throws(HTTPFailure) {
        _ = libcurlIsInitialised
        self.alarm = alarm
        let target = try Target(request)
        let proxies = ProxyChoice(environment: ProcessInfo.processInfo.environment)
        let proxy = try proxies.proxy(for: target, endpoint: request.endpoint)
        let now = ContinuousClock.now
        // The sink stays empty: whatever happens is told by what the methods throw.
        let exchange = Exchange(id: 0, request: request, begin: now, deadline: now + request.deadline, sink: .whole { _ in })
        transfer = try Transfer(exchange, target: target, proxy: proxy, userAgent: userAgent, share: nil)
        authority = target.authority
        path = Self.path(of: target.url)
        multi = curl_multi_init()
        try connect()
    }

    deinit {
        curl_multi_remove_handle(multi, transfer.easy)
        curl_multi_cleanup(multi)
    }

    private static func path(of url: String) -> String {
        let parts = URLParts()
        _ = parts.set(CURLUPART_URL, url, CURLU_PATH_AS_IS)
        return (parts.get(CURLUPART_PATH) ?? "/") + (parts.get(CURLUPART_QUERY).map { "?\($0)" } ?? "")
    }

    private func connect() throws(HTTPFailure) {
        var options = Options(easy: transfer.easy)
        options.set(CURLOPT_CONNECT_ONLY, 1)
        // HTTP/2 upgrades nothing.
        options.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        // Also for http: a proxy would else wait for a request of its own.
        options.set(CURLOPT_HTTPPROXYTUNNEL, 1)
        guard options.failed == nil, curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
            throw .other(detail: "libcurl refused a setting")
        }
        while true {
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            var left: Int32 = 0
            if let message = curl_multi_info_read(multi, &left), message.pointee.msg == CURLMSG_DONE {
                if case .failure(let failure) = transfer.outcome(code: ist_message_result(message)) { throw failure }
                break
            }
            try wait(for: nil)
        }
        transfer.connected()
        guard ist_easy_get_socket(transfer.easy, &socket) == CURLE_OK, socket != CURL_SOCKET_BAD else {
            throw .other(detail: "libcurl hands no connection over")
        }
    }

    /// Sends all of it.
    func send(_ bytes: [UInt8]) throws(HTTPFailure) {
        var done = 0
        while done < bytes.count {
            var count = 0
            let code = bytes.withUnsafeBytes {
                curl_easy_send(transfer.easy, $0.baseAddress.map { $0 + done }, $0.count - done, &count)
            }
            switch code {
            case CURLE_OK: done += count
            case CURLE_AGAIN: try wait(for: Int16(CURL_WAIT_POLLOUT))
            default: throw .reset(phase: .waiting)
            }
        }
    }

    /// Waits for what comes next. `nil`: the peer has closed.
    func receive() throws(HTTPFailure) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            // Also where bytes come without end.
            try checkTime()
            var count = 0
            switch buffer.withUnsafeMutableBytes({ curl_easy_recv(transfer.easy, $0.baseAddress, $0.count, &count) }) {
            case CURLE_OK: return count == 0 ? nil : Array(buffer.prefix(count))
            case CURLE_AGAIN: try wait(for: Int16(CURL_WAIT_POLLIN))
            default: throw .reset(phase: .receiving)
            }
        }
    }

    private func checkTime() throws(HTTPFailure) {
        if alarm.isOn { throw .cancelled }
        if ContinuousClock.now >= transfer.exchange.deadline { throw transfer.timeout() }
    }

    /// Waits until the connection, or libcurl itself, can go on.
    private func wait(for events: Int16?) throws(HTTPFailure) {
        try checkTime()
        let left = ContinuousClock.now.duration(to: transfer.exchange.deadline)
        var waited = [curl_waitfd(fd: alarm.bell, events: Int16(CURL_WAIT_POLLIN), revents: 0)]
        if let events { waited.append(curl_waitfd(fd: socket, events: events, revents: 0)) }
        curl_multi_poll(multi, &waited, UInt32(waited.count), Int32(clamping: left.milliseconds + 1), nil)
        try checkTime()
    }
}
