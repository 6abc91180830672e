/// The programs a run starts.
package struct Tools: Sendable, Hashable {
    /// Path of hangscope itself: supervisor, injectors and captures are started from it.
    package var hangscope: String
    /// Path of the reference job system.
    package var jobSystem: String

    package init(hangscope: String, jobSystem: String) {
        self.hangscope = hangscope
        self.jobSystem = jobSystem
    }
}
