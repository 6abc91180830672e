/// All rules, in the order in which they are asked.
package enum RuleBook {
    package static let all: [any DiagnosisRule] = [
        ConnectionRule(), StreamRule(), FileLockRule(), LogicalLockRule(), PipeRule(), ThreadLockRule(), ParkRule(), ProcessRule(), SpinRule(),
        SwiftTaskRule(), EventLoopRule(), DescriptorLimitRule(),
        CancellationRule(), TimeoutOrderRule(), ProgressRule(), SwallowedFailureRule(), DeadlineRule(), StuckJobRule(), ProvenanceRule(),
        HealthRule(), TracingRule(), RetryRule(), PileUpRule(), PollerRule(), ServiceRule(),
    ]
}
