/// How the mesh is to be set up.
package struct SetupOptions: Hashable, Codable, Sendable {
    /// Who installs the gateway; both ways give the same mesh.
    package enum Installer: String, Codable, Sendable, CaseIterable {
        /// Server-side apply of the gateway's own objects.
        case native
        /// The guide's way: an IstioOperator, given to the user's `istioctl`.
        case istioctl
    }

    /// Who makes the remote secrets.
    package enum Discovery: String, Codable, Sendable, CaseIterable {
        case native
        /// `asmcli create-mesh`.
        case asmcli
    }

    package var installer = Installer.native
    package var discovery = Discovery.native
    /// Hosts of `cross-network-gateway`; the guide's are every service of the mesh.
    package var expose = ["*.local"]
    /// Only these.
    package var steps = SetupStep.byDefault
    /// Ids of fields, as `FieldChange.path`, that may be taken over from their managers.
    package var takeOver: [String] = []

    package init() {}
}
