// Benchmark tool: `probe-tls FILE ROUNDS ROOTS [NAME]` shakes hands with every host:port of a file, so many times over, and verifies what is served
// against the roots. With a name it makes the hellos of a handshake proof: TLS 1.2, that name, and to the same endpoint a name that nobody
// has, and must be refused; with the ALPN of the mesh. Prints how many ended as they should, and how many did not. For measuring the TLS prober only.
import Foundation
import TLS

/// A name that no service has: at a gateway it must be refused.
let nobody = "outbound_.1_._.isthmus-no-such.isthmus.svc.cluster.local"

/// As many as a preflight of a large mesh has under way.
let atOnce = 200

func complain(_ message: String) { FileHandle.standardError.write(Data("\(message)\n".utf8)) }

func giveUp(_ message: String, _ code: Int32) -> Never {
    complain("probe-tls: \(message)")
    exit(code)
}

/// The endpoints, each so many times.
func targets(_ file: String, rounds: Int, roots: [Certificate], name: String?) -> [TLSTarget] {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { giveUp("cannot read \(file)", 65) }
    let once = text.split(separator: "\n").flatMap { line in
        let parts = line.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else { giveUp("\(file): \"\(line)\" is not host:port", 65) }
        let host = String(parts[0])
        guard let name else { return [TLSTarget(host: host, port: port, roots: roots)] }
        return [name, nobody].map {
            TLSTarget(host: host, port: port, serverName: $0, alpn: ["istio"], maximumVersion: .tls12, roots: roots)
        }
    }
    return (0..<rounds).flatMap { _ in once }
}

let arguments = CommandLine.arguments
guard (4...5).contains(arguments.count), let rounds = Int(arguments[2]), rounds > 0 else {
    giveUp("say FILE ROUNDS ROOTS [NAME]", 64)
}
guard let pem = FileManager.default.contents(atPath: arguments[3]), let roots = try? Certificate.parse(pem: pem) else {
    giveUp("no certificates in \(arguments[3])", 65)
}
let all = targets(arguments[1], rounds: rounds, roots: roots, name: arguments.count > 4 ? arguments[4] : nil)
let prober = TLSProber()
let sound = await withTaskGroup(of: Bool.self) { group in
    var waiting = all.makeIterator()
    var sound = 0
    func next(_ group: inout TaskGroup<Bool>) {
        guard let target = waiting.next() else { return }
        group.addTask {
            let ladder = await prober.probe(target)
            let isSound = ladder.certificate.isOK == (target.serverName != nobody)
            if !isSound {
                complain(
                    "\(target.host):\(target.port) \(target.serverName ?? ""): \(ladder.failure.map { "\($0)" } ?? "answered")")
            }
            return isSound
        }
    }
    for _ in 0..<atOnce { next(&group) }
    while let isSound = await group.next() {
        sound += isSound ? 1 : 0
        next(&group)
    }
    return sound
}
print("\(sound) as they should, \(all.count - sound) not")
exit(sound == all.count ? 0 : 1)
