package import Kubernetes

/// One line of a journal: its number, its time, and what happened.
package struct JournalLine: Sendable, Codable {
    /// From 1, without a gap, so that a line that is missing is noticed.
    package var n: Int
    /// UTC, RFC 3339; for people.
    package var at: String
    package var record: JournalRecord
}

/// What a journal says happened.
package enum JournalRecord: Sendable, Codable {
    case begin(JournalBeginning)
    /// The process that wrote so far is dead or has ended; another one goes on.
    case resume(place: String, clusters: [JournalBeginning.Cluster])
    /// An act is about to be done. On the disk before the first request of it.
    case intent(JournalIntent)
    /// The act of that line was done, and this is what the object is now.
    case done(line: Int, after: ObjectState)
    /// The act of that line was not done: the server refused it, or nothing of it was found after a crash.
    case notDone(line: Int, reason: String)
    /// The act of that line was taken back, or what it made had gone.
    case undone(line: Int, how: String)
    /// Nothing is left to do. A journal without an end belongs to a run that can be resumed.
    case end(JournalEnding)
}

/// How a run ended.
package enum JournalEnding: String, Sendable, Codable {
    case complete, undone
}

/// A journal's first line.
package struct JournalBeginning: Sendable, Codable {
    package var format: Int
    package var run: String
    package var isthmus: String
    /// The mesh's id.
    package var mesh: String
    /// Machine and process.
    package var place: String
    package var clusters: [Cluster]

    package struct Cluster: Sendable, Codable, Hashable {
        package var name: String
        /// UID of kube-system: what the cluster is, whatever its name and address.
        package var uid: String
        package var server: String

        package init(name: String, uid: String, server: String) {
            self.name = name
            self.uid = uid
            self.server = server
        }

        package init(_ plan: ClusterPlan) { self.init(name: plan.name, uid: plan.uid, server: plan.server) }
    }

    package static let currentFormat = 1

    package init(run: String, isthmus: String, mesh: String, place: String, clusters: [Cluster]) {
        format = Self.currentFormat
        self.run = run
        self.isthmus = isthmus
        self.mesh = mesh
        self.place = place
        self.clusters = clusters
    }
}

/// What is about to be done to one object.
package struct JournalIntent: Sendable, Codable {
    package enum Verb: String, Sendable, Codable {
        case create, change
    }
    /// Id of the plan's act.
    package var act: String
    package var object: ObjectReference
    package var verb: Verb
    /// `isthmus`, or the program that isthmus runs for it.
    package var by: String
    /// The object before; `nil` where it did not exist.
    package var before: ObjectState?
    /// What is applied. A Secret's data is never in it.
    package var desired: JSONValue
    /// Name of the Secret, beside the object, in which the cluster itself keeps what a Secret held before; `""` where there is none.
    package var copy: String

    package init(
        act: String, object: ObjectReference, verb: Verb, by: String = "isthmus", before: ObjectState?, desired: JSONValue,
        copy: String = ""
    ) {
        self.act = act
        self.object = object
        self.verb = verb
        self.by = by
        self.before = before
        self.desired = desired
        self.copy = copy
    }
}
