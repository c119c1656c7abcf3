import CCurl
import Foundation

/// One running exchange: the owner of a libcurl easy handle and of all that the handle points to. Confined to the loop's thread.
final class Transfer {
    let exchange: Exchange
    let target: Target
    /// The proxy's URL, perhaps with credentials; `nil`: none.
    let proxy: String?
    let easy: UnsafeMutableRawPointer
    /// libcurl has begun to look up the name; before, it waits for a place among the host's connections.
    var hasStarted = false
    /// TCP is connected and TLS begins; libcurl's own times tell this only after the handshake.
    var isShakingHands = false
    /// The connection stands and the request goes out.
    private(set) var isConnected = false
    /// Called when `isConnected` becomes true, from inside libcurl: it may note, but not call libcurl.
    var onConnected: () -> Void = {}
    /// Lists that libcurl reads during the transfer; made by `configure`.
    var headerList: UnsafeMutablePointer<curl_slist>?
    var connectList: UnsafeMutablePointer<curl_slist>?
    let errorBuffer = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var answer = Answer()
    /// Why a callback stopped the transfer: libcurl itself only says that one did.
    private var stopReason: HTTPFailure?

    /// The answer as far as it has come.
    private struct Answer {
        var head = ResponseHead(status: 0, headers: [], version: .unknown)
        var headBytes = 0
        var isHeadComplete = false
        var body = Data()
        var bodyBytes = 0
    }

    private static let maximumHeadBytes = 256 << 10

    /// Throws when the request cannot be sent at all.
    init(
        _ exchange: Exchange, target: Target, proxy: String?, userAgent: String, share: UnsafeMutableRawPointer?
    ) throws(HTTPFailure) {
        guard let easy = curl_easy_init() else { throw .other(detail: "libcurl: out of memory") }
        self.exchange = exchange
        self.target = target
        self.proxy = proxy
        self.easy = easy
        errorBuffer.update(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try configure(userAgent: userAgent, share: share)
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        curl_slist_free_all(connectList)
        errorBuffer.deallocate()
    }

    // MARK: Callbacks

    func connected() {
        isConnected = true
        onConnected()
    }

    /// One header line; the number of bytes taken, or fewer to stop the transfer.
    func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        answer.headBytes += bytes.count
        guard answer.headBytes <= Self.maximumHeadBytes else {
            stopReason = .notHTTP(detail: "the answer's head is larger than \(Self.maximumHeadBytes) bytes")
            return -1
        }
        // After the head come trailers, which nobody here needs.
        guard !answer.isHeadComplete else { return bytes.count }
        let line = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if line.hasPrefix("HTTP/") {
            // Each interim answer (1xx) has a head of its own.
            answer.head = ResponseHead(status: Int(getLong(CURLINFO_RESPONSE_CODE)), headers: [], version: version)
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            answer.head.headers.append(HTTPHeader(String(line[..<colon]), value))
        } else if line.isEmpty, answer.head.status >= 200 {
            return completeHead() ? bytes.count : -1
        }
        return bytes.count
    }

    /// `false`: stop here.
    private func completeHead() -> Bool {
        answer.isHeadComplete = true
        let limit = exchange.request.maximumBodyBytes
        if let length = answer.head.headers.first(named: "Content-Length").flatMap({ Int($0) }), length > limit,
            exchange.request.method != "HEAD"
        {
            stopReason = .bodyTooLarge(limit: limit)
            return false
        }
        if let redirect = redirect {
            stopReason = redirect
        } else if case .stream(let head, _, _) = exchange.sink {
            head(answer.head)
        }
        return stopReason == nil
    }

    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        answer.bodyBytes += bytes.count
        guard answer.bodyBytes <= exchange.request.maximumBodyBytes else {
            stopReason = .bodyTooLarge(limit: exchange.request.maximumBodyBytes)
            return -1
        }
        switch exchange.sink {
        case .whole: answer.body.append(bytes.assumingMemoryBound(to: UInt8.self))
        case .stream(_, let data, _): data(Data(bytes))
        }
        return bytes.count
    }

    private var redirect: HTTPFailure? {
        guard [301, 302, 303, 307, 308].contains(answer.head.status), let location = answer.head.headers.first(named: "Location")
        else { return nil }
        return .redirected(status: answer.head.status, location: printable(url: location))
    }

    // MARK: Outcome

    /// Hands the outcome to whoever waits for it.
    func deliver(_ outcome: Result<HTTPResponse, HTTPFailure>) {
        switch exchange.sink {
        case .whole(let finish): finish(outcome)
        case .stream(_, _, let end):
            if case .failure(let failure) = outcome { end(failure) } else { end(nil) }
        }
    }

    /// The outcome that libcurl's result means.
    func outcome(code: CURLcode) -> Result<HTTPResponse, HTTPFailure> {
        if let stopReason { return .failure(stopReason) }
        guard code == CURLE_OK else { return .failure(failure(code)) }
        return .success(
            HTTPResponse(
                status: answer.head.status, headers: answer.head.headers, body: answer.body, version: answer.head.version,
                timing: timing,
                reusedConnection: getLong(CURLINFO_NUM_CONNECTS) == 0, remoteAddress: getText(CURLINFO_PRIMARY_IP), attempts: 1,
                receivedAt: Date().timeIntervalSince1970))
    }

    /// The failure when the deadline has passed now.
    func timeout() -> HTTPFailure {
        let after = exchange.request.deadline
        return phase == .connecting ? .connectTimedOut(after: after) : .timedOut(after: after, phase: phase)
    }

    private func failure(_ code: CURLcode) -> HTTPFailure {
        let details = CurlError(
            code: code, text: String(cString: errorBuffer), verifyResult: getLong(CURLINFO_SSL_VERIFYRESULT),
            systemError: Int32(truncatingIfNeeded: getLong(CURLINFO_OS_ERRNO)), connectStatus: getLong(CURLINFO_HTTP_CONNECTCODE),
            proxyVerifyResult: getLong(CURLINFO_PROXY_SSL_VERIFYRESULT), usesProxy: proxy != nil)
        return details.failure(target: target, phase: phase, connectTimeout: exchange.request.connectTimeout)
    }

    /// How far the exchange has come.
    var phase: HTTPPhase {
        if answer.headBytes > 0 { return .receiving }
        if isConnected { return .waiting }
        if isShakingHands { return .handshaking }
        if getOff(CURLINFO_NAMELOOKUP_TIME_T) > 0 { return .connecting }
        return hasStarted ? .resolving : .queued
    }

    private var timing: HTTPTiming {
        func seconds(_ info: CURLINFO) -> Double { Double(getOff(info)) / 1e6 }
        return HTTPTiming(
            dns: seconds(CURLINFO_NAMELOOKUP_TIME_T), connect: seconds(CURLINFO_CONNECT_TIME_T),
            tls: seconds(CURLINFO_APPCONNECT_TIME_T),
            firstByte: seconds(CURLINFO_STARTTRANSFER_TIME_T), total: seconds(CURLINFO_TOTAL_TIME_T))
    }

    private var version: HTTPVersion {
        switch getLong(CURLINFO_HTTP_VERSION) {
        case CURL_HTTP_VERSION_1_0: .http10
        case CURL_HTTP_VERSION_1_1: .http11
        case CURL_HTTP_VERSION_2_0: .http2
        default: .unknown
        }
    }

    private func getLong(_ info: CURLINFO) -> Int {
        var value = 0
        _ = ist_easy_get_long(easy, info, &value)
        return value
    }

    private func getOff(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        _ = ist_easy_get_off(easy, info, &value)
        return value
    }

    private func getText(_ info: CURLINFO) -> String {
        var value: UnsafePointer<CChar>?
        _ = ist_easy_get_text(easy, info, &value)
        return value.map { String(cString: $0) } ?? ""
    }
}
