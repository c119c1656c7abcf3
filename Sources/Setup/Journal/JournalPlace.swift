package import Foundation

/// Where journals stand, and which of them are unfinished.
package struct JournalPlace: Sendable {
    /// One mesh's folder.
    package let folder: URL

    /// `${XDG_STATE_HOME:-~/.local/state}/isthmus/MESH`.
    package init(mesh: String, environment: [String: String], home: String) {
        let state = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(home)/.local/state"
        // A mesh's id comes from a server or a file, and is to be one folder's name.
        let name = String(mesh.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "_" })
        folder = URL(filePath: "\(state)/isthmus").appending(path: name.allSatisfy { $0 == "." } ? "_" : name)
    }

    package func journal(of run: String) -> URL { folder.appending(path: "\(run).journal") }

    /// The journals of this mesh, the newest run's first.
    package var journals: [URL] {
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.filter { $0.pathExtension == "journal" }.sorted { $0.lastPathComponent > $1.lastPathComponent }
    }

    /// The journals of all meshes, the newest run's first.
    package static func all(environment: [String: String], home: String) -> [URL] {
        let root = JournalPlace(mesh: "x", environment: environment, home: home).folder.deletingLastPathComponent()
        let meshes = (try? FileManager.default.contentsOfDirectory(at: root, includingPropertiesForKeys: nil)) ?? []
        return meshes.flatMap { JournalPlace(folder: $0).journals }.sorted { $0.lastPathComponent > $1.lastPathComponent }
    }

    private init(folder: URL) { self.folder = folder }

    /// A run's id: fits into an object's name, and sorts by time, also within one second: the first four of the last six letters
    /// are the second's fraction in base 36, the last two are chance. As `20261123-043001-k3x9ab`.
    package static func newRun(_ now: Date = Date()) -> String {
        let style = Date.VerbatimFormatStyle(
            format:
                "\(year: .defaultDigits)\(month: .twoDigits)\(day: .twoDigits)-\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased))\(minute: .twoDigits)\(second: .twoDigits)",
            timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
        let seconds = now.timeIntervalSince1970
        let steps = 36 * 36 * 36 * 36
        let fraction = min(Int((seconds - seconds.rounded(.down)) * Double(steps)), steps - 1)
        let chance = Int.random(in: 0..<36 * 36)
        return now.formatted(style) + "-" + base36(fraction, width: 4) + base36(chance, width: 2)
    }

    private static func base36(_ number: Int, width: Int) -> String {
        let digits = String(number, radix: 36)
        return String(repeating: "0", count: width - digits.count) + digits
    }
}
