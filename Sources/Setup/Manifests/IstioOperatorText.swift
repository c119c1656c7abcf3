/// The text that the guide's `gen-eastwest-gateway.sh` prints, for the user's istioctl.
///
/// Source: ASM package `asm/istio/expansion/`, release 1.24. Different in one thing: the network is quoted, because the script's
/// text makes a number or `yes` of a network that is called so, which istioctl refuses.
package enum IstioOperatorText {
    /// The object's name, and so the label `install.operator.istio.io/owning-resource` of what istioctl makes of it.
    package static let name = "eastwest"

    /// - Parameters:
    ///   - network: a label's value.
    ///   - revision: `""` for the default one, as in the script.
    package static func text(network: String, revision: String) -> String {
        """
        apiVersion: install.istio.io/v1alpha1
        kind: IstioOperator
        metadata:
          name: \(name)
        spec:
          revision: "\(revision)"
          profile: empty
          components:
            ingressGateways:
              - name: istio-eastwestgateway
                label:
                  istio: eastwestgateway
                  app: istio-eastwestgateway
                  topology.istio.io/network: "\(network)"
                enabled: true
                k8s:
                  env:
                    - name: ISTIO_META_REQUESTED_NETWORK_VIEW
                      value: "\(network)"
                  service:
                    ports:
                      - name: status-port
                        port: 15021
                        targetPort: 15021
                      - name: tls
                        port: 15443
                        targetPort: 15443
                      - name: tls-istiod
                        port: 15012
                        targetPort: 15012
                      - name: tls-webhook
                        port: 15017
                        targetPort: 15017
          values:
            gateways:
              istio-ingressgateway:
                injectionTemplate: gateway
            global:
              network: "\(network)"

        """
    }
}
