internal import Foundation
import Glibc

/// Which process made an object, so that a later run on the same machine can tell at once that it is dead.
enum ProbeHolder {
    /// This process: its machine since its last start, its process namespace, its number, and when it began.
    static let current: String = {
        let number = getpid()
        return "\(place).\(number).\(start(of: number) ?? "0")"
    }()

    /// Whether the holder is known to be gone. Of a process on another machine nothing is known.
    static func isGone(_ holder: String) -> Bool {
        let parts = holder.split(separator: ".")
        guard parts.count == 3, place != "unknown", parts[0] == place, let number = pid_t(parts[1]), number > 0 else {
            return false
        }
        return start(of: number) != String(parts[2])
    }

    /// Machine and process namespace, without saying which: 64 bits of FNV-1a. `unknown` where the machine does not tell.
    private static let place: String = {
        let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
        let space = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
        guard !boot.isEmpty, !space.isEmpty else { return "unknown" }
        let hash = (boot + space).utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }()

    /// Field 22 of `/proc/PID/stat`; `nil` where there is no such process. The second field is a name that may hold anything, up
    /// to the last bracket.
    private static func start(of number: pid_t) -> String? {
        guard let stat = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8),
            let bracket = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[bracket...].split(separator: " ")
        guard fields.count > 20, fields[1] != "Z" else { return nil }
        return String(fields[20])
    }
}
