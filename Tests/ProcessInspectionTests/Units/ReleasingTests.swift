import Testing

@testable import ProcessInspection

/// What is taken for a library's code, in which nothing of the program's is.
@Suite struct ReleasingTests {
    /// Optimized, a thread's own function is compiled into what it is begun by.
    @Test func whatAThreadIsBegunByIsTheProgramsOwn() {
        #expect(!Releasing.isOfRust("_ZN3std3sys9backtrace28__rust_begin_short_backtrace17h339e81a82b077882E"))
        #expect(Releasing.isOfRust("_ZN4core3ops8function6FnOnce40call_once$u7b$$u7b$vtable.shim$u7d$$u7d$17h8f71d535c36bf535E"))
    }

    /// A closure of the program's is compiled into what is handed it.
    @Test func whatIsHandedAClosureIsNoLeaf() {
        #expect(!Releasing.isLeafOfRust("_ZN4core6option15Option$LT$T$GT$3map17h0123456789abcdefE"))
        #expect(Releasing.isLeafOfRust("_ZN4core6option13unwrap_failed17h0123456789abcdefE"))
    }
}
