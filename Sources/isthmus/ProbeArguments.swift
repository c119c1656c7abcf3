import ArgumentParser
import Collect

/// How the pods of levels probe and mutate are run, as words of the command line.
struct ProbeArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The image that pods look with: sh, curl and busybox's tools. By default curl's own, pinned by digest.",
            discussion: "isthmus probe-images prints it, to be mirrored into a registry of one's own.", valueName: "image"))
    var probeImage: String = ProbeOptions.defaultImage

    @Option(
        help: ArgumentHelp(
            "A Secret in the namespace isthmus-probe with which the image is pulled (at level mutate also in isthmus-verify); may be given more than once.",
            discussion: "The namespaces have to be made first: isthmus rbac.", valueName: "name"))
    var probePullSecret: [String] = []

    @Option(
        help: ArgumentHelp(
            "A taint that the pods put up with: KEY, KEY=VALUE, KEY=VALUE:EFFECT, or * for all.", valueName: "taint"))
    var probeToleration: [String] = []

    @Option(
        help: ArgumentHelp("A label of the nodes that the pods may run on; may be given more than once.", valueName: "key=value"))
    var probeNodeSelector: [String] = []

    @Option(help: ArgumentHelp("Seconds until a pod must have started: a node found, the image pulled.", valueName: "seconds"))
    var probeStart: Double = 60

    func validate() throws {
        guard probeStart >= 1, probeStart <= 3600 else {
            throw ValidationError("--probe-start must be at least 1 and at most 3600 seconds")
        }
        guard !probeImage.isEmpty, !probeImage.contains(where: \.isWhitespace) else {
            throw ValidationError("--probe-image: \"\(probeImage)\" is no image")
        }
        _ = try options()
    }

    /// - Throws: `ValidationError` that names the argument.
    func options() throws -> ProbeOptions {
        let tolerations = try probeToleration.map { text in
            guard let toleration = Toleration(text) else {
                throw ValidationError(
                    "--probe-toleration: \"\(text)\" is not KEY[=VALUE][:EFFECT] with the effect NoSchedule, PreferNoSchedule or NoExecute"
                )
            }
            return toleration
        }
        let labels = try probeNodeSelector.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw ValidationError("--probe-node-selector: \"\(text)\" is not KEY=VALUE")
            }
            return (parts[0], parts[1])
        }
        return ProbeOptions(
            image: probeImage, pullSecrets: probePullSecret, tolerations: tolerations,
            nodeSelector: Dictionary(labels, uniquingKeysWith: { $1 }), start: .seconds(probeStart))
    }
}
