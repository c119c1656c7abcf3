internal import Policy
internal import StrictYAML

extension Masquerade {
    /// Reads the key `config` of ConfigMap kube-system/ip-masq-agent; `nil` where it cannot be read. Other keys of the
    /// configuration, as `resyncInterval`, change nothing here.
    init?(agentConfiguration text: String) {
        do throws(YAMLError) {
            guard text.contains(where: { !$0.isWhitespace }) else {
                self.init()
                return
            }
            var top = try YAMLValue(parsing: text, file: "ConfigMap kube-system/ip-masq-agent, key config").mapping()
            var ranges: [String]?
            if let list = top.optional("nonMasqueradeCIDRs"), !list.isNull {
                ranges = []
                for range in try list.list() { ranges?.append(try range.string()) }
            }
            var linkLocal = false
            if let value = top.optional("masqLinkLocal"), !value.isNull { linkLocal = try value.bool() }
            self.init(nonMasqueradeCIDRs: ranges, masqLinkLocal: linkLocal)
        } catch {
            return nil
        }
    }
}
