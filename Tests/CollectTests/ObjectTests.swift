import Testing

@testable import Collect

@Suite struct ObjectTests {
    @Test(arguments: [
        ("2026-01-02T03:04:05Z", 1_767_323_045), ("2026-01-02T03:04:05.999999Z", 1_767_323_045),
        ("2026-01-02T04:04:05+01:00", 1_767_323_045), ("1970-01-01T00:00:00Z", 0),
    ])
    func time(text: String, seconds: Int) {
        #expect(Timestamp(text)?.seconds == seconds)
    }

    @Test(arguments: ["", "yesterday", "2026-01-02", "1767323045", "2026-13-02T03:04:05Z"])
    func noTime(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func anObjectWithoutANameIsNone() {
        #expect(throws: DecodingError.self) { try decoded(Service.self, #"{"metadata":{},"spec":{}}"#) }
        #expect(throws: DecodingError.self) { try decoded(Service.self, #"{}"#) }
        #expect(throws: DecodingError.self) {
            try decoded(Service.self, #"{"metadata":{"name":"a"},"spec":{"ports":[{"port":"http"}]}}"#)
        }
    }

    @Test(arguments: [
        (#"{}"#, true), (#"{"matchLabels":{"a":"1"}}"#, true), (#"{"matchLabels":{"a":"2"}}"#, false),
        (#"{"matchLabels":{"a":"1","b":"1"}}"#, false),
        (#"{"matchExpressions":[{"key":"a","operator":"In","values":["0","1"]}]}"#, true),
        (#"{"matchExpressions":[{"key":"b","operator":"In","values":["1"]}]}"#, false),
        (#"{"matchExpressions":[{"key":"a","operator":"NotIn","values":["1"]}]}"#, false),
        (#"{"matchExpressions":[{"key":"b","operator":"NotIn","values":["1"]}]}"#, true),
        (#"{"matchExpressions":[{"key":"a","operator":"Exists"}]}"#, true),
        (#"{"matchExpressions":[{"key":"a","operator":"DoesNotExist"}]}"#, false),
        (#"{"matchExpressions":[{"key":"a","operator":"Near"}]}"#, false),
    ])
    func selector(json: String, matches: Bool) throws {
        #expect(try decoded(LabelSelector.self, json).matches(["a": "1"]) == matches)
    }

    /// What a namespace needs for a selector to match it.
    @Test(
        arguments: [
            (#"{}"#, [:]),
            (#"{"matchLabels":{"a":"1"}}"#, [:]),
            (#"{"matchLabels":{"b":"2","c":"3"}}"#, ["b": "2", "c": "3"]),
            (#"{"matchLabels":{"a":"2"}}"#, nil),
            (#"{"matchLabels":{"b":"2"},"matchExpressions":[{"key":"b","operator":"In","values":["2","3"]}]}"#, ["b": "2"]),
            (#"{"matchExpressions":[{"key":"b","operator":"In","values":["0","1"]}]}"#, ["b": "0"]),
            (#"{"matchExpressions":[{"key":"b","operator":"Exists"}]}"#, ["b": ""]),
            (#"{"matchExpressions":[{"key":"b","operator":"NotIn","values":["1"]}]}"#, [:]),
            (#"{"matchExpressions":[{"key":"a","operator":"NotIn","values":["1"]}]}"#, nil),
            (#"{"matchExpressions":[{"key":"a","operator":"DoesNotExist"}]}"#, nil),
            (#"{"matchExpressions":[{"key":"b","operator":"In","values":[]}]}"#, nil),
        ] as [(String, [String: String]?)]) func labelsThatASelectorWants(json: String, wanted: [String: String]?) throws
    {
        #expect(try decoded(LabelSelector.self, json).labels(besides: ["a": "1"]) == wanted)
    }

    @Test func selectorsPickAsKubernetesDoes() throws {
        let service = try decoded(
            Service.self, #"{"metadata":{"name":"s","namespace":"n"},"spec":{"selector":{"app":"x"}}}"#)
        #expect(service.selects(["app": "x", "v": "1"]))
        #expect(!service.selects(["v": "1"]))
        let without = try decoded(Service.self, #"{"metadata":{"name":"s","namespace":"n"},"spec":{}}"#)
        #expect(!without.selects(["app": "x"]))
    }

    @Test func textsAreCappedWithinACharacter() {
        #expect("short".capped == "short")
        let long = String(repeating: "é", count: 3000).capped
        #expect(long.utf8.count <= 2048)
        #expect(long.hasSuffix("é …"))
    }

    @Test(
        arguments: [
            ("gcr.io/gke-release/asm/pilot:1.24.6-asm.9", 1024), ("istio/pilot:1.9", 1009),
            ("r:5000/pilot:v1.30.5@sha256:aa", 1030),
            ("pilot:latest", nil), ("pilot", nil), ("r:5000/pilot", nil), ("pilot@sha256:1.2", nil), ("pilot:1.24rc", 1024),
            ("", nil),
        ] as [(String, Int?)])
    func imageTag(image: String, version: Int?) {
        #expect(imageVersion(image) == version)
    }
}
