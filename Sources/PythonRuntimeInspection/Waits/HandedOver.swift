/// A caller in the middle of a call to which it gave an object that is waited for there.
struct HandedOver {
    private let frame: PythonFrame
    private let text: CodeRows
    /// The call's instruction, and the first of its arguments that are no more than variables and constants.
    private let call: Int
    private let first: Int

    /// Of a frame that stands in no plain call nothing is told.
    init(_ frame: PythonFrame, _ uses: CodeUses) {
        self.frame = frame
        text = CodeRows(frame.code, uses)
        let found = text.wait(at: frame.offset)?.row ?? 0
        call = text.rows.indices.contains(found) && uses.opcodes.calls.contains(text.rows[found].opcode) ? found : 0
        first = text.arguments(of: call)
    }

    /// Whether the object was made for this very call, or lies in a variable of which nothing else is done; nil where a parameter of this frame handed it on.
    func isMade(_ object: UInt64, _ makers: Set<String>) -> Bool? {
        guard call > 0 else { return false }
        let variables = frame.slots.prefix(frame.code.localNames.count).indices.filter { frame.slots[$0] == object }
        guard let variable = variables.first else { return text.rows[call].argument == 1 && text.makes(first - 1, makers) }
        guard variables.count == 1, text.isPlain(variable), text.rows.indices.allSatisfy({ !text.loads($0, variable) || (first..<call).contains($0) || text.onlyWaits(after: $0) }) else { return false }
        let stores = text.rows.indices.filter { text.stores($0, variable) }
        return stores.isEmpty ? nil : stores.allSatisfy { text.makes($0 - 1, makers) }
    }
}
