import Diagnosis

/// The timeline as inline SVG: positions along the axis in percent, so that it fits any width while text keeps its size.
struct TimelineFigure {
    private let timeline: Timeline
    private let report: Report
    private var svg = HTML.empty
    private var y = 0.0

    private enum Height {
        static let title = 24.0, progress = 58.0, work = 20.0, bar = 15.0, marker = 26.0, between = 30.0, axis = 34.0
    }

    init(_ timeline: Timeline, _ report: Report) {
        self.timeline = timeline
        self.report = report
    }

    mutating func html() -> HTML {
        var partings: [(x: Double, top: Double, bottom: Double)] = []
        for (index, lane) in timeline.lanes.enumerated() {
            if index > 0 { y += Height.between }
            let top = y + Height.title
            draw(lane)
            if let at = lane.parting { partings.append((x(at), top, y)) }
        }
        drawAxis()
        return """
            <figure class="timeline"><svg role="img" aria-label="\(label)" width="100%" height="\(coordinate: y)">\
            <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
            <rect width="6" height="6" class="hatch-back"/><rect width="2" height="6" class="hatch-line"/></pattern></defs>\
            \(Self.partings(partings))\(svg)</svg>\(legend)</figure>
            """
    }

    private func x(_ seconds: Double) -> Double { seconds / timeline.end * 100 }

    private var label: String {
        timeline.lanes.map { lane in
            "\(lane.name): \(Wording.verdict(lane.verdict)), \(Units.count(lane.workCount, "work event"))"
                + (lane.lastWork.map { ", the last at \(Units.duration($0))" } ?? "")
        }.joined(separator: ". ")
    }

    private mutating func draw(_ lane: Timeline.Lane) {
        let role = lane.name == report.primary?.variant ? "hanging" : "working"
        svg += "<g class=\"lane \(HTML(stringLiteral: role))\"><text class=\"name\" x=\"0\" y=\"\(coordinate: y + 15)\">\(lane.name)</text>"
        svg += "<text class=\"note\" x=\"100%\" y=\"\(coordinate: y + 15)\" text-anchor=\"end\">\(Wording.verdict(lane.verdict).lowercased())</text>"
        y += Height.title
        drawStandstill(lane)
        if !lane.progress.isEmpty { drawProgress(lane) }
        drawWork(lane)
        for bar in lane.bars { draw(bar, in: lane) }
        y += Double(lane.rows) * Height.bar + 4
        drawMarkers(lane)
        svg += "</g>"
    }

    /// The stretch after the last work event, which is what a hang looks like.
    private mutating func drawStandstill(_ lane: Timeline.Lane) {
        guard lane.verdict == .hang, let last = lane.lastWork, lane.end - last > timeline.end * 0.02 else { return }
        let height = (lane.progress.isEmpty ? 0 : Height.progress) + Height.work
        svg += "<rect class=\"standstill\" x=\"\(percent: x(last))\" y=\"\(coordinate: y)\" width=\"\(percent: x(lane.end) - x(last))\" height=\"\(coordinate: height)\"/>"
        guard x(lane.end) - x(last) > 30 else { return }
        svg += "<text class=\"standstill-text\" x=\"\(percent: (x(lane.end) + x(last)) / 2)\" y=\"\(coordinate: y + height - 6)\" text-anchor=\"middle\">no work for \(Units.duration(lane.end - last))</text>"
    }

    private mutating func drawProgress(_ lane: Timeline.Lane) {
        let height = Height.progress
        svg += "<line class=\"rule\" x1=\"0\" x2=\"100%\" y1=\"\(coordinate: y + height)\" y2=\"\(coordinate: y + height)\"/>"
        var path = ""
        for (index, point) in lane.progress.enumerated() {
            let px = Units.fixed(x(point.at) * 10, 1), py = Units.fixed(100 - point.value, 1)
            path += index == 0 ? "M\(px) \(py)" : "H\(px)V\(py)"
        }
        path += "H\(Units.fixed(x(lane.end) * 10, 1))"
        svg += "<svg x=\"0\" y=\"\(coordinate: y + 4)\" width=\"100%\" height=\"\(coordinate: height - 4)\" viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\"><path class=\"progress\" d=\"\(path)\"/></svg>"
        if let last = lane.progress.last {
            let isInside = x(lane.end) > 75
            let side: HTML = isInside ? "end" : "start"
            svg += "<text class=\"note\" x=\"\(percent: x(lane.end))\" dx=\"\(isInside ? 0 : 6)\" y=\"\(coordinate: y + 4 + (height - 4) * (100 - last.value) / 100 + (!isInside ? 5 : last.value > 70 ? 15 : -5))\" text-anchor=\"\(side)\">displays \(Units.plain(last.value)) %</text>"
        }
        y += height
    }

    private mutating func drawWork(_ lane: Timeline.Lane) {
        svg += "<line class=\"rule\" x1=\"0\" x2=\"\(percent: x(lane.end))\" y1=\"\(coordinate: y + Height.work)\" y2=\"\(coordinate: y + Height.work)\"/>"
        for tick in lane.work {
            let height = tick.count > 1 ? 14.0 : 10.0
            svg += "<line class=\"work\" x1=\"\(percent: x(tick.at))\" x2=\"\(percent: x(tick.at))\" y1=\"\(coordinate: y + Height.work - height)\" y2=\"\(coordinate: y + Height.work)\"/>"
        }
        y += Height.work + 6
    }

    private mutating func draw(_ bar: Timeline.Bar, in lane: Timeline.Lane) {
        let top = y + Double(bar.row) * Height.bar
        let width = x(bar.end) - x(bar.start)
        let title = "\(bar.name), \(Units.duration(bar.start)) to \(bar.isOpen ? "the end: never ended" : Units.duration(bar.end))"
        svg += "<g><title>\(title)</title><rect class=\"span\(bar.isOpen ? " open" : "")\" x=\"\(percent: x(bar.start))\" y=\"\(coordinate: top)\" width=\"\(percent: max(width, 0.3))\" height=\"12\" rx=\"2\"/>"
        // 1.9 % of the axis is a character's width on the narrowest screen.
        if Double(bar.name.count) * 1.9 < width {
            svg += "<text class=\"span-name\" x=\"\(percent: x(bar.start))\" dx=\"4\" y=\"\(coordinate: top + 9.5)\">\(bar.name)</text>"
        }
        svg += "</g>"
    }

    /// Markers too close to tell apart share one sign that bears all their numbers.
    private mutating func drawMarkers(_ lane: Timeline.Lane) {
        var groups: [(at: Double, kinds: Set<Timeline.Marker.Kind>, first: Int, last: Int)] = []
        for (index, marker) in lane.markers.enumerated() {
            if let last = groups.last, x(marker.at) - x(last.at) < 6 {
                groups[groups.count - 1].last = index + 1
                groups[groups.count - 1].kinds.insert(marker.kind)
            } else {
                groups.append((marker.at, [marker.kind], index + 1, index + 1))
            }
        }
        for group in groups {
            let kind = group.kinds.contains(.alarm) ? "alarm" : group.kinds.contains(.snapshot) ? "snapshot" : "fault"
            let text = group.first == group.last ? "\(group.first)" : "\(group.first)–\(group.last)"
            let width = 12.0 + 7 * Double(text.count)
            // Kept inside the figure at either end.
            let shift = x(group.at) < 4 ? 0 : x(group.at) > 96 ? -width : -width / 2
            svg += "<line class=\"marker \(HTML(stringLiteral: kind))\" x1=\"\(percent: x(group.at))\" x2=\"\(percent: x(group.at))\" y1=\"\(coordinate: y - 2)\" y2=\"\(coordinate: y + 5)\"/>"
            svg += "<svg x=\"\(percent: x(group.at))\" y=\"\(coordinate: y + 5)\" overflow=\"visible\"><rect class=\"marker \(HTML(stringLiteral: kind))\" x=\"\(coordinate: shift)\" width=\"\(coordinate: width)\" height=\"16\" rx=\"8\"/><text class=\"marker-text\" x=\"\(coordinate: shift + width / 2)\" y=\"12\" text-anchor=\"middle\">\(text)</text></svg>"
        }
        if !groups.isEmpty { y += Height.marker }
    }

    /// Drawn beneath everything else: one line through each lane, joined between them.
    private static func partings(_ partings: [(x: Double, top: Double, bottom: Double)]) -> HTML {
        var svg = HTML.empty
        for parting in partings {
            svg += "<line class=\"parting\" x1=\"\(percent: parting.x)\" x2=\"\(percent: parting.x)\" y1=\"\(coordinate: parting.top)\" y2=\"\(coordinate: parting.bottom)\"/>"
        }
        guard partings.count > 1 else { return svg }
        let first = partings[0]
        svg += "<line class=\"parting\" x1=\"\(percent: first.x)\" x2=\"\(percent: partings[1].x)\" y1=\"\(coordinate: first.bottom)\" y2=\"\(coordinate: partings[1].top)\"/>"
        let isLeft = first.x < 60
        return svg + "<text class=\"parting-text\" x=\"\(percent: first.x)\" dx=\"\(isLeft ? 7 : -7)\" y=\"\(coordinate: first.bottom + 19)\" text-anchor=\"\(isLeft ? "start" : "end")\">here the runs part</text>"
    }

    private mutating func drawAxis() {
        y += 8
        svg += "<g class=\"axis\"><line x1=\"0\" x2=\"100%\" y1=\"\(coordinate: y)\" y2=\"\(coordinate: y)\"/>"
        let step = Axis.step(timeline.end, about: 5)
        var value = 0.0
        while value <= timeline.end * 1.0001 {
            let side: HTML = value == 0 ? "start" : x(value) > 95 ? "end" : "middle"
            svg += "<line x1=\"\(percent: x(value))\" x2=\"\(percent: x(value))\" y1=\"\(coordinate: y)\" y2=\"\(coordinate: y + 5)\"/><text x=\"\(percent: x(value))\" y=\"\(coordinate: y + 18)\" text-anchor=\"\(side)\">\(Units.duration(value))</text>"
            value += step
        }
        svg += "</g>"
        y += Height.axis - 10
    }

    private var legend: HTML {
        let unit = timeline.timeScale == 1 ? "Time since each run’s start." : "Scenario time since each run’s start; \(Units.plain(timeline.timeScale)) s of it are 1 s real."
        var html: HTML = """
            <figcaption><p class="key">\(unit) \
            <span class="sign progress-sign"></span> displayed progress <span class="sign work-sign"></span> work event \
            <span class="sign span-sign"></span> span <span class="sign open-sign"></span> span that never ended</p>
            """
        for lane in timeline.lanes where !lane.markers.isEmpty {
            html += "<div class=\"markers\"><p>\(lane.name)</p><ol>"
            for marker in lane.markers {
                let annotation: HTML = marker.kind == .fault ? " <em>annotation, not evidence</em>" : ""
                html += "<li class=\"\(HTML(stringLiteral: marker.kind.rawValue))\"><span class=\"at\">\(Units.duration(marker.at))</span> \(HTML.rich(marker.text))\(annotation)</li>"
            }
            html += "</ol></div>"
        }
        for lane in timeline.lanes { for text in lane.omitted { html += "<p class=\"omitted\">\(lane.name): \(text).</p>" } }
        return html + "</figcaption>"
    }
}

enum Axis {
    /// A step of 1, 2, 5, 10, 15, 20, 30 or 60 times a power of ten or a minute, that gives about so many marks.
    static func step(_ length: Double, about marks: Double) -> Double {
        guard length.isFinite, length > 0 else { return 1 }
        let rough = length / marks
        if rough > 8, rough < 3600 {
            return [10, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600].first { $0 >= rough * 0.8 } ?? 3600
        }
        var power = 1.0
        while power * 10 <= rough { power *= 10 }
        while power > rough { power /= 10 }
        return [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.8 } ?? power * 10
    }
}
