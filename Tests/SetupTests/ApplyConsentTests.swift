import Judge
import Testing

@testable import Setup

/// When there is nothing to do, and what a person must have accepted before something is done.
@Suite struct ApplyConsentTests {
    /// A plan in which every object is as wanted and everything was seen, and then something else.
    private func plan(_ change: (inout SetupPlan) -> Void = { _ in }) -> SetupPlan {
        PlanFileTests.plan { plan in
            plan.clusters[0].acts[0].verb = .leave
            change(&plan)
        }
    }

    private static let unseen = Finding(.unknown, cluster: "a", "its API groups were not read")
    private static let unproved = Finding(.unknown, "whether the clusters' pods reach each other is not proved")

    private static func gate(_ status: Status, later: Bool = false) -> Gate {
        Gate(step: .discovery, check: "c", subject: "a", status: status, message: "m", later: later)
    }

    // MARK: Nothing to do

    @Test func nothingIsToBeDoneWhereAllIsAsWanted() {
        #expect(plan().isDone)
        // What is open of the whole mesh is proved by verify, also that a check of it was not examined.
        #expect(plan { $0.findings.append(Self.unproved) }.isDone)
        #expect(plan { $0.clusters[0].gates.append(Self.gate(.notExamined)) }.isDone)
        #expect(plan { $0.findings.append(Finding(.warning, cluster: "a", "a stale secret")) }.isDone)
    }

    /// What was not seen may be what is left to do.
    @Test func nothingToDoIsNotSaidOfWhatWasNotSeen() {
        #expect(!plan { $0.findings.append(Self.unseen) }.isDone)
        #expect(!plan { $0.clusters[0].uid = "" }.isDone)
        #expect(!plan { $0.clusters = [] }.isDone)
        #expect(!plan { $0.clusters[0].acts[0].verb = .unknown }.isDone)
    }

    @Test(arguments: [Verb.create, .change, .conflict, .refused])
    func somethingIsLeft(verb: Verb) { #expect(!plan { $0.clusters[0].acts[0].verb = verb }.isDone) }

    @Test func whatSpeaksAgainstThePlanIsSaidInstead() {
        #expect(!plan { $0.findings.append(Finding(.error, cluster: "a", "a second gateway")) }.isDone)
        #expect(!plan { $0.clusters[0].gates.append(Self.gate(.fail)) }.isDone)
    }

    /// The remote secrets that asmcli makes stand in no plan.
    @Test func asmcliIsAskedAgain() { #expect(!plan { $0.options.discovery = .asmcli }.isDone) }

    // MARK: What may stay unknown

    private static let anything = ApplyConsent(isDespiteUnknown: true, isWithoutProbes: false)
    private static let noProbes = ApplyConsent(isDespiteUnknown: false, isWithoutProbes: true)
    private static let nothing = ApplyConsent(isDespiteUnknown: false, isWithoutProbes: false)

    @Test func whatIsKnownToBeWrongIsNeverCovered() {
        for consent in [Self.anything, Self.noProbes, Self.nothing] {
            for status in [Status.fail, .error] { #expect(!consent.covers(Self.gate(status))) }
        }
    }

    @Test func withoutProbesOnlyWhatWasNotExaminedIsCovered() {
        for status in [Status.unknown, .blocked] {
            #expect(Self.anything.covers(Self.gate(status)) && !Self.noProbes.covers(Self.gate(status)))
        }
        #expect(Self.noProbes.covers(Self.gate(.notExamined)) && !Self.nothing.covers(Self.gate(.notExamined)))
    }

    private func missing(_ consent: ApplyConsent, _ change: (inout SetupPlan) -> Void) -> Bool {
        consent.isMissing(for: plan(change))
    }

    @Test func aPlanOfWhichAllIsKnownNeedsNoConsent() {
        #expect(!missing(Self.nothing) { _ in })
        #expect(!missing(Self.nothing) { $0.clusters[0].gates.append(Self.gate(.unknown, later: true)) })
    }

    @Test func whatWasNotSeenNeedsConsent() {
        let changes: [(inout SetupPlan) -> Void] = [
            { $0.clusters = [] }, { $0.clusters[0].uid = "" }, { $0.clusters[0].acts[0].verb = .unknown },
            { $0.clusters[0].permissions[0].allowed = nil }, { $0.clusters[0].gates.append(Self.gate(.unknown)) },
            { $0.findings.append(Self.unseen) },
        ]
        for (index, change) in changes.enumerated() {
            #expect(missing(Self.nothing, change), "\(index)")
            #expect(missing(Self.noProbes, change), "\(index)")
            #expect(!missing(Self.anything, change), "\(index)")
        }
    }

    @Test func whoLooksWithoutProbesHasAcceptedWhatOnlyTheyTell() {
        let change: (inout SetupPlan) -> Void = {
            $0.findings.append(Self.unproved)
            $0.clusters[0].gates.append(Self.gate(.notExamined))
        }
        #expect(missing(Self.nothing, change))
        #expect(!missing(Self.noProbes, change))
    }
}
