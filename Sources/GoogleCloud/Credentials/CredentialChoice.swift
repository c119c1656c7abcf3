/// Where the operator wants the credential for Google's APIs to come from.
package enum CredentialChoice: Sendable, Hashable {
    /// A token in the environment, else Application Default Credentials in Google's documented order.
    case applicationDefault
    /// Ask Google nothing.
    case none
    /// `gcloud auth print-access-token`.
    case gcloud
    /// A credential file of any type that Google's libraries know.
    case file(String)
    /// A file with an access token, written anew by somebody else before it expires.
    case tokenFile(String)
}
