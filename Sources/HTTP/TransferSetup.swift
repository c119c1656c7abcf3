import CCurl
import Foundation

/// The settings of a transfer, each with its reason where it is not libcurl's default.
extension Transfer {
    func configure(userAgent: String, share: UnsafeMutableRawPointer?) throws(HTTPFailure) {
        let request = exchange.request
        var options = Options(easy: easy)
        options.set(CURLOPT_ERRORBUFFER, pointer: errorBuffer)
        options.set(CURLOPT_URL, target.url)
        options.set(CURLOPT_USERAGENT, userAgent)
        options.set(CURLOPT_PROTOCOLS_STR, "http,https")
        options.set(CURLOPT_PATH_AS_IS, 1)
        options.set(CURLOPT_NOSIGNAL, 1)
        // Else the removal of a handle whose name lookup hangs would wait for the lookup, and with it every other transfer.
        options.set(CURLOPT_QUICK_EXIT, 1)
        options.set(CURLOPT_CONNECTTIMEOUT_MS, max(1, request.connectTimeout.milliseconds))
        options.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        // Requests that start together wait for the first one's connection and share it, where it turns out to be HTTP/2.
        options.set(CURLOPT_PIPEWAIT, 1)
        // libcurl repeats a request by itself when a kept connection dies under it; a fresh connection is never repeated.
        if !request.mayRepeat { options.set(CURLOPT_FRESH_CONNECT, 1) }
        options.set(CURLOPT_TCP_KEEPALIVE, 1)
        if request.acceptsCompression { options.set(CURLOPT_ACCEPT_ENCODING, "gzip") }
        options.check(ist_easy_set_share(easy, share))
        try setHeaders(&options)
        setBody(&options)
        try setTLS(&options)
        setProxy(&options)
        setCallbacks(&options)
        if let failed = options.failed {
            throw .other(detail: "libcurl refused a setting: \(String(cString: curl_easy_strerror(failed)))")
        }
    }

    private func setHeaders(_ options: inout Options) throws(HTTPFailure) {
        let request = exchange.request
        var lines: [String] = []
        for header in request.headers {
            guard isToken(header.name) else { throw .badRequest("a header's name is empty or holds a forbidden character") }
            guard header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                throw .badRequest("the value of the header \(header.name) holds a line break or control character")
            }
            // With a colon and no value libcurl would leave the header out.
            lines.append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        // libcurl would wait a second for "100 Continue" before a large body, and call any body a form.
        lines.append("Expect:")
        if request.headers.first(named: "Content-Type") == nil { lines.append("Content-Type:") }
        if target.connectTo != nil, request.headers.first(named: "Host") == nil { lines.append("Host: \(target.authority)") }
        for line in lines { headerList = curl_slist_append(headerList, line) }
        options.check(ist_easy_set_list(easy, CURLOPT_HTTPHEADER, headerList))
        if let connectTo = target.connectTo {
            connectList = curl_slist_append(nil, connectTo)
            options.check(ist_easy_set_list(easy, CURLOPT_CONNECT_TO, connectList))
        }
        guard isToken(request.method) else { throw .badRequest("the method holds a forbidden character") }
    }

    private func setBody(_ options: inout Options) {
        let request = exchange.request
        if let body = request.body {
            body.withUnsafeBytes {
                options.check(ist_easy_set_body(easy, $0.baseAddress ?? UnsafeRawPointer(errorBuffer), $0.count))
            }
        } else if ["POST", "PUT", "PATCH"].contains(request.method) {
            options.check(ist_easy_set_body(easy, errorBuffer, 0))
        } else if request.method == "HEAD" {
            options.set(CURLOPT_NOBODY, 1)
        }
        options.set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func setTLS(_ options: inout Options) throws(HTTPFailure) {
        let endpoint = exchange.request.endpoint
        options.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if endpoint.insecureSkipVerify {
            options.set(CURLOPT_SSL_VERIFYPEER, 0)
            options.set(CURLOPT_SSL_VERIFYHOST, 0)
            options.set(CURLOPT_PROXY_SSL_VERIFYPEER, 0)
            options.set(CURLOPT_PROXY_SSL_VERIFYHOST, 0)
        }
        if let authority = endpoint.certificateAuthorityPEM {
            options.set(CURLOPT_CAINFO_BLOB, authority)
            // Debian's libcurl would trust /etc/ssl/certs beside the blob.
            options.set(CURLOPT_CAPATH, nil)
            // As client-go does: an https proxy must satisfy the same trust.
            options.set(CURLOPT_PROXY_CAINFO_BLOB, authority)
            options.set(CURLOPT_PROXY_CAPATH, nil)
        }
        // Without this, OpenSSL would ask for an encrypted key's password on the terminal, and the whole loop would wait for it.
        options.set(CURLOPT_KEYPASSWD, "")
        switch (endpoint.clientCertificatePEM, endpoint.clientKeyPEM) {
        case (nil, nil): break
        case (let certificate?, let key?):
            options.set(CURLOPT_SSLCERT_BLOB, certificate + endpoint.keyMark)
            options.set(CURLOPT_SSLKEY_BLOB, key)
        case (_?, nil): throw .tls(.clientCertificate, detail: "a certificate without its key")
        case (nil, _?): throw .tls(.clientCertificate, detail: "a key without its certificate")
        }
    }

    private func setProxy(_ options: inout Options) {
        options.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // The request's headers (with the token) are for the server, not for the proxy.
        options.set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        // Always explicit: else libcurl would read the environment by its own rules. The empty text means none.
        options.set(CURLOPT_PROXY, proxy ?? "")
        options.set(CURLOPT_NOPROXY, "")
    }

    private func setCallbacks(_ options: inout Options) {
        let me = Unmanaged.passUnretained(self).toOpaque()
        options.check(
            ist_easy_set_writer(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, me in
                Transfer.at(me)?.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
            })
        options.check(
            ist_easy_set_writer(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, me in
                Transfer.at(me)?.receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
            })
        options.check(
            ist_easy_set_prerequest(easy) { me, _, _, _, _ in
                Transfer.at(me)?.connected()
                return CURL_PREREQFUNC_OK
            })
        options.check(
            ist_easy_set_resolver_start(easy) { _, _, me in
                Transfer.at(me)?.hasStarted = true
                return 0
            })
        options.check(
            ist_easy_set_tls_start(easy) { _, _, me in
                Transfer.at(me)?.isShakingHands = true
                return CURLE_OK
            })
        // libcurl's own sockets would be inherited by every program that is started meanwhile, an exec plugin for one.
        options.check(
            ist_easy_set_socket_maker(easy) { _, _, address in
                guard let address = address?.pointee else { return CURL_SOCKET_BAD }
                return socket(address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
            })
        for option in [
            CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_PREREQDATA, CURLOPT_RESOLVER_START_DATA, CURLOPT_SSL_CTX_DATA,
        ] { options.set(option, pointer: me) }
    }

    private static func at(_ pointer: UnsafeMutableRawPointer?) -> Transfer? {
        pointer.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// Sets options on an easy handle and remembers the first that failed.
struct Options {
    let easy: UnsafeMutableRawPointer
    private(set) var failed: CURLcode?

    init(easy: UnsafeMutableRawPointer) { self.easy = easy }

    mutating func check(_ code: CURLcode) { if code != CURLE_OK, failed == nil { failed = code } }
    mutating func set(_ option: CURLoption, _ value: Int) { check(ist_easy_set_long(easy, option, value)) }
    mutating func set(_ option: CURLoption, _ value: String?) { check(ist_easy_set_text(easy, option, value)) }
    mutating func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer) {
        check(ist_easy_set_pointer(easy, option, pointer))
    }
    mutating func set(_ option: CURLoption, _ blob: Data) {
        blob.withUnsafeBytes { check(ist_easy_set_blob(easy, option, $0.baseAddress, $0.count)) }
    }
}

extension HTTPEndpoint {
    /// A line of text to stand after the client certificate's PEM. libcurl 7.88 lets two transfers share a connection when their
    /// certificate blobs
    /// are equal, without a look at the keys; the line makes the blobs differ when the keys do. It tells nothing of the key: the
    /// number is seeded anew in each process.
    var keyMark: Data { Data("\n# \(UInt(bitPattern: clientKeyPEM.hashValue))\n".utf8) }
}

/// RFC 9110's token: what methods and header names are made of.
private func isToken(_ text: String) -> Bool {
    !text.isEmpty
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
}
