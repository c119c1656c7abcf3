extension Collection where Self: Sendable, Element: Sendable, Index: Sendable {
    /// What the work makes of each element, in the order of the elements: all of them at the same time.
    ///
    /// - Parameter limit: not more than so many at the same time, where descriptors or memory could run out.
    package func atOnce<Result: Sendable>(
        limit: Int = .max, _ work: @escaping @Sendable (Element) async -> Result
    ) async -> [Result] {
        await withTaskGroup(of: (Int, Result).self) { group in
            var waiting = enumerated().makeIterator()
            func begin() {
                guard let (index, element) = waiting.next() else { return }
                group.addTask { (index, await work(element)) }
            }
            for _ in 0..<Swift.min(count, limit) { begin() }
            var results = [Result?](repeating: nil, count: count)
            for await (index, result) in group {
                results[index] = result
                begin()
            }
            return results.compactMap(\.self)
        }
    }
}
