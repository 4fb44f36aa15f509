/// The page that every report has, in Mustache: `{{x}}` is escaped, `{{{x}}}` is markup already.
enum ReportTemplate {
    static let page = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="{{{policy}}}">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <link rel="icon" href="data:,">
        <title>{{title}}</title>
        <style>{{{style}}}</style>
        </head>
        <body>
        <main>{{{content}}}</main>
        {{{script}}}
        </body>
        </html>

        """

    static let content = """
        <svg class="definitions" aria-hidden="true"><style>{{{hatchRules}}}</style><defs>{{{hatches}}}</defs></svg>
        <header>
        <p class="kicker">{{kicker}}</p>
        <h1>{{title}}</h1>
        <p class="intro">{{intro}}</p>
        </header>
        {{#hasFigures}}<dl class="figures figures-{{columns}}">{{/hasFigures}}
        {{#figures}}<div><dt>{{label}}</dt><dd class="value">{{value}}</dd><dd class="of">{{of}}</dd></div>
        {{/figures}}
        {{#hasFigures}}</dl>{{/hasFigures}}
        {{#notes}}<p class="note">{{.}}</p>
        {{/notes}}
        {{#sections}}
        <section id="{{id}}">
        <h2>{{title}}</h2>
        <p>{{caption}}</p>
        {{#hasLegend}}<ul class="legend">{{/hasLegend}}
        {{#legend}}<li>{{{swatch}}}<span>{{text}}</span></li>{{/legend}}
        {{#hasLegend}}</ul>{{/hasLegend}}
        {{#charts}}{{{.}}}
        {{/charts}}
        {{#tables}}
        <details id="{{id}}"{{{open}}}><summary>{{title}}</summary>
        <div class="scroll" tabindex="0"><table><thead><tr>{{#headings}}<th scope="col">{{.}}</th>{{/headings}}</tr></thead>
        <tbody>{{{body}}}</tbody></table></div></details>
        {{/tables}}
        </section>
        {{/sections}}
        <footer>{{footer}}</footer>

        """
}
