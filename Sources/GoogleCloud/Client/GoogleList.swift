/// One page of a list method's answer.
package protocol GooglePage: Decodable, Sendable {
    associatedtype Item: Sendable
    var items: [Item] { get }
    /// `nil` or empty on the last page.
    var nextPageToken: String? { get }
    /// Locations that Google could not ask: what is there is missing from the list.
    var unreachable: [String] { get }
}

extension GooglePage {
    /// For the methods that know of none.
    package var unreachable: [String] { [] }
}

/// What a list method gave, over all its pages.
package struct GoogleList<Item: Sendable>: Sendable {
    package var items: [Item]
    /// Locations that Google could not ask, without duplicates, in order.
    package var unreachable: [String]
    /// What ended the list before its last page; the items before it are kept.
    package var failure: GoogleFailure?

    package init(items: [Item] = [], unreachable: [String] = [], failure: GoogleFailure? = nil) {
        self.items = items
        self.unreachable = unreachable
        self.failure = failure
    }

    /// Only then does an absent item not exist.
    package var isComplete: Bool { failure == nil && unreachable.isEmpty }
}
