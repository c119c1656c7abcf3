/// Why there is no token. Never holds a token, an assertion, a key or a refresh token.
package struct CredentialFailure: Error, Sendable, Hashable {
    /// Where the credential was found: `GOOGLE_APPLICATION_CREDENTIALS=/x.json`.
    package let source: String
    /// What was tried and seen, in one sentence.
    package let said: String
    /// The command, or else the sentence, that mends it.
    package let mend: String
    /// The task was cancelled: nothing is known about the credential.
    let isCancellation: Bool

    package init(source: String, said: String, mend: String) {
        self.init(source: source, said: said, mend: mend, isCancellation: false)
    }

    init(source: String, said: String, mend: String, isCancellation: Bool) {
        self.source = source
        self.said = said
        self.mend = mend
        self.isCancellation = isCancellation
    }
}

extension CredentialFailure: CustomStringConvertible {
    package var description: String { "\(source): \(said)" + (mend.isEmpty ? "" : ". Mend: \(mend)") }
}
