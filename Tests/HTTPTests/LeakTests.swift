import Foundation
import HTTP
import Peers
import Testing

/// In a process of its own, where nobody else opens files or starts threads.
@Suite(.timeLimit(.minutes(2))) struct LeakTests {
    @Test func nothingIsLeftBehind() async {
        await #expect(processExitsWith: .success) {
            let nginx = try await Nginx(identity: serverIdentity, locations: "location / { return 200 ok; }")
            let resetting = try Listener { connection in connection.resetOnClose() }
            let hanging = try Listener { connection in connection.hang() }
            func round() async {
                let own = HTTPClient(userAgent: "leaky?")
                await withTaskGroup { group in
                    for index in 0..<60 {
                        let urls = [
                            "https://127.0.0.1:\(nginx.port)/", "https://127.0.0.1:\(resetting.port)/",
                            "https://127.0.0.1:\(hanging.port)/",
                            "https://no-such-host.invalid/",
                        ]
                        group.addTask {
                            _ = try? await own.send(get(urls[index % urls.count], deadline: .milliseconds(500)))
                        }
                    }
                }
                own.shutdown()
            }
            func count(_ what: String) -> Int {
                (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(what)").count) ?? -1
            }
            // The first round warms up what stays: the pool's threads, OpenSSL's tables.
            await round()
            let isQuiet = await eventually { count("task") < 20 }
            try #require(isQuiet)
            let files = count("fd")
            let threads = count("task")
            for _ in 0..<5 { await round() }
            let isClean = await eventually { count("fd") <= files + 2 && count("task") <= threads + 2 }
            #expect(isClean, "files \(files) → \(count("fd")), threads \(threads) → \(count("task"))")
            try #require(isClean)
        }
    }

    /// A program that is started meanwhile, such as an exec plugin, must not inherit connections.
    @Test func connectionsAreNotInherited() async {
        await #expect(processExitsWith: .success) {
            let hanging = try Listener { connection in connection.hang() }
            let task = Task { await failure(get("http://127.0.0.1:\(hanging.port)/", HTTPEndpoint())) }
            let isConnected = await eventually { hanging.connections == 1 }
            try #require(isConnected)
            let sockets = (0..<1024).filter { Listener.peerPort(of: $0) == hanging.port }
            try #require(sockets.count == 1)
            try #require(fcntl(sockets[0], F_GETFD) & FD_CLOEXEC != 0)
            task.cancel()
            _ = await task.value
        }
    }
}
