"""Writes templates.json: templates of the kinds that models publish, and what the Hugging Face library makes of them.

    pip install jinja2==3.1.6 && python3 make_templates.py

The environment is that of transformers' apply_chat_template: a sandbox, trim_blocks, lstrip_blocks, loop controls, its
own tojson and functions.
"""
import json
import os

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "  Hi there  "},
    {"role": "assistant", "content": "Hello!\nHow are you?"},
    {"role": "user", "content": "Fine — and “you”? 日本 {\"a\": 1}"},
]
ONE = [{"role": "user", "content": "Hi there"}]
# What a template is about, and the template.
TEMPLATES = [
    ("tags drop line ends", "{% for m in messages %}\n  {% if loop.first %}\nfirst\n  {% endif %}\n{{ m.content }}\n{% endfor %}\nend\n"),
    ("one last line end falls", "{{ messages[0].content }}\n\n"),
    ("dashes", "a \n {%- if true -%} \n b \n {%- endif -%} \n c {{- ' d' -}} \n e"),
    ("plus keeps", "a\n  {%+ if true %} b{% endif +%}\nc"),
    ("comments", "a {# }} {% #} b\n  {# whole line #}\nc {#- x -#} d"),
    ("strings with brackets", "{{ '}}' ~ \"%}\" ~ '{{' }}|{{ {'a': {'b': 1}} | tojson }}|{{ 'it\\'s' }}"),
    ("raw", "{% raw %}{{ x }} {% if %}{% endraw %}!\n{% raw %}\n y {%- endraw -%}  z"),
    ("escapes", "{{ 'a\\n\\t\\\\b\\u00e9\\x41\\q' }}"),
    ("else and elif", "{% for m in messages %}{% if m.role == 'system' %}S{% elif m.role == 'user' %}U{% else %}A{% endif %}{% endfor %}"),
    ("loop", "{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.length }}{{ loop.first }}{{ loop.last }}{{ loop.cycle('a', 'b') }}{{ loop.previtem.role if loop.previtem is defined }}{{ loop.nextitem.role if not loop.last }};{% endfor %}"),
    ("nested loops", "{% for a in [1, 2] %}{% for b in 'xy' %}{{ a }}{{ b }}{{ loop.depth }}{{ loop.index }} {% endfor %}{{ loop.index }}{% endfor %}"),
    ("loop with a condition", "{% for m in messages if m.role != 'system' %}{{ loop.index }}/{{ loop.length }} {{ m.role }} {% else %}none{% endfor %}{% for x in [] %}x{% else %}empty{% endfor %}"),
    ("break and continue", "{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}"),
    ("unpacking", "{% for k, v in {'b': 1, 'a': [2]}.items() %}{{ k }}={{ v }},{% endfor %}{% set a, b = [1, 2] %}{{ b }}{{ a }}"),
    ("scopes", "{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 3 %}{% endif %}{{ x }}"),
    ("namespace", "{% set ns = namespace(count=0, last='') %}{% for m in messages %}{% set ns.count = ns.count + 1 %}{% set ns.last = m.role %}{% endfor %}{{ ns.count }}{{ ns.last }}"),
    ("slices", "{% set m = messages[1:] %}{{ m | length }}{{ messages[-1].role }}{{ 'abcdef'[1:4] }}{{ 'abcdef'[::-1] }}{{ 'abcdef'[-2:] }}{{ [1, 2, 3, 4][::2] }}{{ 'abc'[5:] }}|{{ [1,2,3][:-1] }}"),
    ("arithmetic", "{{ 1 + 2 * 3 - 4 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1.5 + 1 }} {{ 10 / 5 }} {{ -2 + +3 }} {{ 'ab' * 2 }} {{ 7.5 // 2 }}"),
    ("comparisons", "{{ 1 < 2 < 3 }}{{ 1 < 3 < 2 }}{{ 'a' in 'abc' }}{{ 'x' not in ['a'] }}{{ 'role' in messages[0] }}{{ 1 == 1.0 }}{{ true == 1 }}{{ 'a' < 'b' }}{{ [1, 2] < [1, 3] }}{{ none == none }}"),
    ("logic", "{{ 0 or 'x' }}{{ '' and 'y' }}{{ not '' }}{{ not messages is defined }}{{ (1 and 2) or 3 }}{{ 'a' if false }}|{{ 'a' if '' else 'b' if 0 else 'c' }}"),
    ("undefined", "{{ nothing }}{{ nothing is defined }}{{ (nothing.x is defined) if (nothing is defined) else 'no' }}{{ messages[0].name is defined }}{{ messages[0]['name'] or 'anon' }}{{ nothing | default('d') }}{{ '' | default('e', true) }}{{ none | d('f') }}{{ messages[9] is undefined }}"),
    ("tests", "{{ 'a' is string }}{{ 1 is number }}{{ 1.0 is float }}{{ 1 is integer }}{{ true is boolean }}{{ {} is mapping }}{{ [] is iterable }}{{ 'a' is iterable }}{{ [] is sequence }}{{ none is none }}{{ 3 is odd }}{{ 4 is even }}{{ 9 is divisibleby 3 }}{{ 1 is eq 1 }}{{ 2 is in [1, 2] }}{{ 'AB' is upper }}{{ true is true }}{{ false is false }}{{ true is integer }}{{ x is not none }}"),
    ("texts", "{{ ' a b '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'a,b,c'.split(',') }}|{{ ' a  b '.split() }}|{{ 'a,b,c'.split(',', 1)[1] }}|{{ 'a,b,c'.rsplit(',', 1)[0] }}|{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith(('x', 'c')) }}|{{ 'aXa'.replace('a', 'b', 1) }}|{{ 'ab'.upper() }}{{ 'AB'.lower() }}|{{ 'hello wORLD'.title() }}|{{ 'hELLO'.capitalize() }}|{{ 'abcabc'.find('c') }}{{ 'abcabc'.rfind('c') }}{{ 'abc'.find('x') }}|{{ 'aaa'.count('a') }}|{{ '-'.join(['a', 'b']) }}|{{ 'abc'.removeprefix('a').removesuffix('c') }}|{{ 'a\\nb'.splitlines() }}|{{ 'a=b=c'.partition('=') }}|{{ '12'.isdigit() }}{{ 'a1'.isalpha() }}"),
    ("think tags", "{% set c = '<think>\\nhm\\n</think>\\n\\nYes' %}{{ c.split('</think>')[-1].lstrip('\\n') }}|{{ c.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') }}"),
    ("objects", "{% set d = {'a': 1, 'b': none, 'c': 'x'} %}{{ d.keys() | list }}{{ d.values() | list }}{{ d.get('a') }}{{ d.get('z') }}{{ d.get('z', 5) }}{{ d.items() | list }}{{ d | length }}{{ d }}{{ d | dictsort }}"),
    ("filters", "{{ ' a ' | trim }}|{{ 'xax' | trim('x') }}|{{ [1, 2, 3] | first }}{{ [1, 2, 3] | last }}{{ [3, 1, 2] | sort }}{{ ['b', 'A'] | sort }}{{ [1, 2] | reverse | list }}{{ 'ab' | reverse }}{{ [1, 1, 2] | unique | list }}{{ [1, 2] | sum }}{{ [1, 2] | max }}{{ [1, 2] | min }}|{{ 'a' | upper }}{{ 'B' | lower }}{{ 'ab c' | title }}{{ 'ab' | capitalize }}|{{ '3' | int + 1 }}{{ 'x' | int(7) }}{{ '2.5' | float }}{{ -3 | abs }}{{ 2.567 | round(2) }}{{ 3 | string }}|{{ ['a', 'b'] | join(', ') }}|{{ 'a b' | replace(' ', '_') }}|{{ 'abc' | list }}|{{ 'a b c' | wordcount }}|{{ '<&>' | e }}"),
    ("filters of lists", "{{ messages | map(attribute='role') | join(',') }}|{{ messages | selectattr('role', 'equalto', 'user') | list | length }}|{{ messages | rejectattr('role', 'eq', 'user') | map(attribute='role') | list }}|{{ [1, 2, 3, 4] | select('odd') | list }}{{ [0, 1, ''] | reject | list }}|{{ ['a', 'b'] | map('upper') | list }}|{{ messages | map(attribute='name', default='?') | join }}|{{ messages | sort(attribute='role') | map(attribute='role') | first }}|{{ messages | selectattr('content') | list | length }}"),
    ("json", "{{ messages[3] | tojson }}|{{ [1, 2.5, true, none, 'é\"\\n'] | tojson }}|{{ {'b': [1], 'a': {}} | tojson(indent=2) }}|{{ [] | tojson(indent=2) }}|{{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }}|{{ 'é😀' | tojson(ensure_ascii=true) }}|{{ [1, {'a': 2}] | tojson(separators=(',', ':')) }}"),
    ("indent", "{{ 'a\\nb\\n\\nc' | indent(2) }}|{{ 'a\\nb' | indent(2, true) }}|{{ 'a\\nb' | indent('--') }}"),
    ("macros", "{%- macro turn(role, text='none', mark='|') -%}\n[{{ role }}{{ mark }}{{ text | trim }}]\n{%- endmacro -%}\n{%- for m in messages -%}{{ turn(m.role, text=m.content) }}{%- endfor -%}{{ turn('x') }}{{ turn('y', mark='/') }}"),
    ("macros see outer names", "{% set sep = '#' %}{% macro f(x) %}{{ x }}{{ sep }}{% endmacro %}{{ f(1) }}{% macro g(x) %}{{ f(x) }}{{ f(x + 1) }}{% endmacro %}{{ g(5) | trim }}{% macro down(n) %}{{ n }}{% if n > 0 %}{{ down(n - 1) }}{% endif %}{% endmacro %}{{ down(3) }}"),
    ("calls with a body", "{% macro box(title) %}<{{ title }}:{{ caller() }}>{% endmacro %}{% call box('t') %}in{{ 1 + 1 }}{% endcall %}"),
    ("captures", "{% set x %}a{{ 1 }}{% endset %}{{ x | upper }}{% set y | trim %}  b  {% endset %}{{ y }}{% filter upper %}abc{{ 'd' }}{% endfilter %}{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}"),
    ("generation", "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% endif %}{% endfor %}"),
    ("tokens", "{{ bos_token }}{% for m in messages %}{{ m.content + eos_token }}{% endfor %}{{ pad_token is defined }}"),
    ("tools are none", "{% if tools %}tools{% endif %}{{ tools is none }}{{ tools is defined }}{{ documents is none }}{% if add_generation_prompt %}>{% endif %}"),
    ("alternation check", "{% for m in messages[1:] %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{{ m['role'] }}{% endfor %}"),
    ("system first", "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = 'default' %}{% endif %}{% for message in loop_messages %}{% if loop.index0 == 0 %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{{ '[' + message['role'] + '] ' + content.strip() + ' ' }}{% endfor %}"),
    ("strings of content parts", "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for part in m.content %}{{ part.text }}{% endfor %}{% endif %}{% endfor %}"),
    ("whole numbers and truth", "{{ 5 | string + '!' }}{{ true | string }}{{ [true, none, 1.0, 'a', \"it's\"] }}{{ 10000000000000000.0 }}{{ 1e-7 }}{{ (1, 2) | list }}{{ 100000 }}{{ 1_000 }}"),
    ("tilde and plus", "{{ 'a' ~ 1 ~ none ~ true }}{{ 'a' + 'b' }}{{ [1] + [2] }}"),
    ("neighbouring strings", "{{ 'a' 'b' }}{{ messages[0].content[0] }}"),
    ("filters bind first", "{{ 'a' + 'b' | upper }}{{ ('a' + 'b') | upper }}{{ 1 + 2 | string | length }}{{ -1 | abs }}{{ 'x' in 'X' | lower }}"),
    ("dates", "{{ strftime_now('%Y') | int > 2000 }}{{ strftime_now('%%') }}"),
    ("last user turn", "{% set ns = namespace(last=-1) %}{% for m in messages[::-1] %}{% set i = (messages | length - 1) - loop.index0 %}{% if ns.last < 0 and m.role == 'user' and not (m.content.startswith('<tool') and m.content.endswith('>')) %}{% set ns.last = i %}{% endif %}{% endfor %}{{ ns.last }}"),
    ("names with numbers", "{{ messages.0.role }}{{ messages[0]['content'].split(' ').0 }}"),
    ("refused", "{{ raise_exception('no ' + messages[0].role) }}"),
    ("member of nothing", "{{ nothing.member }}"),
    ("text and number", "{{ 'a' + 1 }}"),
    ("changes nothing", "{{ messages.append(1) }}"),
    ("a large range", "{{ range(1000000) | list | length }}"),
]


class Generation(jinja2.ext.Extension):
    """The tag that marks what a model is trained on; its body is written as it is."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def strftime_now(form):
        import datetime
        return datetime.datetime.now().strftime(form)
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = strftime_now
    return made


cases = []
for name, template in TEMPLATES:
    for messages in (TALK, ONE):
        case = {"name": name, "template": template, "messages": messages}
        try:
            case["rendered"] = environment().from_string(template).render(
                messages=messages, tools=None, documents=None, add_generation_prompt=True, bos_token="<s>",
                eos_token="</s>")
        except Exception as error:
            case["error"] = str(error)
        cases.append(case)
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "templates.json"), "w") as file:
    json.dump(cases, file, indent=1, ensure_ascii=False)
print(sum("error" in case for case in cases), "of", len(cases), "refused:", sorted({c["name"] for c in cases if "error" in c}))
