import Foundation
import Kubernetes
import Peers
import Testing

@testable import Setup

@Suite struct JournalTests {
    let folder: Folder
    let url: URL

    init() throws {
        folder = try Folder()
        url = URL(filePath: folder.path("state/mesh/run.journal"))
    }

    private static let beginning = JournalBeginning(
        run: "run", isthmus: "0", mesh: "proj-1", place: "here 1",
        clusters: [.init(name: "a", uid: "u", server: "https://127.0.0.1:1")])

    private static func intent(_ name: String) -> JournalIntent {
        JournalIntent(
            act: "a/expose/ConfigMap/n/\(name)",
            object: ObjectReference(cluster: "a", apiVersion: "v1", kind: "ConfigMap", namespace: "n", name: name),
            verb: .create, before: nil, desired: .null)
    }

    private static let after = ObjectState([
        "kind": "ConfigMap", "metadata": ["uid": "x", "resourceVersion": "1", "labels": ["a": "b"]], "data": ["k": "v"],
    ])

    private func outcomes() throws -> [String] {
        try JournalContents(url).entries.map { "\($0.intent.object.name) \("\($0.outcome)".prefix { $0 != "(" })" }
    }

    @Test func whatIsWrittenIsRead() async throws {
        let journal = try await Journal.create(url, Self.beginning)
        for name in ["one", "two", "three", "four"] { try await journal.append(.intent(Self.intent(name))) }
        try await journal.append(.done(line: 2, after: Self.after))
        try await journal.append(.notDone(line: 3, reason: "403"))
        try await journal.append(.done(line: 5, after: Self.after))
        try await journal.append(.undone(line: 5, how: "deleted"))
        #expect(try outcomes() == ["one done", "two notDone", "three unknown", "four undone"])
        #expect(try JournalContents(url).ending == nil)
        try await journal.append(.end(.complete))
        let contents = try JournalContents(url)
        #expect(contents.ending == .complete && contents.beginning.run == "run" && contents.lines.count == 10)
        #expect(contents.begun == ["a": [.expose]])
        guard case .done(let state) = contents.entries[0].outcome else { throw Missing() }
        #expect(state == Self.after)
        let mode = try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let parent = try FileManager.default.attributesOfItem(atPath: folder.path("state/mesh"))[.posixPermissions] as? Int
        #expect(parent == 0o700)
    }

    private struct Missing: Error {}

    @Test func manyLinesAtOnceKeepTheirNumbers() async throws {
        let journal = try await Journal.create(url, Self.beginning)
        let numbers = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<200 { group.addTask { try await journal.append(.intent(Self.intent("\(index)"))) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(numbers.sorted() == Array(2...201))
        let lines = try JournalContents(url).lines
        for line in lines.dropFirst() {
            guard case .intent = line.record else { throw Missing() }
        }
        #expect(lines.count == 201)
    }

    @Test func aLastLineThatWasCutOffIsNoDamage() async throws {
        let journal = try await Journal.create(url, Self.beginning)
        try await journal.append(.intent(Self.intent("one")))
        try await journal.append(.intent(Self.intent("two")))
        journal.close()
        let whole = try Data(contentsOf: url)
        let lastLine = whole.dropLast().lastIndex(of: 0x0A)! + 1
        for cut in [lastLine, lastLine + 1, lastLine + 40, whole.count - 1] {
            try whole.prefix(cut).write(to: url)
            #expect(try outcomes() == ["one unknown"])
            let (resumed, contents) = try Journal.resume(url)
            #expect(contents.entries.count == 1)
            #expect(try await resumed.append(.resume(place: "there", clusters: [])) == 3)
            resumed.close()
            #expect(try outcomes() == ["one unknown"])
            #expect(try JournalContents(url).lines.count == 3)
        }
    }

    @Test(arguments: [1, 2, 3]) func damageIsNamedWithItsLine(line: Int) async throws {
        let journal = try await Journal.create(url, Self.beginning)
        for name in ["one", "two", "three"] { try await journal.append(.intent(Self.intent(name))) }
        journal.close()
        var lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
        lines[line - 1].insert("!", at: lines[line - 1].index(lines[line - 1].startIndex, offsetBy: 10))
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: url)
        let error = #expect(throws: JournalError.self) { try JournalContents(url) }
        #expect(error?.description.contains("line \(line): it is damaged") == true)
        #expect(throws: JournalError.self) { try Journal.resume(url) }
    }

    @Test func aMissingLineIsNoticed() async throws {
        let journal = try await Journal.create(url, Self.beginning)
        for name in ["one", "two"] { try await journal.append(.intent(Self.intent(name))) }
        journal.close()
        var lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        lines.remove(at: 1)
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: url)
        let error = #expect(throws: JournalError.self) { try JournalContents(url) }
        #expect(error?.description.contains("line 2: it says that it is line 3") == true)
    }

    @Test(arguments: ["", "\n", "{}\n", "hello\n"]) func whatIsNoJournalIsRefused(text: String) throws {
        let url = URL(filePath: try folder.write("no.journal", Data(text.utf8)))
        #expect(throws: JournalError.self) { try JournalContents(url) }
    }

    @Test func aLivingRunsJournalIsNotResumed() async throws {
        let journal = try await Journal.create(url, Self.beginning)
        let error = #expect(throws: JournalError.self) { try Journal.resume(url) }
        #expect(error?.isBusy == true)
        journal.close()
        _ = try Journal.resume(url)
        await #expect(throws: JournalError.self) { try await journal.append(.end(.complete)) }
        await #expect(throws: JournalError.self) { try await Journal.create(url, Self.beginning) }
    }

    @Test func whenTheDiskIsFullNothingMoreIsWritten() async throws {
        let journal = Journal(URL(filePath: "/dev/full"), descriptor: open("/dev/full", O_WRONLY | O_CLOEXEC))
        for _ in 0..<2 {
            let error = await #expect(throws: JournalError.self) { try await journal.append(.end(.complete)) }
            #expect(error?.description == "journal /dev/full: it cannot be written: No space left on device")
        }
    }

    @Test func secretsAreKeptAsHashes() throws {
        let state = ObjectState([
            "kind": "Secret", "type": "Opaque", "data": ["k": "dG9rZW4="],
            "metadata": ["annotations": ["kubectl.kubernetes.io/last-applied-configuration": "{\"data\":\"dG9rZW4=\"}"]],
        ])
        let text = String(decoding: try JSONEncoder().encode(state), as: UTF8.self)
        #expect(!text.contains("dG9rZW4="))
        #expect(state.content["data"]?["k"]?.string?.hasPrefix("sha256:") == true)
    }

    @Test func aMeshsIdIsOneFoldersName() {
        func folder(_ mesh: String, _ state: String?) -> String {
            JournalPlace(mesh: mesh, environment: state.map { ["XDG_STATE_HOME": $0] } ?? [:], home: "/home/x").folder.path
        }
        #expect(folder("proj-1", nil) == "/home/x/.local/state/isthmus/proj-1")
        #expect(folder("proj-1", "/state") == "/state/isthmus/proj-1")
        #expect(folder("../..", "relative") == "/home/x/.local/state/isthmus/.._..")
        #expect(folder("..", "/state") == "/state/isthmus/_")
        let run = JournalPlace.newRun(Date(timeIntervalSince1970: 1_795_000_000))
        #expect(run.wholeMatch(of: /20261118-110640-[a-z0-9]{6}/) != nil, "\(run)")
    }

    /// Else a run that was broken off is missed by the next where both began in one second, and a third one begins.
    @Test func runsOfOneSecondStandInTheirOrder() {
        let second = Date(timeIntervalSince1970: 1_795_000_000)
        let runs = (0..<1000).map { JournalPlace.newRun(second + Double($0) / 1000) }
        #expect(runs == runs.sorted())
        #expect(Set(runs.map(\.count)) == [22] && Set(runs).count == 1000)
    }
}
