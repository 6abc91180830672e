extension TaskRecord {
    /// Of a continuation that nobody can resume, what was proved: ` that nothing in memory refers to`; nil when that was not proved.
    package var unreachability: String? {
        guard let wait, case .complete(let resumers)? = wait.resumers, resumers.isEmpty else { return nil }
        guard let through = wait.onlyThrough, let first = through.first else { return " that nothing in memory refers to" }
        let own = "task \(id)"
        guard through.allSatisfy({ $0 == own || $0.hasSuffix(", held by " + own) }) else { return " that only stuck tasks lead to (\(first))" }
        let object = first == own ? "" : " (through \(first.dropLast(own.count + ", held by ".count)))"
        return " that only the waiting task itself leads to" + object
    }
}
