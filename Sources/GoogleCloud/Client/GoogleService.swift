/// One of Google's REST APIs; the raw value is its host's first label, and what `gcloud services enable` calls it.
package enum GoogleService: String, Sendable, Hashable, CaseIterable {
    case cloudResourceManager = "cloudresourcemanager"
    case serviceUsage = "serviceusage"
    case gkeHub = "gkehub"
    case container
    case compute
    case orgPolicy = "orgpolicy"
    case gkeOnPrem = "gkeonprem"
    case cloudQuotas = "cloudquotas"
    case privateCA = "privateca"
    case connectGateway = "connectgateway"
    case mesh
    case meshConfig = "meshconfig"
    case iamCredentials = "iamcredentials"
    case sts

    /// The API's name, such as `compute.googleapis.com`. It is the same in every universe.
    package var name: String { "\(rawValue).googleapis.com" }
}
