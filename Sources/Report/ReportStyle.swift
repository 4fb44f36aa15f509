/// The style sheets of pages and of pictures that stand alone.
enum ReportStyle {
    /// Colors by role, light and dark. Series keep their hue in both, so that a legend learned in one holds
    /// in the other.
    static let colors = """
        :root{color-scheme:light dark;--paper:#fcfbf9;--raised:#fff;--ink:#1f2328;--muted:#5f666e;--rule:#e6e2db;\
        --c1:#2f6db5;--c2:#c4541c;--c3:#2c8757;--c4:#7a4fb0;--c5:#94700f;--c6:#b03a6b;--c7:#177886;--c8:#737a82}
        @media(prefers-color-scheme:dark){:root{--paper:#15171a;--raised:#1b1e22;--ink:#e9e6e0;--muted:#a0a6ae;\
        --rule:#2f3339;--c1:#7db2f0;--c2:#f29d66;--c3:#6fc99a;--c4:#bba0f2;--c5:#d9b65c;--c6:#ed8ab3;\
        --c7:#62c4d1;--c8:#949ba4}}

        """

    /// Classes that the charts use.
    static let charts =
        (1...8).map { ".c\($0){color:var(--c\($0))}" }.joined()
            + """
            text{font:12px/1 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;\
            fill:var(--muted);font-variant-numeric:tabular-nums}
            .label{fill:var(--ink)}.paper{fill:var(--paper)}
            .cell-text{fill:var(--ink);font-weight:500}.cell-small{fill:var(--ink);font-size:10px}
            .grid{stroke:var(--rule)}.axis{stroke:var(--muted)}.line{stroke:currentColor;stroke-width:1.5;fill:none}
            .roof{stroke:var(--ink);stroke-width:1.5}
            .dot{fill:currentColor}.edge{stroke:var(--paper);stroke-width:1.2}
            .ring{fill:none;stroke:var(--ink);stroke-width:1.8}
            .frontier{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
            .target{stroke:currentColor;stroke-dasharray:2 4;stroke-width:1.5}
            .expected{fill:none;stroke:var(--c2);stroke-width:1.5;stroke-dasharray:6 3}
            .bar,.cell{fill:currentColor}.bar-dense{fill:url(#hatch-bar);stroke:var(--c8)}

            """

    /// What only pages have.
    static let page = """
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);\
        font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        main{max-width:768px;margin:0 auto;padding:56px 24px 72px}
        .kicker{margin:0;color:var(--muted);font-size:14px;letter-spacing:.02em}
        h1{margin:4px 0 12px;font-size:30px;line-height:1.2;font-weight:650;letter-spacing:-.015em;\
        overflow-wrap:anywhere}
        h2{margin:0 0 6px;font-size:19px;line-height:1.3;font-weight:650;letter-spacing:-.005em}
        p{margin:0 0 12px;max-width:66ch;overflow-wrap:anywhere}
        .intro{font-size:17px}
        .note{color:var(--muted);font-size:14px}
        .figures{display:grid;grid-template-columns:repeat(3,1fr);gap:1px;margin:28px 0 20px;\
        padding:0;background:var(--rule);border:1px solid var(--rule);border-radius:10px;overflow:hidden}
        .figures-2{grid-template-columns:1fr 1fr}
        .figures div{background:var(--raised);padding:16px 18px}
        .figures dt{color:var(--muted);font-size:13px}
        .figures dd{margin:0}
        .figures .value{font-size:28px;line-height:1.25;font-weight:600;letter-spacing:-.02em;\
        font-variant-numeric:tabular-nums;white-space:nowrap}
        .figures .of{color:var(--muted);font-size:13px;line-height:1.4}
        section{margin-top:44px;padding-top:28px;border-top:1px solid var(--rule)}
        section>p{color:var(--muted);font-size:15px}
        .legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:0 0 14px;padding:0;list-style:none;font-size:13px;\
        color:var(--muted)}
        .legend li{display:flex;align-items:center;gap:7px}
        .swatch{width:22px;height:14px;flex:none}
        .chart{display:block;width:100%;height:auto;margin:0 0 10px}
        .narrow{display:none}
        details{margin-top:8px;font-size:14px}
        summary{cursor:pointer;color:var(--muted);width:fit-content;border-radius:4px}
        summary:hover{color:var(--ink)}
        summary:focus-visible{outline:2px solid var(--c1);outline-offset:3px}
        .scroll{overflow:auto;max-height:420px;margin-top:10px;border:1px solid var(--rule);border-radius:8px}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:13px}
        th,td{padding:6px 12px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
        th:first-child,td:first-child{text-align:left}
        thead th{position:sticky;top:0;background:var(--raised);font-weight:600}
        tbody tr:last-child>*{border-bottom:0}
        tbody th{font-weight:400}
        .definitions{position:absolute;width:0;height:0}
        footer{margin-top:48px;padding-top:20px;border-top:1px solid var(--rule);color:var(--muted);font-size:13px}
        code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
        @media(max-width:760px){main{padding:32px 16px 48px;max-width:560px}h1{font-size:25px}.intro{font-size:16px}\
        .wide{display:none}.narrow{display:block}.figures{grid-template-columns:1fr 1fr}\
        .figures div{padding:12px 14px}.figures .value{font-size:23px}section{margin-top:34px;padding-top:22px}}
        @media print{.scroll{max-height:none}section{break-inside:avoid}}

        """
}
