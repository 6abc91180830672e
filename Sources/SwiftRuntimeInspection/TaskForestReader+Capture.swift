internal import Evidence
package import ProcessInspection

extension TaskForestReader {
    /// The Swift tasks of a process that is being captured: for `CaptureOptions.taskForest`.
    package static let hook: TaskForestHook = { context in
        let forest = read(in: context)
        var tasks = InspectedTasks(tasks: forest.tasks, actors: forest.actors)
        tasks.currentTasks = forest.currentTasks
        tasks.stopped_ms = forest.stopped_ms
        return tasks
    }

    /// - Parameter searchesResumers: whether to look who could resume each continuation.
    package static func read(in context: TaskForestContext, searchesResumers: Bool = true) -> TaskForest {
        var reader = TaskForestReader(pid: context.target.pid, memory: context.target.memory, symbolizer: context.symbolizer)
        let executable = context.modules.modules.first
        reader = reader.findingStaticRuntime { name in
            guard let executable, let linked = executable.image.address(ofSymbol: name) else { return nil }
            return linked &+ executable.bias
        }
        if searchesResumers {
            let copies = context.copies
            let proc = context.target.proc
            let idle = Set(context.threads.elements.filter { $0.isIdlePoolThread }.map(\.tid))
            reader = reader.searchingResumers { ThreadStacks(copies: copies, idle: idle, proc: proc) }
        }
        return reader.read(deadline: context.deadline, standing: context.mayStop ? { context.whileStanding($0) } : nil)
    }
}

extension ThreadStacks {
    /// From copies taken while threads stood, and for the others from /proc/PID/task/TID/syscall.
    init(copies: [ThreadCopy], idle: Set<Int32>, proc: ProcDirectory) {
        let copied = Dictionary(copies.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        self.init(
            ((try? proc.threads()) ?? []).map { tid in
                if let copy = copied[tid], copy.known == ThreadCopy.allRegisters {
                    return Thread(tid: tid, stackPointer: copy.stackPointer, registers: copy.registers, isIdle: idle.contains(tid))
                }
                let syscall = try? proc.thread(tid).syscall()
                return Thread(tid: tid, stackPointer: syscall?.stackPointer, registers: nil, isIdle: idle.contains(tid))
            })
    }
}

extension ThreadRecord {
    /// A Dispatch worker that waits for work: nothing but Dispatch and the C library on its stack.
    fileprivate var isIdlePoolThread: Bool {
        guard case .complete(let frames) = stack, !frames.isEmpty, frames.count < 16 else { return false }
        let home = ["libdispatch.so", "libc.so", "libpthread.so", "[vdso]"]
        return frames.contains { $0.module?.contains("libdispatch.so") == true }
            && frames.allSatisfy { frame in
                guard let file = frame.module?.split(separator: "/").last else { return false }
                return home.contains { file.hasPrefix($0) }
            }
    }
}
