"""The OpenAPI document as a page, without a script."""

from typing import Any

import orjson

from api.developers.pages import MAKES

_PAGE = MAKES.from_string("""
{% macro kind(schema) %}
{% if schema['$ref'] %}<a href="#{{ schema['$ref'].split('/')[-1] }}">{{ schema['$ref'].split('/')[-1] }}</a>
{% elif schema.anyOf %}{% for each in schema.anyOf %}{{ kind(each) }}{{ " or " if not loop.last }}{% endfor %}
{% elif schema.type == "array" %}list of {{ kind(schema['items']) if schema['items'] else "anything" }}
{% elif schema.enum %}{{ schema.enum | join(", ") }}
{% else %}{{ schema.format or schema.type or "anything" }}{% endif %}
{% endmacro %}
{% macro content(parts) %}
{% for media, part in parts.items() %}
<p><code>{{ media }}</code>{% if part.schema %}: {{ kind(part.schema) }}{% endif %}</p>
{% if part.example is defined %}<pre>{{ part.example | shown }}</pre>{% endif %}
{% endfor %}
{% endmacro %}
<p>{{ document.info.description }} <a href="/openapi.json">openapi.json</a> (OpenAPI {{ document.openapi }})</p>
{% for tag in document.tags %}
<h2 id="tag-{{ loop.index }}">{{ tag.name }}</h2>
<p>{{ tag.description }}</p>
{% for path, verbs in document.paths.items() %}{% for verb, said in verbs.items() %}{% if tag.name in said.tags %}
<details id="{{ said.operationId }}">
<summary><span class="verb">{{ verb | upper }}</span>
<code{% if said.deprecated %} class="old"{% endif %}>{{ path }}</code> {{ said.summary }}</summary>
{% if said.description %}<p>{{ said.description }}</p>{% endif %}
<p class="dim">{% if said.security %}{{ said.security[0].keys() | join(" + ") }}{% else %}no credential{% endif %}</p>
{% if said.parameters %}
<table><tbody>{% for each in said.parameters %}
<tr><td><code>{{ each.name }}</code>{% if each.required %} *{% endif %}</td><td>{{ each.in }}</td>
<td>{{ kind(each.schema) }}</td><td>{{ each.description }}</td></tr>{% endfor %}</tbody></table>
{% endif %}
{% if said.requestBody %}<h3>Body</h3>{{ content(said.requestBody.content) }}{% endif %}
<h3>Answers</h3>
{% for status, answer in said.responses.items() %}
<p><b>{{ status }}</b> {{ answer.description.split("\\n")[0] }}
{% for code in answer["x-error-codes"] or [] %}<a href="/developers/errors#{{ code }}"><code>{{ code }}</code></a>
{% endfor %}</p>
{% if not answer["x-error-codes"] and answer.content %}{{ content(answer.content) }}{% endif %}
{% endfor %}
</details>
{% endif %}{% endfor %}{% endfor %}
{% endfor %}
<h2 id="schemas">Schemas</h2>
{% for name, schema in document.components.schemas.items() %}
<details id="{{ name }}"><summary><code>{{ name }}</code> {{ (schema.description or "").split("\\n")[0] }}</summary>
{% if schema.properties %}<table><tbody>{% for field, part in schema.properties.items() %}
<tr><td><code>{{ field }}</code>{% if field in (schema.required or []) %} *{% endif %}</td>
<td>{{ kind(part) }}</td><td>{{ part.description or "" }}</td></tr>{% endfor %}</tbody></table>
{% else %}<p>{{ kind(schema) }}</p>{% endif %}
</details>
{% endfor %}
""")


def _shown(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


MAKES.filters["shown"] = _shown


def as_html(document: dict[str, Any]) -> str:
    """The body of /developers/openapi."""
    return _PAGE.render(document=document)
