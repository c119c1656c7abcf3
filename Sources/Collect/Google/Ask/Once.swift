/// Answers each question once, however many ask it and whenever they do.
actor Once<Question: Hashable & Sendable, Value: Sendable> {
    private var tasks: [Question: Task<Value, Never>] = [:]

    /// The answer, which is asked for now where nobody has yet. Whoever waits and is cancelled cancels the question, since a
    /// collection is cancelled as a whole.
    func value(_ question: Question, _ ask: @escaping @Sendable () async -> Value) async -> Value {
        let task = tasks[question] ?? Task { await ask() }
        tasks[question] = task
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }
}

/// A value that is told once, to whoever waits for it. What is told later is not heard.
actor Told<Value: Sendable> {
    private var told: Value?
    private var waiting: [CheckedContinuation<Value, Never>] = []

    func tell(_ value: Value) {
        guard told == nil else { return }
        told = value
        for continuation in waiting { continuation.resume(returning: value) }
        waiting = []
    }

    /// Waits also where the task is cancelled: whoever tells is cancelled as well, and tells all the same.
    var value: Value {
        get async {
            if let told { return told }
            return await withCheckedContinuation { waiting.append($0) }
        }
    }
}
