internal import CLinux
internal import Evidence
internal import Glibc

/// Waits on System V semaphores and message queues, and on POSIX message queues.
enum MessageDecoder {
    static func wait(_ number: Int, _ context: WaitContext) -> ThreadWait? {
        switch number {
        case 65, 220: semaphore(context, isTimed: number == 220)
        case 69, 70: queue(context, sends: number == 69)
        case 242, 243: posixQueue(context, sends: number == 242)
        default: nil
        }
    }

    private static func semaphore(_ context: WaitContext, isTimed: Bool) -> ThreadWait {
        let set = context.descriptor(0)
        var wait = ThreadWait(kind: .ipc, detail: "System V semaphore set \(set)")
        if isTimed { wait.timeout_s = WaitDecoder.timespec(context, at: context.argument(3)) }
        // struct sembuf {unsigned short number; short operation, flags}: semop(2). The first stands for all.
        if sharesNamespace(context), let number = try? context.memory.load(UInt16.self, at: context.argument(1)) {
            setLastUser(&wait, hs_semaphore_last(set, Int32(number)))
        }
        return wait
    }

    private static func queue(_ context: WaitContext, sends: Bool) -> ThreadWait {
        let queue = context.descriptor(0)
        var wait = ThreadWait(kind: .ipc, detail: "System V message queue \(queue), \(sends ? "full" : "empty")")
        var sender: Int32 = 0
        var receiver: Int32 = 0
        if sharesNamespace(context), hs_queue_last(queue, &sender, &receiver) == 0, sends || sender == context.pid, receiver != context.pid {
            setLastUser(&wait, receiver)
        }
        return wait
    }

    private static func posixQueue(_ context: WaitContext, sends: Bool) -> ThreadWait {
        // An unlinked queue goes on under its name.
        let target = (try? context.proc.descriptorTarget(context.descriptor(0))) ?? ""
        let name = target.isEmpty ? "" : " " + (target.hasSuffix(" (deleted)") ? String(target.dropLast(10)) : target)
        var wait = ThreadWait(kind: .ipc, detail: "POSIX message queue\(name), \(sends ? "full" : "empty")")
        wait.descriptors = [DescriptorInterest(fd: context.descriptor(0), operation: sends ? .write : .read)]
        return wait
    }

    private static func setLastUser(_ wait: inout ThreadWait, _ pid: Int32) {
        guard pid > 0 else { return }
        wait.lastUserPID = pid
        let state = try? ProcDirectory(pid: pid).stat().state
        wait.lastUserAlive = state != nil && state != "Z" && state != "X"
    }

    /// Identifiers and process ids mean something only in the namespaces that this process is in.
    private static func sharesNamespace(_ context: WaitContext) -> Bool {
        let own = ProcDirectory(pid: getpid())
        return ["ipc", "pid"].allSatisfy { name in
            guard let one = try? own.namespace(name), let other = try? context.proc.namespace(name) else { return false }
            return one == other
        }
    }
}
