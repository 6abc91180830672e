internal import Logging
internal import Tracing

/// What the analysis of a script found.
struct Analysis: Sendable {
    var summary: String
    /// The model that was called; several are listed where chunks were answered by different ones.
    var model: String
    var provider: String
}

/// Analyses a script chunk by chunk, each with one call of the LLM.
struct Analyzer: Sendable {
    var llm: LLMClient
    var observability: Observability

    /// `onWork` is called whenever the work advances.
    func analyze(_ script: Script, model: String?, onWork: @escaping @Sendable () -> Void) async throws -> Analysis {
        let total = script.chunks.count
        var attributes = SpanAttributes()
        attributes["chunk.total"] = total
        return try await observability.span("analysis", attributes) {
            observability.emit(.analysisStarted, ["chunk.total": .stringConvertible(total)])
            do {
                var completions: [LLMCompletion] = []
                for (offset, chunk) in script.chunks.enumerated() {
                    try Task.checkCancellation()
                    let prompt = LLMPrompt(text: chunk, chunkIndex: offset + 1, model: model)
                    completions.append(try await analyze(prompt, total, onWork))
                }
                let tokens = completions.reduce(0) { $0 + $1.tokens }
                observability.emit(
                    .analysisFinished,
                    ["chunk.total": .stringConvertible(total), "tokens": .stringConvertible(tokens)])
                return try Self.combine(completions)
            } catch is CancellationError {
                observability.emit(.analysisCancelled, level: .warning)
                throw CancellationError()
            } catch {
                observability.emit(.analysisFailed, level: .error, error: error)
                throw error
            }
        }
    }

    private func analyze(
        _ prompt: LLMPrompt, _ total: Int, _ onWork: @escaping @Sendable () -> Void
    ) async throws -> LLMCompletion {
        var attributes = SpanAttributes()
        attributes["chunk.index"] = prompt.chunkIndex
        attributes["chunk.total"] = total
        return try await observability.span("chunk", attributes) {
            let about: Logger.Metadata = [
                "chunk.index": .stringConvertible(prompt.chunkIndex), "chunk.total": .stringConvertible(total),
            ]
            observability.emit(.chunkStarted, about)
            let completion = try await llm.complete(prompt, onWork: onWork)
            observability.emit(
                .chunkFinished, about.merging(["tokens": .stringConvertible(completion.tokens)]) { own, _ in own })
            return completion
        }
    }

    private static func combine(_ completions: [LLMCompletion]) throws -> Analysis {
        let text = completions.map(\.text).joined(separator: "\n\n")
        guard !text.allSatisfy(\.isWhitespace) else { throw LLMError(.malformed, "the answers are empty") }
        return Analysis(
            summary: text, model: distinct(completions.map(\.model)), provider: distinct(completions.map(\.provider)))
    }

    private static func distinct(_ names: [String]) -> String {
        var seen: [String] = []
        for name in names where !seen.contains(name) { seen.append(name) }
        return seen.joined(separator: ", ")
    }
}
