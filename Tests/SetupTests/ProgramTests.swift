import Foundation
import Kubernetes
import Peers
import Synchronization
import Testing

@testable import Setup

/// Programs of the user's: stand-ins that write down what they are given.
@Suite(.serialized, .setupMesh, .timeLimit(.minutes(5))) struct ProgramTests {
    let mesh: SetupMesh
    let folder: Folder
    let place: JournalPlace
    private let lines = Lines()

    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
        func add(_ event: SetupEvent) {
            if case .output(_, let line) = event { all.withLock { $0.append(line) } }
        }
    }

    init() throws {
        mesh = try #require(SetupMesh.current)
        folder = try Folder()
        place = JournalPlace(mesh: "proj-1", environment: ["XDG_STATE_HOME": folder.path("state")], home: "/nowhere")
    }

    /// A program that keeps its arguments, one per line, and its standard input beside itself.
    private func program(_ name: String, _ body: String = "") throws -> UserProgram {
        let path = try folder.write(
            name,
            Data(
                """
                #!/bin/sh
                D='\(folder.url.path)'
                case "$1" in version) echo '{"clientVersion": {"version": "'"$(cat "$D/version")"'"}}'; exit 0;; esac
                for a in "$@"; do echo "$a"; done > "$D/\(name).arguments"
                case "$1" in install) cat > "$D/\(name).input";; esac
                \(body)

                """.utf8))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        if folder.read("version").isEmpty { try folder.write("version", Data("1.24.6-asm.9\n".utf8)) }
        return try UserProgram(path, option: "--x", environment: [:])
    }

    private static let act = Act(
        step: .gateway,
        object: ObjectReference(
            cluster: "a", apiVersion: "install.istio.io/v1alpha1", kind: "IstioOperator", namespace: "", name: "eastwest"),
        verb: .create,
        desired: [
            "apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "metadata": ["name": "eastwest"],
            "spec": ["network": "network-a", "revision": "asm-1246-9"],
        ])

    /// Does something with a run that holds the cluster's Lease.
    private func withPerformers<Result>(_ body: ([ActPerformer], SetupRun) async throws -> Result) async throws -> Result {
        let run = try await SetupRun.open(nil, place: place, mesh: "proj-1", clusters: mesh.clusters, version: "test")
        let targets = try mesh.targets()
        let leases = try await run.acquire(targets, place: place) { _ in }
        let performers = try targets.map {
            ActPerformer(
                target: SetupTarget(
                    name: $0.name, client: $0.client, kubeconfig: try kubeconfig($0.name), context: "gke_p_l_\($0.name)"),
                run: run, lease: try #require(leases[$0.name]), takeOver: [], report: lines.add)
        }
        do {
            let result = try await body(performers, run)
            await SetupRun.release(leases.values)
            return result
        } catch {
            await SetupRun.release(leases.values)
            throw error
        }
    }

    private func kubeconfig(_ name: String) throws -> String {
        try folder.write(
            "\(name).kubeconfig",
            Data(
                """
                apiVersion: v1
                kind: Config
                current-context: gke_p_l_\(name)
                contexts: [{name: gke_p_l_\(name), context: {cluster: c, user: u}}]
                clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
                users: [{name: u, user: {token: x}}]
                """.utf8))
    }

    private func controlPlane(_ tag: String) async throws {
        try await mesh.world("a").make([
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": [
                "name": "istiod-asm-1246-9", "namespace": "istio-system",
                "labels": ["app": "istiod", "istio.io/rev": "asm-1246-9"],
            ],
            "spec": [
                "selector": ["matchLabels": ["x": "y"]],
                "template": [
                    "metadata": ["labels": ["x": "y"]],
                    "spec": ["containers": [["name": "discovery", "image": .string("gcr.io/gke-release/asm/pilot:\(tag)")]]],
                ],
            ],
        ])
    }

    private func removeControlPlane() async throws {
        try await mesh.world("a").remove("/apis/apps/v1/namespaces/istio-system/deployments/istiod-asm-1246-9")
    }

    private static let mesh = MeshIdentity(id: "proj-1", fleetProject: "my-fleet", revision: "asm-1246-9")

    private func install(_ istioctl: UserProgram, script: UserProgram? = nil) async throws -> (
        changed: Bool, journal: JournalContents
    ) {
        try await withPerformers { performers, run in
            let installer = IstioctlInstaller(istioctl: istioctl, script: script, performer: performers[0], mesh: Self.mesh)
            let isChanged = try await installer.install(Self.act)
            return (isChanged, try JournalContents(run.journal.url))
        }
    }

    @Test func istioctlGetsTheGuidesText() async throws {
        try await controlPlane("1.24.6-asm.9")
        let result = try await install(try program("istioctl", "echo 'Installing...'; echo 'token: abc.def.ghi' >&2"))
        #expect(
            folder.read("istioctl.arguments")
                == "install\n-y\n-f\n-\n--kubeconfig\n\(folder.path("a.kubeconfig"))\n--context\ngke_p_l_a\n")
        #expect(folder.read("istioctl.input") == IstioOperatorText.text(network: "network-a", revision: "asm-1246-9"))
        #expect(lines.all.withLock { $0 }.contains("Installing..."))
        #expect(!result.changed && result.journal.entries.count == 7)
        #expect(result.journal.entries.allSatisfy { if case .notDone = $0.outcome { true } else { false } })
        try await removeControlPlane()
    }

    @Test func whatIstioctlMakesIsKnownToUndo() async throws {
        let world = try mesh.world("a")
        let before = try await mesh.state()
        let client = world.admin.access.server.url
        let body = """
            curl -sk -H 'Authorization: Bearer \(KubeAPIServer.adminToken)' -H 'Content-Type: application/json' \
            '\(client)/api/v1/namespaces/istio-system/serviceaccounts?fieldManager=istio-operator' \
            -d '{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"istio-eastwestgateway-service-account"}}' > /dev/null
            """
        let result = try await install(try program("istioctl", body))
        #expect(result.changed)
        #expect(try await mesh.state() != before)
        let plan = try await UndoPlan.make(result.journal, try mesh.targets())
        #expect(plan.items.map(\.object.words) == ["ServiceAccount istio-system/istio-eastwestgateway-service-account"])
        try await world.remove("/api/v1/namespaces/istio-system/serviceaccounts/istio-eastwestgateway-service-account")
    }

    @Test func theUsersScriptIsAsked() async throws {
        let script = try program("gen.sh", "echo 'kind: IstioOperator'; echo 'own: text'")
        _ = try await install(try program("istioctl"), script: script)
        #expect(folder.read("gen.sh.arguments") == "--mesh\nproj-1\n--network\nnetwork-a\n--revision\nasm-1246-9\n")
        #expect(folder.read("istioctl.input") == "kind: IstioOperator\nown: text\n")
        await #expect(throws: SetupFailure.self) {
            try await install(try program("istioctl"), script: try program("bad.sh", "exit 3"))
        }
    }

    @Test func anotherMinorVersionIsRefused() async throws {
        try await controlPlane("1.24.6-asm.9")
        let istioctl = try program("istioctl")
        try folder.write("version", Data("1.27.1\n".utf8))
        let failure = await #expect(throws: SetupFailure.self) { try await install(istioctl) }
        #expect(failure?.problem.contains("istioctl is of version 1.27.1, and the control plane of 1.24.6-asm.9") == true)
        #expect(folder.read("istioctl.arguments").isEmpty)
        try await removeControlPlane()
    }

    @Test func aProgramThatIsNoIstioctlIsRefused() async throws {
        let failure = await #expect(throws: SetupFailure.self) {
            try await install(try UserProgram("/bin/echo", option: "--istioctl", environment: [:]))
        }
        #expect(failure?.problem.contains("is no istioctl") == true)
    }

    @Test(arguments: [
        ("Error: failed to update resource: Deployment is invalid: spec.selector: field is immutable", "can never change"),
        ("Error: resources not ready after 5m0s: timed out waiting for the condition", "did not become ready"),
        ("Error: services is forbidden: User cannot patch", "not allowed"), ("Error: something else", "istioctl install failed"),
    ]) func itsFailureIsExplained(output: String, meaning: String) async throws {
        let istioctl = try program("istioctl", "echo \"\(output)\" >&2; exit 1")
        let failure = await #expect(throws: SetupFailure.self) { try await install(istioctl) }
        #expect(
            failure?.problem.contains(meaning) == true && failure?.problem.contains(output) == true,
            "\(String(describing: failure))")
        #expect(failure?.problem.contains("code 1") == true)
    }

    // MARK: Fleet

    private static let registration = Act(
        step: .register,
        object: ObjectReference(cluster: "a", apiVersion: "hub.gke.io/v1", kind: "Membership", namespace: "", name: "membership"),
        verb: .create,
        desired: [
            "fleet": "my-fleet", "membership": "a",
            "register": ["container", "fleet", "memberships", "register", "a", "--project=my-fleet"],
            "unregister": ["container", "fleet", "memberships", "unregister", "a", "--project=my-fleet"],
        ])

    private func register(_ gcloud: UserProgram) async throws -> Bool {
        try await withPerformers { performers, _ in
            try await FleetRegistrar(gcloud: gcloud, report: lines.add).register(Self.registration, performers[0])
        }
    }

    /// Makes and removes the object as registering does, in an API server that knows its kind.
    private func gcloud() async throws -> UserProgram {
        let world = try mesh.world("a")
        try await world.define("memberships", "Membership", "hub.gke.io", "v1", scope: "Cluster")
        let url = "\(world.admin.access.server.url)/apis/hub.gke.io/v1/memberships"
        return try program(
            "gcloud",
            """
            ask() { curl -sk -H 'Authorization: Bearer \(KubeAPIServer.adminToken)' -H 'Content-Type: application/json' "$@" > /dev/null; }
            case "$4" in
              register) ask '\(url)?fieldManager=gkehub' -d '{"apiVersion":"hub.gke.io/v1","kind":"Membership","metadata":{"name":"membership"}}';;
              unregister) ask -X DELETE '\(url)/membership';;
            esac
            """)
    }

    @Test func gcloudRegistersAndUndoLetsItUnregister() async throws {
        var programs = SetupPrograms()
        programs.gcloud = try await gcloud()
        let path = Self.registration.object.path
        try await withPerformers { performers, run in
            #expect(try await programs.perform(Self.registration, performers[0], mesh: Self.mesh))
            #expect(folder.read("gcloud.arguments") == "container\nfleet\nmemberships\nregister\na\n--project=my-fleet\n")
            let targets = performers.map(\.target)
            let journal = try JournalContents(run.journal.url)
            #expect(journal.begun == ["a": [.register]])
            // One that a crash left open is settled by what stands there.
            var open = try #require(journal.entries.first)
            open.outcome = .unknown
            let live = try await targets[0].client.find(path, as: JSONValue.self)
            guard case .done = SetupRun.settled(open, live, run: run.id) else { throw Unsettled() }
            let plan = try await UndoPlan.make(journal, targets)
            #expect(plan.unregisters && plan.items.count == 1)
            let leases = Dictionary(uniqueKeysWithValues: performers.map { ($0.target.name, $0.lease) })
            let failures = await Undoer(
                plan: plan, targets: targets, run: run, leases: leases, programs: programs, report: lines.add
            ).undo()
            #expect(failures.isEmpty && folder.read("gcloud.arguments").contains("\nunregister\n"))
            #expect(try await targets[0].client.find(path, as: JSONValue.self) == nil)
            // What has gone is not taken back twice.
            let again = try await UndoPlan.make(try JournalContents(run.journal.url), targets)
            #expect(!again.unregisters)
        }
    }

    private struct Unsettled: Error {}

    @Test func gcloudThatRegistersAnotherClusterIsFoundOut() async throws {
        _ = try await gcloud()
        let failure = await #expect(throws: SetupFailure.self) { try await register(try program("gcloud")) }
        #expect(failure?.problem.contains("registered another cluster") == true)
        await #expect(throws: SetupFailure.self) {
            try await withPerformers { performers, _ in
                try await SetupPrograms().perform(Self.registration, performers[0], mesh: Self.mesh)
            }
        }
    }

    @Test(arguments: [
        ("ERROR: PERMISSION_DENIED: Permission 'gkehub.memberships.create' denied", "may not register"),
        ("ERROR: (gcloud) GKE Hub API has not been used in project 1 before", "is off"),
        ("ERROR: You do not currently have an active account selected.", "no credential"),
        ("ERROR: ALREADY_EXISTS: membership", "another cluster"), ("ERROR: something", "its lines above"),
    ]) func whyGcloudDoesNotRegister(output: String, meaning: String) async throws {
        let gcloud = try program("gcloud", "echo \"\(output)\" >&2; exit 1")
        let failure = await #expect(throws: SetupFailure.self) { try await register(gcloud) }
        #expect(failure.map { "\($0.problem); \($0.remedy)" }?.contains(meaning) == true, "\(String(describing: failure))")
        #expect(failure?.problem.contains(output.prefix(40)) == true)
    }

    @Test(arguments: ["no-such-program", "/nowhere/istioctl", "/etc/passwd"]) func aMissingProgramIsNamed(name: String) {
        let failure = #expect(throws: SetupFailure.self) {
            try UserProgram(name, option: "--istioctl", environment: ["PATH": "/usr/bin:/bin"])
        }
        #expect(failure?.problem.contains(name) == true && failure?.remedy.contains("--istioctl") == true)
    }

    @Test func asmcliGetsFleetAndKubeconfigs() async throws {
        let asmcli = try program("asmcli")
        try await withPerformers { performers, _ in
            try await AsmcliDiscovery(asmcli: asmcli, performers: performers, mesh: Self.mesh).createMesh()
        }
        #expect(
            folder.read("asmcli.arguments")
                == "create-mesh\nmy-fleet\n\(folder.path("a.kubeconfig"))\n\(folder.path("b.kubeconfig"))\n")
        let failing = try program("asmcli", "echo 'asmcli: [ERROR]: not registered'; exit 2")
        let failure = await #expect(throws: SetupFailure.self) {
            try await withPerformers { performers, _ in
                try await AsmcliDiscovery(asmcli: failing, performers: performers, mesh: Self.mesh).createMesh()
            }
        }
        #expect(failure?.problem.contains("code 2: ") == true && failure?.problem.contains("not registered") == true)
    }

    @Test func asmcliWouldTakeTheCurrentContext() async throws {
        let asmcli = try program("asmcli")
        let failure = await #expect(throws: SetupFailure.self) {
            try await withPerformers { performers, _ in
                var other = performers
                other[0] = ActPerformer(
                    target: SetupTarget(
                        name: "a", client: performers[0].target.client, kubeconfig: performers[0].target.kubeconfig,
                        context: "another"),
                    run: performers[0].run, lease: performers[0].lease, takeOver: [], report: { _ in })
                try await AsmcliDiscovery(asmcli: asmcli, performers: other, mesh: Self.mesh).createMesh()
            }
        }
        #expect(failure?.remedy.contains("kubectl config use-context another") == true)
        #expect(folder.read("asmcli.arguments").isEmpty)
    }

    @Test func namesOfAsmcli() {
        #expect(AsmcliDiscovery.name(context: "gke_my-project_us-central1_east") == "gke-my-project-us-central1-east")
        let long = AsmcliDiscovery.name(context: String(repeating: "a", count: 70))
        #expect(long.count == 63 && long.hasPrefix(String(repeating: "a", count: 42) + "-"))
    }
}
