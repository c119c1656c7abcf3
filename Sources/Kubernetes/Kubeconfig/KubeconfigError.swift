import Secrecy

/// Why a kubeconfig, or a credential that it names, cannot be used: where, what was seen, and what to do.
///
/// It never holds the contents of a file that a kubeconfig points to, nor a token, key or password.
package struct KubeconfigError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, Hashable {
        /// The file is missing, is a directory, or may not be read.
        case unreadable
        /// Larger than `Kubeconfig.sizeLimit`.
        case tooLarge
        /// Binary, wrongly encoded, or with control characters.
        case notText
        /// Not YAML; or YAML with duplicate keys, or that aliases would blow up.
        case notYAML
        /// YAML, but no kubeconfig: another `kind` or `apiVersion`.
        case notKubeconfig
        /// A value of the wrong type.
        case wrongType
        /// Two entries of one name in one file.
        case duplicateName
        /// Nothing at all is configured.
        case empty
        /// No context is chosen, or the chosen one does not exist.
        case noSuchContext
        /// A context names a cluster or a user that does not exist.
        case missingReference
        /// A required key is absent.
        case missingKey
        /// Two keys that exclude each other.
        case conflict
        /// A value of the right type that cannot be used.
        case badValue
        /// A file that the kubeconfig points to cannot be read, or does not hold what it should.
        case badFile
        /// A program that is not trusted would have to be run.
        case untrustedProgram
        /// A way to authenticate that client-go no longer has.
        case removed
        /// The credential plugin failed.
        case plugin
    }

    package let kind: Kind
    /// The kubeconfig file; `nil` where no file is to blame.
    package let file: String?
    package let line: Int?
    package let column: Int?
    /// The key, such as `clusters[0].cluster.server`.
    package let key: String?
    /// What was seen and what it means, as one or more sentences.
    package let problem: String
    /// What to do about it.
    package let remedy: String?

    package init(_ kind: Kind, file: String? = nil, key: String? = nil, _ problem: String, remedy: String? = nil) {
        self.init(kind, file: file, line: nil, column: nil, key: key, problem, remedy: remedy)
    }

    package init(_ kind: Kind, at position: SourcePosition, key: String? = nil, _ problem: String, remedy: String? = nil) {
        self.init(kind, file: position.file, line: position.line, column: position.column, key: key, problem, remedy: remedy)
    }

    private init(
        _ kind: Kind, file: String?, line: Int?, column: Int?, key: String?, _ problem: String, remedy: String?
    ) {
        self.kind = kind
        self.file = file
        self.line = line
        self.column = column
        self.key = key
        self.problem = problem
        self.remedy = remedy
    }

    package var description: String {
        var text = ""
        if let file {
            text = printable(file)
            if let line { text += ":\(line)" }
            if let column { text += ":\(column)" }
            text += ": "
        }
        if let key { text += "\(printable(key)): " }
        text += problem
        if let remedy { text += ". \(remedy)" }
        return text
    }
}

extension KubeconfigError {
    init(_ problem: YAMLProblem) {
        let kind: Kind = problem.kind == .notText ? .notText : .notYAML
        let remedy: String? =
            switch problem.kind {
            case .notText: "A kubeconfig is YAML or JSON text"
            case .duplicateKey: "kubectl would silently use the last one; keep the one that is meant"
            case .tooManyAliases, .tooDeep: "Such a file can exhaust memory and is not read; write the values out"
            case .syntax: nil
            }
        self.init(kind, at: problem.position, problem.text, remedy: remedy)
    }
}
