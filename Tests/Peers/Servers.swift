package import Foundation

/// A real nginx in the foreground with one server block, without privileges and with all its files in a folder of its own.
package final class Nginx: Sendable {
    package let port: Int
    package let folder: Folder
    private let daemon: Daemon

    /// - Parameters:
    ///   - identity: makes it HTTPS with HTTP/2.
    ///   - clientAuthority: client certificates must be signed by it.
    ///   - locations: what goes into the server block.
    package init(
        host: String = "127.0.0.1", port: Int? = nil, identity: Identity? = nil, clientAuthority: Data? = nil, http2: Bool = true,
        locations: String,
        files: [String: Data] = [:]
    ) async throws {
        let folder = try Folder()
        let port = try port ?? Listener.freePort(host: host)
        for (name, data) in files { try folder.write(name, data) }
        var tls = ""
        if let identity {
            try folder.write("chain.pem", identity.chainPEM)
            try folder.write("key.pem", identity.keyPEM)
            tls = "ssl_certificate chain.pem; ssl_certificate_key key.pem;"
            if let clientAuthority {
                try folder.write("clients.pem", clientAuthority)
                tls += "ssl_client_certificate clients.pem; ssl_verify_client on;"
            }
        }
        let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        try folder.write(
            "nginx.conf",
            Data(
                """
                daemon off; master_process off; pid nginx.pid; error_log stderr notice; worker_rlimit_nofile 4096;
                events { worker_connections 1024; }
                http {
                    log_format connections '$connection $ssl_session_reused $server_protocol $status $request_method $request_uri';
                    access_log access.log connections;
                    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                    ssl_protocols TLSv1.2 TLSv1.3; default_type text/plain; client_max_body_size 64m; keepalive_requests 100000;
                    server {
                        listen \(address)\(identity == nil ? "" : " ssl")\(identity != nil && http2 ? " http2" : "");
                        server_name _; root \(folder.url.path);
                        \(tls)
                        \(locations)
                    }
                }
                """.utf8))
        daemon = try await Daemon(
            "/usr/sbin/nginx", ["-p", folder.url.path, "-c", "nginx.conf"], port: port, host: host, folder: folder)
        self.port = port
        self.folder = folder
    }

    /// Ends it at once; its connections break.
    package func stop() { daemon.stop() }

    /// One line for each request: serial of its connection, `r` when its TLS session was resumed, protocol, status, method, path.
    package var log: [[String]] {
        folder.read("access.log").split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    /// How many connections brought a request.
    package var connections: Int { Set(log.compactMap(\.first)).count }
}

/// A real `openssl s_server`.
package final class OpenSSLServer: Sendable {
    package let port: Int
    private let daemon: Daemon

    /// - Parameter named: a certificate to serve to those who ask for this name.
    package init(
        _ identity: Identity, host: String = "127.0.0.1", options: [String] = [], clientAuthority: Data? = nil,
        named: (name: String, identity: Identity)? = nil
    ) async throws {
        let folder = try Folder()
        port = try Listener.freePort(host: host)
        var arguments = ["s_server", "-accept", host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)", "-www"]
        arguments += [
            "-cert", try folder.write("cert.pem", identity.certificatePEM), "-key", try folder.write("key.pem", identity.keyPEM),
        ]
        if !identity.intermediatesPEM.isEmpty {
            arguments += ["-cert_chain", try folder.write("chain.pem", identity.intermediatesPEM)]
        }
        if let clientAuthority {
            arguments += ["-Verify", "3", "-verify_return_error", "-CAfile", try folder.write("clients.pem", clientAuthority)]
        }
        if let named {
            arguments += ["-servername", named.name, "-cert2", try folder.write("cert2.pem", named.identity.certificatePEM)]
            arguments += ["-key2", try folder.write("key2.pem", named.identity.keyPEM)]
        }
        daemon = try await Daemon("/usr/bin/openssl", arguments + options, port: port, host: host, folder: folder)
    }
}

/// A real tinyproxy.
package final class HTTPProxy: Sendable {
    package let port: Int
    private let folder: Folder
    private let daemon: Daemon

    package init(user: String? = nil, password: String = "") async throws {
        folder = try Folder()
        port = try Listener.freePort()
        let configuration = """
            Port \(port)
            Listen 127.0.0.1
            Timeout 60
            MaxClients 100
            LogLevel Connect
            LogFile "\(folder.path("log"))"
            PidFile "\(folder.path("pid"))"
            \(user.map { "BasicAuth \($0) \(password)" } ?? "")

            """
        daemon = try await Daemon(
            "/usr/bin/tinyproxy", ["-d", "-c", try folder.write("conf", Data(configuration.utf8))], port: port, folder: folder)
    }

    package var log: String { folder.read("log") }
}

/// A real microsocks.
package final class SOCKSProxy: Sendable {
    package let port: Int
    private let daemon: Daemon

    package init() async throws {
        port = try Listener.freePort()
        daemon = try await Daemon("/usr/bin/microsocks", ["-i", "127.0.0.1", "-p", "\(port)"], port: port, folder: try Folder())
    }

    package var log: String { daemon.output }
}

/// A real socat that takes TLS off a connection and hands it to a port of this machine.
package final class TLSFront: Sendable {
    package let port: Int
    private let daemon: Daemon

    package init(_ identity: Identity, to target: Int) async throws {
        let folder = try Folder()
        port = try Listener.freePort()
        let pair = try folder.write("pair.pem", identity.chainPEM + identity.keyPEM)
        daemon = try await Daemon(
            "/usr/bin/socat",
            ["OPENSSL-LISTEN:\(port),bind=127.0.0.1,cert=\(pair),verify=0,reuseaddr,fork", "TCP:127.0.0.1:\(target)"],
            port: port, folder: folder)
    }
}
