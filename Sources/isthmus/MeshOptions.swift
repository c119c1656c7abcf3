import ArgumentParser
import Collect
import Foundation
import GoogleCloud
import Mesh

/// Which mesh, how far isthmus may go to look at it, and how long it waits.
struct MeshOptions: ParsableArguments {
    @Option(
        name: [.short, .customLong("file")], help: "The mesh as a file (format isthmus/v1; see README).",
        completion: .file(extensions: ["yaml", "yml"]))
    var file: String?

    @Argument(
        help: "Instead of -f: FLEET_PROJECT_ID KUBECONFIG_1 KUBECONFIG_2 ..., as for asmcli create-mesh.", completion: .file())
    var mesh: [String] = []

    @Option(help: "The control-plane revision that the mesh is to have, as asm-1246-9; beats the mesh file's.")
    var revision: String?

    @Option(
        help: ArgumentHelp(
            "How far isthmus may go: read asks and looks; probe runs short-lived pods; mutate deploys test workloads.",
            discussion:
                "By default read; setup looks at level probe. What needs a higher level than the chosen one is listed as not examined."
        ))
    var level: LevelArgument?

    @Option(help: ArgumentHelp("Seconds until a request is given up.", valueName: "seconds"))
    var timeout: Double = 10

    @Option(
        help: ArgumentHelp(
            "A program that a kubeconfig may run to get a credential, by name or path; may be given more than once.",
            discussion: "Well-known ones, as gke-gcloud-auth-plugin, are trusted without this.", valueName: "program"))
    var allowExec: [String] = []

    @Option(
        help: ArgumentHelp(
            "Credentials for Google's APIs: adc (Application Default Credentials), none, gcloud, or a credential file.",
            discussion:
                "Beats the mesh file's; adc by default. gcloud asks `gcloud auth print-access-token`; none asks Google nothing.",
            valueName: "adc|none|gcloud|file"), completion: .file())
    var googleCredentials: String?

    @Option(
        help: ArgumentHelp("A file with an access token for Google's APIs, as CI has it.", valueName: "file"), completion: .file()
    )
    var googleTokenFile: String?

    func validate() throws {
        guard googleCredentials == nil || googleTokenFile == nil else {
            throw ValidationError("--google-credentials and --google-token-file both say whom Google sees: give one of them")
        }
        guard timeout > 0, timeout <= 3600 else {
            throw ValidationError("--timeout must be more than 0 and at most 3600 seconds")
        }
        switch (file, mesh.isEmpty) {
        case (nil, true):
            throw ValidationError("name the mesh: -f mesh.yaml, or FLEET_PROJECT_ID KUBECONFIG_1 KUBECONFIG_2 ...")
        case (.some, false):
            throw ValidationError("the mesh is named twice, by -f and by \"\(mesh.joined(separator: " "))\": give one of them")
        default: break
        }
    }

    /// How Google's APIs are asked: as these options say, else as the mesh file does.
    ///
    /// - Throws: `InputError` for an endpoint or a certificate file that cannot be used.
    func google(_ declared: GoogleDeclaration, environment: [String: String]) throws -> GoogleOptions {
        let choice: CredentialChoice =
            switch (googleTokenFile, googleCredentials) {
            case (let file?, _): .tokenFile(file)
            case (_, "adc"?): .applicationDefault
            case (_, "none"?): .none
            case (_, "gcloud"?): .gcloud
            case (_, let file?): .file(file)
            case (nil, nil): declared.credentials.map { .file($0) } ?? .applicationDefault
            }
        do {
            let authority = try declared.certificateAuthority.map { try Data(contentsOf: URL(filePath: $0)) }
            let endpoints = try GoogleEndpoints(
                environment: environment, overrides: declared.endpoints, certificateAuthorityPEM: authority)
            return GoogleOptions(
                credentials: choice, endpoints: endpoints, environment: environment, home: NSHomeDirectory())
        } catch let error as CocoaError {
            throw InputError("\(declared.certificateAuthority ?? ""): cannot be read: \(error.localizedDescription)")
        } catch let error as EndpointError {
            throw InputError("\(error)")
        }
    }

    /// Reads the declaration that these options name.
    ///
    /// - Throws: `InputError` with file, line and key.
    func declaration() throws -> MeshDeclaration {
        do {
            var declared = try file.map { try MeshDeclaration(contentsOf: URL(filePath: $0)) } ?? MeshDeclaration(arguments: mesh)
            if let revision { declared.revision = revision }
            return declared
        } catch let error as CocoaError {
            throw InputError("\(file ?? ""): cannot be read: \(error.localizedDescription)")
        } catch {
            throw InputError("\(error)")
        }
    }
}

/// The levels of consent, as words of the command line.
enum LevelArgument: String, CaseIterable, ExpressibleByArgument {
    case read, probe, mutate
}

/// What the user gave cannot be used; ends isthmus with exit code 65.
struct InputError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
