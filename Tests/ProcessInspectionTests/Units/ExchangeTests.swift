import Evidence
import ProcessInspection
import Testing

/// Who speaks first, by graphs of control: `r` is the read that a thread stands in, `s` a send, `h` what handles something.
@Suite struct ExchangeTests {
    private func exchange(_ functions: [(steps: String, next: [[Int]])]) -> CodeAhead.Exchange? {
        var order = ExchangeOrder()
        for function in functions {
            let steps = Array(function.steps)
            order.add(ControlFlow(successors: function.next), at: steps.firstIndex(of: "r") ?? 0) { row in
                switch steps[row] {
                case "s": .sends
                case "?": .maySend
                case "h": .handles
                default: .other
                }
            }
            if order.isOver { break }
        }
        return order.exchange
    }

    @Test func whoEntersItsLoopByTheReadAnswers() {
        // A greeting goes out before: loop { read; send }.
        #expect(exchange([("sr.s", [[1], [2], [3], [1]])]) == .answers)
        // The same with the loop entered at its condition, which lies behind its body.
        #expect(exchange([(".s.r", [[3], [2], [3], [1]])]) == .answers)
    }

    @Test func whoComesToTheReadByASendAsks() {
        #expect(exchange([("sr.", [[1], [2], [0]])]) == .asks)
        // Once, and put together in a loop of its own.
        #expect(exchange([("s.r.", [[1], [2], [1, 3], []])]) == .asks)
        // The read and the send are in functions that the loop calls one after the other.
        #expect(exchange([(".r", [[1], []]), ("sr", [[1], [0]])]) == .asks)
    }

    @Test func theOrderOfAFunctionIsThatOfTheLoopAroundItsCall() {
        // item() reads; work() sends behind it, and is called in a loop that does nothing else.
        #expect(exchange([("r", [[]]), ("rs", [[1], []]), ("r", [[0]])]) == .answers)
    }

    @Test func whoSubscribedAndHandlesWhatComesReceives() {
        #expect(exchange([("srh", [[1], [2], [1]])]) == .receives)
    }

    @Test func whatMaySendTellsNothing() {
        #expect(exchange([("?r", [[1], []])]) == nil)
        // Within the loop it may be what was sent first.
        #expect(exchange([("?rs", [[1], [2], [0]])]) == nil)
        #expect(exchange([("r", [[]])]) == nil)
    }

    @Test func theInnermostLoopThatSendsDecides() {
        // loop { connect; send hello; loop { read; send } }
        #expect(exchange([("s.rs", [[1], [2], [3, 0], [1]])]) == .answers)
        // loop { send; loop { read } }
        #expect(exchange([("s.r.", [[1], [2], [3], [1, 0]])]) == .asks)
    }

    @Test func codeThatIsNeverComeToIsNoEntry() {
        // Row 3 only fills the gap before the loop.
        #expect(exchange([("s.r.", [[2], [0], [2, 1], [2]])]) == .asks)
    }

    @Test func loopsAreFoundFromTheInnermostOut() {
        let flow = ControlFlow(successors: [[1], [2], [1, 3], [0, 4], []])
        #expect(flow.loops(around: 2) == [[1, 2], [0, 1, 2, 3]])
        #expect(flow.loops(around: 4) == [])
    }
}
