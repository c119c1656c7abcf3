package import Foundation

/// The journal that an apply writes, and the run with which it goes on.
package struct JournalChoice: Sendable {
    /// `nil`: a new one, in its place.
    package let file: URL?
    /// What stands in it already.
    private let contents: JournalContents?

    /// A run that goes on with no other.
    package init() { (file, contents) = (nil, nil) }

    /// - Parameter named: the user's choice, whether it is there or not; else the newest run's, where that run can be resumed.
    /// - Throws: `JournalError` where that journal cannot be read: what it knows must not be lost.
    package init(_ place: JournalPlace, named: URL? = nil) throws(JournalError) {
        guard let file = named ?? place.journals.first, named == nil || FileManager.default.fileExists(atPath: file.path) else {
            (self.file, contents) = (named, nil)
            return
        }
        let contents = try JournalContents(file)
        let isChosen = named != nil || contents.ending == nil
        (self.file, self.contents) = isChosen ? (file, contents) : (nil, nil)
    }

    /// The run that has not ended; `nil` where there is none.
    package var unfinished: JournalContents? { contents?.ending == nil ? contents : nil }

    /// UIDs of what is done already, by act.
    package var made: [String: String] { contents?.made ?? [:] }
}
