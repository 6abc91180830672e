import Evidence
import WaitGraph

/// Stopped processes, device waits, children that stay.
struct ProcessRule: DiagnosisRule {
    let causes: [Cause] = [.stopped, .diskWait, .childNeverExits]

    func evaluate(_ evidence: DiagnosisCase, _ graph: WaitGraph) -> RuleOutcome {
        var found: [Candidate] = []
        for standstill in evidence.units.standstills {
            switch standstill.ending {
            case .stopped:
                let pid = UnitSurvey.process(of: standstill.end) ?? evidence.subjectPID
                let process = graph.index.process(pid)
                let tracer = process?.tracerPID.map { ", traced by pid \(MachineShift.ownID($0))\(process?.tracerName.map { " (\($0))" } ?? "")" } ?? ""
                found.append(.root(.stopped, standstill, graph, "pid \(MachineShift.ownID(pid)) (\(graph.index.name(of: pid))) is stopped (state \(process?.state ?? "T")\(tracer))"))
            case .disk:
                let who = NodeText.short(standstill.path.last?.from ?? standstill.end, graph.index)
                found.append(.root(.diskWait, standstill, graph, "\(who) waits for a device or file system that does not answer: \(standstill.path.last?.knownFrom ?? "uninterruptible sleep")"))
            case .childStays(let why):
                found.append(.root(.childNeverExits, standstill, graph, "\(NodeText.short(standstill.end, graph.index)) is waited for and does not exit: \(why)"))
            default: break
            }
        }
        return found.isEmpty ? .unknown(nil) : .supported(found)
    }
}
