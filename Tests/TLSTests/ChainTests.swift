import Foundation
import Peers
import TLS
import Testing

/// Chains, good and broken in one way each.
@Suite(.timeLimit(.minutes(2))) struct ChainTests {
    static let now = Int(Date().timeIntervalSince1970)
    static let root = Identity.make(.authority("O=cluster.local,Root"))
    static let middle = Identity.make(.authority("Intermediate"), by: root)
    static let leaf = Identity.make(.server(), by: middle)

    func outcome(_ chain: [Identity], _ roots: [Identity], at time: Int = now) throws -> ChainVerification.Outcome {
        Certificate.verify(chain: try chain.map(certificate), roots: try roots.map(certificate), at: time).outcome
    }

    @Test func good() throws {
        let verification = Certificate.verify(
            chain: try [Self.leaf, Self.middle].map(certificate), roots: [try certificate(Self.root)], at: Self.now)
        #expect(verification.isTrusted)
        let path = try [Self.leaf, Self.middle, Self.root].map { try certificate($0).sha256 }
        #expect(verification.path == path)
        // With the root along, in another order, among other roots, and with an intermediate as root.
        let other = Identity.make(.authority())
        #expect(try outcome([Self.leaf, Self.root, Self.middle], [other, Self.root]) == .trusted)
        #expect(try outcome([Self.leaf], [Self.middle]) == .trusted)
        #expect(try outcome([Self.root], [Self.root]) == .trusted)
        let rsa = Identity.make(.authority("RSA").with { $0.rsaBits = 2048 })
        #expect(try outcome([.make(.server(), by: rsa)], [rsa]) == .trusted)
    }

    /// The commonest fault of a hybrid mesh: both clusters' roots bear one name.
    @Test(arguments: [true, false]) func anotherRootOfTheSameName(_ hasKeyIDs: Bool) throws {
        func chain() -> [Identity] {
            let root = Identity.make(.authority("O=cluster.local,Root").with { $0.hasKeyIDs = hasKeyIDs })
            let middle = Identity.make(.authority("Intermediate").with { $0.hasKeyIDs = hasKeyIDs }, by: root)
            return [.make(.server().with { $0.hasKeyIDs = hasKeyIDs }, by: middle), middle, root]
        }
        let (ours, theirs) = (chain(), chain())
        let name = "CN=Root,O=cluster.local"
        #expect(try outcome(Array(theirs[...1]), [ours[2]]) == .unknownAuthority(issuer: name))
        #expect(try outcome(theirs, [ours[2]]) == .unknownAuthority(issuer: name))
        // With both among the roots only key identifiers tell which one is meant; without them, OpenSSL and BoringSSL take the
        // first.
        #expect(try outcome(theirs, [ours[2], theirs[2]]) == (hasKeyIDs ? .trusted : .unknownAuthority(issuer: name)))
    }

    @Test func anotherRoot() throws {
        let other = Identity.make(.authority("Other"))
        #expect(
            try outcome([Self.leaf, Self.middle, Self.root], [other]) == .unknownAuthority(issuer: "CN=Root,O=cluster.local"))
        #expect(try outcome([Self.leaf, Self.middle], [other]) == .incomplete(issuer: "CN=Root,O=cluster.local"))
        #expect(try outcome([Self.leaf, Self.middle], []) == .incomplete(issuer: "CN=Root,O=cluster.local"))
        #expect(try outcome([.make(.server())], [other]) == .unknownAuthority(issuer: "CN=server"))
    }

    @Test func aMissingIntermediate() throws {
        #expect(try outcome([Self.leaf], [Self.root]) == .incomplete(issuer: "CN=Intermediate"))
    }

    @Test func times() throws {
        let oldMiddle = Identity.make(.authority("Old").with { $0.notAfter = -60 }, by: Self.root)
        #expect(try outcome([.make(.server(), by: oldMiddle), oldMiddle], [Self.root]) == .expired(position: 1))
        let oldRoot = Identity.make(.authority("Old Root").with { $0.notAfter = -60 })
        #expect(try outcome([.make(.server(), by: oldRoot)], [oldRoot]) == .expired(position: 1))
        let late = Identity.make(.server().with { $0.notBefore = 3600 }, by: Self.middle)
        #expect(try outcome([late, Self.middle], [Self.root]) == .notYetValid(position: 0))
        #expect(try outcome([late, Self.middle], [Self.root], at: Self.now + 7200) == .trusted)
    }

    @Test func whoMayNotSign() throws {
        let plain = Identity.make(.authority("Plain").with { $0.isCA = false }, by: Self.root)
        #expect(try outcome([.make(.server(), by: plain), plain], [Self.root]) == .notACA(position: 1))
        let unsigning = Identity.make(
            .authority("No keyCertSign").with { $0.keyUsage = "critical,digitalSignature" }, by: Self.root)
        #expect(try outcome([.make(.server(), by: unsigning), unsigning], [Self.root]) == .notACA(position: 1))
        let short = Identity.make(.authority("Short").with { $0.pathLength = 0 }, by: Self.root)
        let below = Identity.make(.authority("Below"), by: short)
        #expect(try outcome([.make(.server(), by: below), below, short], [Self.root]) == .notACA(position: 2))
    }

    @Test func aForgedSignature() throws {
        var der = Self.leaf.certificateDER
        der[der.count - 1] ^= 1
        let forged = try Certificate(der: der)
        let verification = Certificate.verify(
            chain: [forged, try certificate(Self.middle)], roots: [try certificate(Self.root)], at: Self.now)
        #expect(verification.outcome == .badSignature(position: 0))
    }

    @Test func nothing() throws {
        guard case .other = Certificate.verify(chain: [], roots: [try certificate(Self.root)], at: Self.now).outcome else {
            Issue.record("an empty chain has another outcome")
            return
        }
    }

    @Test func names() throws {
        let one = try certificate(.make(.server("DNS:api.example,DNS:*.wild.example,IP:10.0.0.1,IP:fd00::1"), by: Self.root))
        for name in ["api.example", "API.example", "x.wild.example", "10.0.0.1", "fd00::1", "[fd00::1]"] {
            #expect(one.matches(name: name), "\(name)")
        }
        for name in ["example", "x.y.wild.example", "wild.example", "10.0.0.2", "server", "", "fd00::2"] {
            #expect(!one.matches(name: name), "\(name)")
        }
    }
}
