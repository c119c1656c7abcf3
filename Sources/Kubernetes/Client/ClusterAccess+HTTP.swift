package import HTTP
import Secrecy

extension ClusterAccess {
    /// Trust, proxy and client certificate for HTTP; `certificate` replaces the static one, as an exec plugin may ask.
    package func endpoint(certificate: ClientCertificate? = nil) -> HTTPEndpoint {
        let certificate = certificate ?? clientCertificate
        return HTTPEndpoint(
            certificateAuthorityPEM: certificateAuthority, clientCertificatePEM: certificate?.chain,
            clientKeyPEM: certificate?.key.revealed, tlsServerName: tlsServerName, insecureSkipVerify: insecureSkipTLSVerify,
            proxy: proxy?.urlWithCredentials)
    }
}
