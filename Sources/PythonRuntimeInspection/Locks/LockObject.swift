/// A `threading.Lock` or `threading.RLock` (Modules/_threadmodule.c: lockobject, rlockobject).
struct LockObject {
    let address: UInt64
    /// Where a waiter's futex lies: both are semaphores of glibc, whose value stands first.
    let futex: UInt64
    /// pthread_self() of the holder; nil for a plain lock, which has none, and for a free one.
    let owner: UInt64?
    let isReentrant: Bool
    let isLocked: Bool

    /// nil for what is no lock.
    init?(_ address: UInt64, _ objects: PythonObjects) {
        guard let type = objects.type(of: address), let futex = objects.word(address &+ 16), PythonObjects.isPlausible(futex) else { return nil }
        self.address = address
        self.futex = futex
        switch type.fullName {
        case "_thread.lock":
            isReentrant = false
            owner = nil
            isLocked = objects.byte(address &+ 32) != 0
        case "_thread.RLock":
            isReentrant = true
            let ident = objects.word(address &+ 24) ?? 0
            isLocked = ident != 0
            owner = ident == 0 ? nil : ident
        default: return nil
        }
    }

    var typeName: String { isReentrant ? "threading.RLock" : "threading.Lock" }
}
