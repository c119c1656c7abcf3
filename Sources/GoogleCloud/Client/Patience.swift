import HTTP

extension HTTPClient {
    /// Sends a request that may be repeated, once more where Google's side stumbled: its documentation asks for that. 429 and 503 are
    /// repeated by `send` itself. The request's deadline holds for everything together.
    func sendPatiently(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        let end = ContinuousClock.now + request.deadline
        let first = try await send(request)
        let pause = Duration.milliseconds(Int.random(in: 200...500))
        guard [500, 502, 504].contains(first.status), ContinuousClock.now + pause + .seconds(1) < end else { return first }
        do { try await Task.sleep(for: pause) } catch { throw .cancelled }
        var again = request
        again.deadline = ContinuousClock.now.duration(to: end)
        do throws(HTTPFailure) {
            return try await send(again)
        } catch {
            // What the server said tells more than that there was no time to ask it again.
            guard case .timedOut = error else { throw error }
            return first
        }
    }
}
