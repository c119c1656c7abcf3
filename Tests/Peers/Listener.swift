import Foundation
import Glibc
import Synchronization

/// A plain TCP server for peers that misbehave: each connection runs a script on a thread of its own.
package final class Listener: Sendable {
    package let port: Int
    private let descriptor: Int32
    private let count = Atomic<Int>(0)

    /// How many connections were accepted so far.
    package var connections: Int { count.load(ordering: .relaxed) }

    /// - Parameter script: gets each connection; when it returns, the connection is closed.
    package init(host: String = "127.0.0.1", script: @escaping @Sendable (borrowing Connection) -> Void) throws {
        let descriptor = Self.newSocket(isIPv6: host.contains(":"))
        guard Self.withAddress(host, 0, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 256) == 0 else {
            throw PeerError(description: "cannot listen on \(host): \(String(cString: strerror(errno)))")
        }
        self.descriptor = descriptor
        port = Self.port(of: descriptor)
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { break }
                // A server that another test starts now must not inherit it, or its close would go unnoticed.
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                self?.count.add(1, ordering: .relaxed)
                Thread.detachNewThread { script(Connection(descriptor: connection)) }
            }
            close(descriptor)
        }
    }

    // Ends accept(); the thread then closes the socket.
    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// A port that nobody serves at the moment, for a program to serve.
    ///
    /// From below the range from which the system gives ports to listeners and connections: else another test's could take it before
    /// the program has started, and would be mistaken for the program.
    package static func freePort(host: String = "127.0.0.1") throws -> Int {
        for _ in 0..<1000 {
            let candidate = 10_240 + lastPort.wrappingAdd(1, ordering: .relaxed).newValue % 22_000
            let descriptor = newSocket(isIPv6: host.contains(":"))
            defer { close(descriptor) }
            if withAddress(host, candidate, { bind(descriptor, $0, $1) }) == 0 { return candidate }
        }
        throw PeerError(description: "no free port on \(host)")
    }

    /// Random at first, so that two runs on one machine do not meet; each port is given once.
    private static let lastPort = Atomic<Int>(Int.random(in: 0..<22_000))

    static func newSocket(isIPv6: Bool) -> Int32 {
        let descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    static func withAddress<T>(_ host: String, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
        var v6 = sockaddr_in6()
        var v4 = sockaddr_in()
        if host.contains(":") {
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = in_port_t(port).bigEndian
            inet_pton(AF_INET6, host, &v6.sin6_addr)
            return withUnsafePointer(to: &v6) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
            }
        }
        v4.sin_family = sa_family_t(AF_INET)
        v4.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, host, &v4.sin_addr)
        return withUnsafePointer(to: &v4) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    static func port(of descriptor: Int32) -> Int { port { getsockname(descriptor, $0, $1) } ?? 0 }

    /// The port at the other end; `nil` when the descriptor is no connection.
    package static func peerPort(of descriptor: Int32) -> Int? { port { getpeername(descriptor, $0, $1) } }

    private static func port(_ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) -> Int? {
        var storage = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let code = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask($0, &size) }
        }
        // The port stands at the same place in both kinds of address.
        return code == 0 ? Int(in_port_t(bigEndian: storage.sin6_port)) : nil
    }
}

/// One accepted connection; closed at its end.
package struct Connection: ~Copyable {
    let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Reads until the text has come, or the peer closed. `nil`: it closed.
    @discardableResult
    package borrowing func read(until text: String) -> String? {
        var all = ""
        while !all.contains(text) {
            guard let more = readSome() else { return nil }
            all += String(decoding: more, as: UTF8.self)
        }
        return all
    }

    /// What comes next, or `nil` at the end.
    @discardableResult
    package borrowing func readSome() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    package borrowing func write(_ text: String) { write(Array(text.utf8)) }

    package borrowing func write(_ bytes: [UInt8]) { send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// Stays silent until the peer goes away.
    package borrowing func hang() {
        while readSome() != nil {}
    }

    /// Makes the close that follows a reset (RST) instead of an orderly end.
    package borrowing func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}

/// A listening socket whose queue is full, so that further connection attempts get no answer at all, as behind a firewall that
/// drops.
package final class FullListener: Sendable {
    package let port: Int
    private let descriptors: [Int32]

    package init() throws {
        let listener = Listener.newSocket(isIPv6: false)
        guard Listener.withAddress("127.0.0.1", 0, { bind(listener, $0, $1) }) == 0, listen(listener, 0) == 0 else {
            throw PeerError(description: "cannot listen: \(String(cString: strerror(errno)))")
        }
        let port = Listener.port(of: listener)
        self.port = port
        // Nobody accepts; a handful of connections fills the queue.
        descriptors =
            [listener]
            + (0..<8).map { _ in
                let descriptor = Listener.newSocket(isIPv6: false)
                _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
                _ = Listener.withAddress("127.0.0.1", port) { connect(descriptor, $0, $1) }
                return descriptor
            }
    }

    /// Accepts whatever comes, from that moment on: whoever was turned away before comes in when it tries again.
    package func open(after delay: Duration) {
        Thread.detachNewThread { [self] in
            usleep(UInt32(delay / .microseconds(1)))
            while Glibc.accept(descriptors[0], nil, nil) >= 0 {}
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}

/// A port that refuses for as long as this lives: it is bound, and nobody listens. A port that was only free a moment ago may be
/// another test's by now.
package final class ClosedPort: Sendable {
    package let port: Int
    private let descriptor: Int32

    package init() throws {
        descriptor = Listener.newSocket(isIPv6: false)
        guard Listener.withAddress("127.0.0.1", 0, { [descriptor] in bind(descriptor, $0, $1) }) == 0 else {
            throw PeerError(description: "cannot bind: \(String(cString: strerror(errno)))")
        }
        port = Listener.port(of: descriptor)
    }

    deinit { close(descriptor) }
}
