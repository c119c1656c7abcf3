import Foundation
import Secrecy

/// What one of Google's APIs says when it says no: `google.rpc.Status` with its details, or the older form of Compute and others.
struct GoogleErrorBody: Sendable, Hashable {
    var code = 0
    /// `PERMISSION_DENIED` and the like; empty in the older form.
    var status = ""
    var message = ""
    /// `SERVICE_DISABLED`, `IAM_PERMISSION_DENIED`, …; the older form's `forbidden`, `accessNotConfigured`, ….
    var reason = ""
    /// The names that belong to the reason: `permission`, `resource`, `service`, `consumer`, `quota_unit`, ….
    var metadata: [String: String] = [:]
    /// The types of the preconditions that were not met; `VPC_SERVICE_CONTROLS` for one.
    var violations: [String] = []

    /// `nil`: the body is no such thing.
    init?(_ body: Data) {
        if let object = try? JSONDecoder().decode(JSONObject.self, from: body) {
            self.init(object)
        } else if let list = try? JSONDecoder().decode([JSONObject].self, from: body), let object = list.first {
            self.init(object)
        } else {
            return nil
        }
    }

    /// - Parameter object: with a key `error`.
    init?(_ object: JSONObject) {
        guard case .object(let error)? = object["error"], error["code"] != nil || error["message"] != nil else { return nil }
        if case .number(let number)? = error["code"] { code = Int(exactly: number) ?? 0 }
        status = error.text("status")
        message = error.text("message")
        for item in error.objects("errors") where reason.isEmpty { reason = item.text("reason") }
        for detail in error.objects("details") {
            switch detail.text("@type").split(separator: "/").last {
            case "google.rpc.ErrorInfo":
                reason = detail.text("reason")
                guard case .object(let pairs)? = detail["metadata"] else { continue }
                for key in pairs.values.keys { metadata[key] = pairs.text(key) }
            case "google.rpc.PreconditionFailure":
                violations += detail.objects("violations").map { $0.text("type") }
            default: continue
            }
        }
    }

    /// The API that is not enabled, without `.googleapis.com`-less variants: as Google names it.
    var service: String { metadata["service"] ?? "" }

    /// The project that the reason is about, as number or id; empty where it names none.
    var project: String {
        let consumer = metadata["consumer"] ?? metadata["containerInfo"] ?? ""
        return consumer.hasPrefix("projects/") ? String(consumer.dropFirst("projects/".count)) : consumer
    }

    /// The missing permission, from the details or else from Google's sentence; empty where neither names it.
    var permission: String {
        if let named = metadata["permission"], !named.isEmpty { return named }
        for match in message.matches(of: #/['"]([a-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+){2,})['"]/#) {
            let word = String(match.output.1)
            if !word.hasSuffix(".com") { return word }
        }
        return ""
    }
}

extension JSONObject {
    /// The text under a key; empty where there is none.
    fileprivate func text(_ key: String) -> String { if case .string(let text)? = self[key] { text } else { "" } }

    fileprivate func objects(_ key: String) -> [JSONObject] {
        guard case .array(let values)? = self[key] else { return [] }
        return values.compactMap { if case .object(let object) = $0 { object } else { nil } }
    }
}
