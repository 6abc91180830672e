import ProcessInspection
import Testing

@Suite struct RustNameTests {
    @Test(arguments: [
        ("_ZN4core3ptr13drop_in_place17h0123456789abcdefE", "core::ptr::drop_in_place"),
        ("_ZN56_$LT$std..thread..Thread$u20$as$u20$core..fmt..Debug$GT$3fmt17hb8cf56d2ed8ec421E", "<std::thread::Thread as core::fmt::Debug>::fmt"),
        ("_RNvC6_123foo3bar", "123foo::bar"),
        ("_RNvCskwGfYPst2Cb_7mycrate7example", "mycrate::example"),
        ("_RINvNtC3std3mem8align_ofjdE", "std::mem::align_of"),
        ("_RNCNvC3app4main0B3_", "app::main::{closure#0}"),
        ("_RNvXs_C3appNtB4_3JobNtNtC4core3fmt5Debug3fmt", "<app::Job as core::fmt::Debug>::fmt"),
        ("_RNvMC3appNtB2_3Job3run", "<app::Job>::run"),
        ("_RINvCsd2986VS0pFC_4rust7genericNtB2_3JobEB2_", "rust::generic"),
        ("_RINvMNtCsgEmfK2I1SDS_4core3stre18trim_start_matchesReECsgY6Mt91CT9J_14rustc_demangle", "<str>::trim_start_matches"),
    ])
    func `symbols of Rust`(symbol: String, name: String) { #expect(RustName.demangled(symbol) == name) }

    @Test(arguments: ["main", "_ZN2ns1fEi", "_ZN4core3ptr13drop_in_place17h0123456789abcdeE", "_R", "_RB_", "_RNvB_1a", "_RIB_IB_IB_", "_ZN99999999999999999999E"])
    func `others are left alone, and ones that refer to themselves end`(symbol: String) { #expect(RustName.demangled(symbol) == nil) }

    @Test func `any bytes end`() {
        var state: UInt64 = 42
        let letters = Array("CMXYNIBLKEFDRQTASpP_0123456789asu")
        for _ in 0..<2000 {
            var text = "_R"
            for _ in 0..<40 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text.append(letters[Int(state >> 33) % letters.count])
            }
            #expect((RustName.demangled(text)?.count ?? 0) < 100_000)
        }
    }
}
