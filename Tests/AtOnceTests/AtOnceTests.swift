import AtOnce
import Synchronization
import Testing

@Suite struct AtOnceTests {
    @Test func resultsHaveTheOrderOfTheElements() async {
        // The later ones end first.
        let done = AsyncStream.makeStream(of: Int.self)
        let results = await [2, 1, 0].atOnce { number in
            if number > 0 { for await ended in done.stream where ended == 0 { break } }
            done.continuation.yield(number)
            if number == 0 { done.continuation.finish() }
            return number * 10
        }
        #expect(results == [20, 10, 0])
        #expect(await [Int]().atOnce { $0 }.isEmpty)
    }

    @Test(arguments: [1, 3, 50]) func neverMoreThanTheLimit(limit: Int) async {
        let running = Mutex((now: 0, most: 0))
        let results = await (0..<40).atOnce(limit: limit) { number in
            running.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            for _ in 0..<20 { await Task.yield() }
            running.withLock { $0.now -= 1 }
            return number
        }
        #expect(results == Array(0..<40))
        #expect(running.withLock { $0.most } <= limit)
    }
}
