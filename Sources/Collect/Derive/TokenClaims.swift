internal import Foundation

/// The claims of a bearer token that say whose it is and until when. The signature is not looked at: it proves nothing here.
struct TokenClaims: Sendable, Equatable {
    /// Claim `sub`; empty where absent.
    var subject: String
    /// Claim `exp`, seconds since 1970; `nil` where the token does not expire.
    var expires: Int?

    /// - Returns: `nil` where the token is no JWT (three base64url parts, the second a JSON object).
    init?(token: String) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var base64 = parts[1].replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        guard let data = Data(base64Encoded: String(base64)), let claims = try? JSONDecoder().decode(Claims.self, from: data)
        else {
            return nil
        }
        subject = claims.sub ?? ""
        // A number beyond every calendar is no expiry that could be compared.
        expires = claims.exp.flatMap { $0.isFinite && abs($0) < 1e15 ? Int($0) : nil }
    }

    private struct Claims: Decodable {
        var sub: String?
        var exp: Double?
    }
}
