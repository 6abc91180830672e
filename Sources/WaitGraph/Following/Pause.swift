/// How long programs sleep on purpose.
package enum Pause {
    /// No pause between two attempts or two pieces of an answer is as long as this.
    static let answer_s = 60.0
    /// A writer that sleeps this long is through with what it wrote.
    static let long_s = 900.0
    /// Daemons that pause longer between rounds do so from their main loop.
    package static let round_s = 3600.0
    /// The longest pause between two rounds that programs mean: once a day.
    package static let day_s = 86_400.0
    /// Nobody means to sleep this long between two rounds: milliseconds were taken for seconds, or a doubling ran away.
    package static let mistaken_s = 172_800.0
    /// And whoever means "for ever" asks for decades: INT_MAX seconds are 68 years.
    package static let forEver_s = 3e8
}
