import Foundation
import Testing

@testable import Collect

@Suite struct TokenClaimsTests {
    private func token(_ claims: String) -> String {
        let body = Data(claims.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
        return "eyJhbGciOiJSUzI1NiJ9.\(body).c2ln"
    }

    @Test func readsSubjectAndExpiry() {
        let claims = TokenClaims(token: token(#"{"sub":"system:serviceaccount:istio-system:r","exp":1900000000,"iss":"x"}"#))
        #expect(claims?.subject == "system:serviceaccount:istio-system:r")
        #expect(claims?.expires == 1_900_000_000)
    }

    @Test func longLivedTokensHaveNoExpiry() {
        let claims = TokenClaims(token: token(#"{"sub":"s??>>","kubernetes.io/serviceaccount/namespace":"istio-system"}"#))
        #expect(claims?.subject == "s??>>")
        #expect(claims?.expires == nil)
    }

    @Test(arguments: ["", "abc", "a.b", "a.b.c.d", "a.!!!.c", "a.bm90anNvbg.c"])
    func noToken(text: String) {
        #expect(TokenClaims(token: text) == nil)
    }

    @Test func claimsOfAnotherTypeAreUnreadable() {
        #expect(TokenClaims(token: token(#"{"sub":5}"#)) == nil)
        #expect(TokenClaims(token: token(#"{"sub":"s","exp":"never"}"#)) == nil)
        #expect(TokenClaims(token: token(#"{"sub":"s","exp":1e300}"#))?.expires == nil)
    }
}
