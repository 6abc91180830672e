/// The page's one style sheet: calm, typographic, light and dark, wide, narrow and print.
package enum Style {
    /// Contrast of every text colour on its ground is at least 4.5:1 (WCAG 2.2, 1.4.3). Runs differ in dash as well as in hue.
    package static let text = colours + page + firstScreen + figure + sections + narrow + printed

    private static let colours = """
        :root{color-scheme:light dark;--paper:#fcfbf9;--ink:#1e1d1a;--soft:#625e56;--faint:#e5e1d9;--panel:#f4f1eb;--link:#1f5a96;
        --hang:#ad3216;--hang-wash:#fbeae4;--work:#2a62a3;--work-wash:#dfeaf6;--good:#2a6a48;--warn:#805300;--shade:#eadfce}
        @media (prefers-color-scheme:dark){:root{--paper:#16171a;--ink:#e9e6df;--soft:#a5a095;--faint:#33343a;--panel:#1f2024;--link:#8fbcf0;
        --hang:#f08a6c;--hang-wash:#3a211a;--work:#7fb0ea;--work-wash:#1c2c40;--good:#7cc59d;--warn:#e0b25c;--shade:#3a2f25}}

        """

    private static let page = """
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0 auto;max-width:72rem;padding:1.5rem 2rem 4rem;background:var(--paper);color:var(--ink);
        font:16px/1.5 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}
        h1,h2,h3,p,ol,ul,figure{margin:0}
        h2{font-size:1.05rem;font-weight:650;margin:0 0 .6rem}h2 small,h3 small{font-weight:400;color:var(--soft);font-size:.86rem}
        h3{font-size:.95rem;font-weight:650;margin:1.4rem 0 .4rem}
        a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:.18em}
        a:focus-visible,summary:focus-visible,button:focus-visible,input:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:2px}
        code,pre,.stack{font-family:ui-monospace,"SF Mono","Cascadia Code",Menlo,"DejaVu Sans Mono","Liberation Mono",monospace;font-size:.875em;overflow-wrap:anywhere}
        pre{background:var(--panel);padding:.7rem .9rem;border-radius:6px;overflow-x:auto;margin:.5rem 0}
        small,.lead,.crumb,.none,.omitted,.partial{font-size:.86rem}.lead,.crumb,.none,.omitted{color:var(--soft)}.partial{color:var(--warn)}
        .skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.3rem .6rem}
        .lead{margin-bottom:.4rem}.crumb{margin-bottom:.7rem}
        main section{border-top:1px solid var(--faint);padding-top:1.4rem;margin-top:2.2rem}
        main p{max-width:46rem}
        footer{margin-top:3rem;color:var(--soft);font-size:.86rem}

        """

    private static let firstScreen = """
        h1{font-size:1.7rem;line-height:1.25;font-weight:620;letter-spacing:-.01em;text-wrap:pretty;max-width:60rem}
        h1 code{font-size:.9em}
        .verdict{color:var(--paper);background:var(--soft);border-radius:5px;padding:.02em .45em .06em;margin-right:.15em;font-size:.82em;white-space:nowrap}
        .verdict.hang,.verdict.failed{background:var(--hang)}.verdict.completed,.verdict.advancing,.verdict.idle{background:var(--good)}.verdict.slow,.verdict.unknown{background:var(--warn)}
        .confidence{margin-top:.6rem;color:var(--soft)}.confidence strong{color:var(--ink);font-weight:600}
        .cause{color:var(--hang);font-weight:600}
        .steps{display:inline-flex;gap:3px;margin:0 .3em;vertical-align:.05em}.steps i{width:14px;height:6px;border-radius:2px;background:var(--faint)}.steps i.on{background:var(--ink)}
        .unmet{margin-top:.6rem;padding:.5rem .8rem .5rem 1.6rem;background:var(--hang-wash);border-radius:6px}
        .columns{display:grid;grid-template-columns:minmax(0,1.55fr) minmax(0,1fr);gap:2.5rem;margin-top:1.5rem}
        .chain{list-style:none;padding:0;max-width:none}
        .chain li{position:relative;padding:0 0 .7rem 1.5rem}
        .chain li::before{content:"";position:absolute;left:.25rem;top:.42rem;width:9px;height:9px;border-radius:50%;border:2px solid var(--soft);background:var(--paper);z-index:1}
        .chain li::after{content:"";position:absolute;left:calc(.25rem + 5.5px);top:1rem;bottom:-.4rem;width:2px;background:var(--faint)}
        .chain li:last-child{padding-bottom:0}.chain li:last-child::after{display:none}
        .chain li.blocker::before{background:var(--hang);border-color:var(--hang)}.chain li.blocker .what,.chain li.blocker .what a{color:var(--hang)}
        .chain div{display:flex;justify-content:space-between;gap:1rem;align-items:baseline}
        .what{font-weight:600;overflow-wrap:anywhere}.what a{color:inherit;text-decoration-color:var(--faint)}.what a:hover{text-decoration-color:currentColor}
        .since{white-space:nowrap;font-weight:600}.since small{font-weight:400;color:var(--soft);margin-left:.5em;font-size:.8rem}
        .chain p{color:var(--soft);font-size:.92rem;line-height:1.4;overflow-wrap:anywhere}
        .remedy p{overflow-wrap:anywhere}
        .also{list-style:none;padding:0}.also span{color:var(--soft);font-size:.86rem}
        nav{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin-top:1.4rem;font-size:.9rem}
        #timeline{margin-top:1.8rem}#timeline>p{margin-bottom:.5rem;max-width:none}

        """

    private static let figure = """
        svg{display:block;overflow:visible}svg svg{display:inline}
        svg text{font:12px ui-sans-serif,system-ui,"Segoe UI","Liberation Sans",sans-serif;fill:var(--soft);font-variant-numeric:tabular-nums}
        svg .name{font-size:14px;font-weight:650;fill:var(--ink)}
        .rule,.axis line{stroke:var(--faint);stroke-width:1}.rule.faint{stroke-dasharray:2 3}
        .progress{fill:none;stroke:var(--soft);stroke-width:1.5;stroke-dasharray:4 3;vector-effect:non-scaling-stroke}
        .lane.working .work{stroke:var(--work)}.lane.hanging .work{stroke:var(--hang)}.work{stroke-width:1.5}
        .span{fill:var(--work-wash)}.lane.hanging .span{fill:var(--shade)}.span.open,.lane.hanging .span.open{fill:url(#hatch);stroke:var(--hang);stroke-width:1}
        .hatch-back{fill:var(--hang-wash)}.hatch-line{fill:var(--hang);opacity:.22}
        svg .span-name{font-size:10.5px;fill:var(--ink);paint-order:stroke;stroke:var(--paper);stroke-width:2px;stroke-opacity:.6}
        .standstill{fill:var(--hang-wash)}svg .standstill-text{fill:var(--hang);font-weight:600}
        line.marker{stroke:var(--soft)}rect.marker{fill:var(--paper);stroke:var(--soft)}rect.marker.alarm{fill:var(--hang);stroke:var(--hang)}rect.marker.fault{stroke-dasharray:3 2}
        svg .marker-text{font-size:11px;fill:var(--ink)}rect.marker.alarm+.marker-text{fill:var(--paper);font-weight:650}
        .parting{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:2 3}svg .parting-text{fill:var(--ink);font-weight:650}
        figcaption{font-size:.86rem}.key{color:var(--soft);font-size:.86rem;margin:.3rem 0 .5rem;max-width:none}
        .sign{display:inline-block;width:18px;height:0;margin:0 .1em 0 .7em;vertical-align:.28em;border-top:2px solid var(--soft)}
        .progress-sign{border-top-style:dashed}.work-sign{width:0;height:11px;border:0;border-left:2px solid var(--work);vertical-align:-.1em}
        .span-sign,.open-sign{height:9px;border:0;background:var(--work-wash);vertical-align:-.02em}.open-sign{background:var(--hang-wash);border:1px solid var(--hang)}
        .line-working{border-color:var(--work)}.line-hanging{border-color:var(--hang);border-top-width:2.5px}
        .markers{display:grid;grid-template-columns:6.5rem 1fr;margin-top:.2rem}.markers p{font-weight:600}.markers ol{padding-left:1.4rem}.markers .at{font-weight:600;margin-right:.3em}.markers em{color:var(--soft)}
        .alarm::marker{color:var(--hang);font-weight:700}
        .plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1.3rem 2rem}
        .plot figcaption{font-weight:600}.plot small{color:var(--soft);font-weight:400}
        .line{fill:none;stroke-width:1.6;vector-effect:non-scaling-stroke;stroke-linejoin:round}.line.working{stroke:var(--work);stroke-dasharray:5 3}.line.hanging{stroke:var(--hang)}

        """

    private static let sections = """
        .finding{margin-bottom:1.3rem}.finding h3{margin-top:0}.finding .fix{margin-top:.3rem}.cited,.small-chain{padding-left:1.2rem;margin-top:.3rem;font-size:.92rem}.cited{list-style:none;padding-left:0}
        .ref{font-size:.8rem;font-weight:600;text-decoration:none;border:1px solid var(--faint);border-radius:4px;padding:0 .3em}
        table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;vertical-align:top;padding:.4rem 1rem .4rem 0;border-bottom:1px solid var(--faint);overflow-wrap:anywhere}
        thead th{font-weight:500;color:var(--soft);font-size:.82rem}tbody th{font-weight:500}
        .compare{table-layout:fixed}.compare th:first-child{width:28%}
        .compare th small{display:block;color:var(--soft);font-weight:400}
        .significant th{font-weight:650}.bears,.differs{display:inline-block;font-size:.76rem;font-weight:600;color:var(--hang);background:var(--hang-wash);border-radius:4px;padding:0 .4em;white-space:nowrap}.bears{display:block;width:fit-content;margin-top:.15rem}.counts .differs{margin-left:.5em}
        .absent{color:var(--soft);font-style:italic}
        .figures td,.figures thead th:not(:first-child){text-align:right}.scroll{overflow-x:auto}
        .plain th[scope=row]{white-space:nowrap}
        .evidence{table-layout:fixed}.evidence th:first-child{width:3.5rem}.evidence th:last-child{width:30%}.evidence .row{color:var(--soft);font-size:.86rem}.evidence tr:target{background:var(--hang-wash)}
        details{margin:0}summary{cursor:pointer;padding:.4rem 0}
        .place{border-bottom:1px solid var(--faint)}.place summary{display:grid;grid-template-columns:minmax(0,1.3fr) minmax(0,1.2fr) auto;gap:0 1.2rem;align-items:baseline;font-size:.92rem;list-style:none}
        .place summary::-webkit-details-marker{display:none}.place .title::before{content:"▸";color:var(--soft);display:inline-block;width:1.1em}.place[open] .title::before{content:"▾"}
        .fact{display:block}.fact b{font-weight:600}.facts,.at{color:var(--soft);overflow-wrap:anywhere}.at{font-size:.86rem}.counts{text-align:right;font-size:.84rem}
        .run{white-space:nowrap;margin-left:.6em}.run.nobody{color:var(--soft)}
        .place .members,.place .waits,.place .partial{font-size:.88rem;margin-left:1.2rem}.waits{padding-left:1rem;color:var(--soft)}
        .stack{margin:.4rem 0 .9rem 1.2rem;padding:.6rem .9rem .6rem 3rem;background:var(--panel);border-radius:6px;font-size:.82rem;line-height:1.55}
        .stack li{color:var(--soft)}.stack .sourced{color:var(--ink)}.stack code{font-size:1em}.stack em{font-style:normal;color:var(--warn)}
        .unchanged>summary{color:var(--soft);font-size:.88rem}
        .controls{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;font-size:.86rem;margin:.3rem 0}.controls[hidden]{display:none}
        input,button{font:inherit;color:inherit;background:var(--panel);border:1px solid var(--faint);border-radius:5px;padding:.2rem .55rem}

        """

    private static let narrow = """
        @media (max-width:56rem){.columns{grid-template-columns:minmax(0,1fr);gap:1.6rem}.place summary{grid-template-columns:minmax(0,1fr);gap:.1rem}.place .facts,.place .counts{margin-left:1.1rem;text-align:left}.run:first-child{margin-left:0}}
        @media (max-width:40rem){body{padding:1rem 1rem 3rem}h1{font-size:1.35rem}.chain div{flex-wrap:wrap;gap:0 1rem}.since small{margin-left:.4em}
        .compare,.compare tbody,.compare tr,.compare th,.compare td,.evidence,.evidence tbody,.evidence tr,.evidence th,.evidence td{display:block;width:auto}.compare th:first-child,.evidence th:first-child{width:auto}
        .compare thead,.evidence thead{position:absolute;left:-99rem}.compare tr,.evidence tr{border-bottom:1px solid var(--faint);padding:.5rem 0}.compare th,.compare td,.evidence th,.evidence td{border:0;padding:.05rem 0}
        .compare td{position:relative;padding-left:5rem}.compare td::before{content:attr(data-run);position:absolute;left:0;max-width:4.6rem;overflow:hidden;color:var(--soft);font-size:.82rem}.plain th[scope=row]{white-space:normal}.markers{grid-template-columns:minmax(0,1fr)}.key .sign:first-child{margin-left:0}}

        """

    private static let printed = """
        @media print{:root{color-scheme:light}body{max-width:none;padding:0;font-size:10pt}nav,.controls,.skip{display:none}.columns{grid-template-columns:3fr 2fr;gap:1.5rem}
        details::details-content{content-visibility:visible;block-size:auto}.chain li,.finding,tr,figure{break-inside:avoid}a{color:inherit;text-decoration:none}}
        """
}
