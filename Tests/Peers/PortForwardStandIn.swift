import Foundation

/// Stands in for the kubelet behind an API server: port-forward over a WebSocket (`v4.channel.k8s.io`), written in Python. What it
/// forwards to is a real server on this machine's loopback, whatever pod and port were asked for; the lab has the real kubelet.
///
/// It cuts every message into two frames, with a ping between them.
package final class PortForwardStandIn: Sendable {
    package let port: Int
    private let folder: Folder
    private let daemon: Daemon

    /// - Parameters:
    ///   - target: the port to which all connections go.
    ///   - token: whoever does not bear it is refused, as an API server does.
    ///   - identity: makes it TLS.
    package init(to target: Int, token: String, identity: Identity? = nil) async throws {
        folder = try Folder()
        port = try Listener.freePort()
        var arguments = [
            try folder.write("stand-in.py", Data(Self.script.utf8)), "\(port)", "\(target)", token, folder.path("log"),
        ]
        if let identity {
            arguments.append(try folder.write("pair.pem", identity.chainPEM + identity.keyPEM))
        }
        daemon = try await Daemon("/usr/bin/python3", arguments, port: port, folder: folder)
    }

    /// The first line of every request.
    package var log: [String] { folder.read("log").split(separator: "\n").map(String.init) }

    private static let script = #"""
        import base64, hashlib, json, os, socket, ssl, struct, sys, threading, urllib.parse

        port, target, token, log = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]

        def frame(opcode, payload, final=True):
            size = len(payload)
            head = bytes([(128 if final else 0) | opcode])
            head += bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size) if size < 65536 else b"\x7f" + struct.pack(">Q", size)
            return head + payload

        def message(channel, payload):
            whole = bytes([channel]) + payload
            half = len(whole) // 2
            return frame(2, whole[:half], final=False) + frame(9, b"still there?") + frame(0, whole[half:])

        def exactly(stream, count):
            data = stream.read(count)
            if len(data) < count:
                raise EOFError
            return data

        def received(stream):
            first, second = exactly(stream, 2)
            size = second & 127
            if size > 125:
                size = int.from_bytes(exactly(stream, 2 if size == 126 else 8), "big")
            mask = exactly(stream, 4)
            assert second & 128, "a client must mask"
            return first & 15, bytes(byte ^ mask[place % 4] for place, byte in enumerate(exactly(stream, size)))

        def refuse(connection, status, reason, words):
            body = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": words, "code": status})
            connection.sendall(f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

        def serve(connection):
            stream = connection.makefile("rb")
            lines = []
            while (line := stream.readline().decode().strip()):
                lines.append(line)
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            with open(log, "a") as file:
                file.write(lines[0] + "\n")
            if headers.get("authorization") != "Bearer " + token:
                return refuse(connection, 403, "Forbidden", 'pods "istiod" is forbidden: User "x" cannot get resource "pods/portforward"')
            asked = int(urllib.parse.parse_qs(urllib.parse.urlsplit(lines[0].split()[1]).query)["ports"][0])
            accept = base64.b64encode(hashlib.sha1((headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
            connection.sendall(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                f"Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {headers['sec-websocket-protocol']}\r\n\r\n").encode())
            header = struct.pack("<H", asked)
            connection.sendall(message(0, header) + message(1, header))
            try:
                inside = socket.create_connection(("127.0.0.1", target))
            except OSError as problem:
                connection.sendall(message(1, f"error forwarding port {asked}: {problem}".encode()) + frame(8, b""))
                while stream.read1(4096):
                    pass
                return
            lock = threading.Lock()

            def back():
                while (data := inside.recv(40000)):
                    with lock:
                        connection.sendall(message(0, data))
                with lock:
                    connection.sendall(frame(8, struct.pack(">H", 1000)))

            threading.Thread(target=back, daemon=True).start()
            while True:
                opcode, payload = received(stream)
                if opcode == 8:
                    return
                if opcode == 2:
                    assert payload[0] == 0, "only data comes from a client"
                    inside.sendall(payload[1:])

        def guarded(connection, tls):
            try:
                connection = tls.wrap_socket(connection, server_side=True) if tls else connection
                serve(connection)
            except (OSError, EOFError):
                pass
            connection.close()

        tls = None
        if len(sys.argv) > 5:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(sys.argv[5])
            tls.set_alpn_protocols(["h2", "http/1.1"])
        listener = socket.create_server(("127.0.0.1", port))
        while True:
            threading.Thread(target=guarded, args=(listener.accept()[0], tls), daemon=True).start()
        """#
}
