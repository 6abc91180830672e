import ProcessInspection
import SwiftRuntimeInspection
import Testing

@Suite struct HeapRegionsTests {
    private let mappings = MemoryMapping.parse(
        """
        02008fff7000-10007fff8000 rw-p 00000000 00:00 0
        500000000000-500000010000 rw-p 00000000 00:00 0
        500000010000-500000020000 rw-p 00000000 00:00 0 [anon: heap]
        500000020000-500000030000 r--p 00000000 00:00 0
        500000030000-500000040000 rw-p 00000000 08:01 12 /usr/lib/libc.so.6
        500000040000-500000050000 rw-s 00000000 00:00 0
        """)

    @Test func heapIsWritablePrivateAndAnonymous() {
        #expect(HeapRegions(mappings: mappings, touched: nil).ranges == [0x5000_0000_0000..<0x5000_0002_0000])
    }

    @Test func everythingWritableLeavesOutReservations() {
        #expect(HeapRegions(everythingIn: mappings, touched: nil).ranges == [
            0x5000_0000_0000..<0x5000_0002_0000, 0x5000_0003_0000..<0x5000_0005_0000,
        ])
    }
}
