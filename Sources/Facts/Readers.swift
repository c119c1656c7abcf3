import Dispatch
package import GRDB
import Synchronization

/// Connections to a snapshot for work that is shared among threads.
package struct Readers {
    private let readers: [DatabaseQueue]

    /// Two: the work is memory-bound, and isthmus is a guest on the machine.
    package init(_ snapshot: Snapshot) throws { try self.init { try snapshot.reader() } }

    init(opening connection: () throws -> DatabaseQueue) throws { readers = [try connection(), try connection()] }

    /// Reads with one of them, on the calling thread.
    package func first<Result>(_ read: (Database) throws -> Result) throws -> Result { try readers[0].unsafeRead(read) }

    /// Does something to every one of them, on the calling thread.
    package func each(_ work: (Database) throws -> Void) throws {
        for reader in readers { try reader.unsafeRead(work) }
    }

    /// Does the work for each element, in their order as far as threads are free, and gives the results in that order.
    ///
    /// - Throws: the first error; no further element is begun then.
    package func share<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ work: @Sendable (Element, Database) throws -> Result
    ) throws -> [Result] {
        let results = Mutex([Result?](repeating: nil, count: elements.count))
        let next = Mutex(0)
        let broken = Mutex<(any Error)?>(nil)
        DispatchQueue.concurrentPerform(iterations: min(readers.count, elements.count)) { thread in
            do {
                try readers[thread].unsafeRead { db in
                    while let index = next.withLock({ $0 < elements.count ? ($0, $0 += 1).0 : nil }) {
                        let result = try work(elements[index], db)
                        results.withLock { $0[index] = result }
                    }
                }
            } catch {
                next.withLock { $0 = elements.count }
                broken.withLock { $0 = $0 ?? error }
            }
        }
        if let error = broken.withLock({ $0 }) { throw error }
        return results.withLock { $0.compactMap { $0 } }
    }
}
