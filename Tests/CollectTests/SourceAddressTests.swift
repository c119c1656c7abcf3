import Testing

@testable import Collect

@Suite struct SourceAddressTests {
    @Test(arguments: [
        ("10.10.0.0/16", "10.10.2.1", true), ("10.10.0.0/16", "10.11.0.1", false), ("0.0.0.0/0", "203.0.113.9", true),
        ("192.0.2.128/25", "192.0.2.127", false), ("192.0.2.1/32", "192.0.2.1", true), ("fd00::/8", "fd12::1", true),
        ("fd00::/8", "fe80::1", false), ("0.0.0.0/0", "fd12::1", false),
    ])
    func ranges(range: String, address: String, isIn: Bool) throws {
        let bytes = try #require(AddressRange.bytes(address))
        #expect(try #require(AddressRange(range)).contains(bytes) == isIn)
    }

    @Test(arguments: ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "name/8", "::/129", "10.0.0.0/8/8"])
    func noRange(text: String) { #expect(AddressRange(text) == nil) }

    /// The routing table says from where this machine would connect: to itself, from itself.
    @Test func ownAddress() {
        #expect(SourceAddress.isAdmitted(by: ["127.0.0.0/8"], towards: "127.0.0.1", port: 15443) == true)
        #expect(SourceAddress.isAdmitted(by: ["10.0.0.0/8"], towards: "127.0.0.1", port: 15443) == false)
        #expect(SourceAddress.isAdmitted(by: [], towards: "gateway.example.com", port: 15443) == true)
        #expect(SourceAddress.isAdmitted(by: ["10.0.0.0/8"], towards: "gateway.example.com", port: 15443) == nil)
        #expect(SourceAddress.isAdmitted(by: ["nonsense"], towards: "127.0.0.1", port: 15443) == nil)
    }
}
