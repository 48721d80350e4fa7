"""The GraphQL schema as pages: an index, and a piece of HTML per type."""

from collections.abc import Iterable
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)

from api.developers.pages import MAKES

_ROOTS = ("Query", "Mutation", "Subscription")
_KINDS: tuple[tuple[str, type[GraphQLNamedType]], ...] = (
    ("Objects", GraphQLObjectType),
    ("Interfaces", GraphQLInterfaceType),
    ("Unions", GraphQLUnionType),
    ("Inputs", GraphQLInputObjectType),
    ("Enums", GraphQLEnumType),
)

SHELL = """
<p>The schema is for staff and partners: give an API key or an access token with the scope <code>schema:read</code>.
It is kept in the memory of this page and nowhere else. <a href="/graphiql">GraphiQL</a> asks questions.</p>
<form id="account"><input id="token" type="password" aria-label="API key or access token" autocomplete="off" required>
<button>Show</button></form>
<p id="status" role="status"></p>
<div id="reference"></div>
<noscript><p>Without a script: <code>curl -H "Authorization: Bearer $CHARGECARS_KEY"
https://…/developers/graphql/types/Query</code>.</p></noscript>
"""
_INDEX = MAKES.from_string("""
{% for title, names in groups %}
<h2>{{ title }}</h2>
<p>{% for name in names %}<a href="#{{ name }}">{{ name }}</a>{{ ", " if not loop.last }}{% endfor %}</p>
{% endfor %}
""")
_TYPE = MAKES.from_string("""
{% macro kind(type) %}<a href="#{{ named(type) }}"><code>{{ type }}</code></a>{% endmacro %}
{% macro arguments(args) %}
{% if args %}<table><tbody>{% for name, each in args.items() %}
<tr><td><code>{{ name }}</code></td><td>{{ kind(each.type) }}</td><td>{{ each.description or "" }}
{% if each.deprecation_reason %}<br>{{ each.deprecation_reason }}{% endif %}</td></tr>{% endfor %}</tbody></table>
{% endif %}
{% endmacro %}
<h2 id="{{ type.name }}">{{ type.name }}</h2>
<p>{{ type.description or "" }}</p>
{% if members %}<p>{% for each in members %}{{ kind(each) }} {% endfor %}</p>{% endif %}
{% for name, field in fields.items() %}
<details{% if not roots %} open{% endif %}><summary><code{% if field.deprecation_reason %} class="old"{% endif %}>
{{- name }}</code>: {{ kind(field.type) }}</summary>
<p>{{ field.description or "" }}</p>
{% if field.deprecation_reason %}<p>{{ field.deprecation_reason }}</p>{% endif %}
{{ arguments(field.args) if field.args is defined }}
</details>
{% endfor %}
{% if values %}<table><tbody>{% for name, each in values.items() %}
<tr><td><code{% if each.deprecation_reason %} class="old"{% endif %}>{{ name }}</code></td>
<td>{{ each.description or "" }} {{ each.deprecation_reason or "" }}</td></tr>{% endfor %}</tbody></table>{% endif %}
""")


def index(schema: GraphQLSchema) -> str:
    """Every type, by kind."""
    return _INDEX.render(groups=[("Roots", [name for name in _ROOTS if name in schema.type_map]), *_groups(schema)])


def of_type(schema: GraphQLSchema, name: str) -> str | None:
    """One type with its fields, arguments and values; None where there is no such type."""
    found = schema.type_map.get(name)
    if found is None or name.startswith("__"):
        return None
    return _TYPE.render(
        type=found,
        fields=getattr(found, "fields", {}),
        values=getattr(found, "values", None),
        members=_members(schema, found),
        roots=name in _ROOTS,
        named=lambda type: str(get_named_type(type)),
    )


def _groups(schema: GraphQLSchema) -> Iterable[tuple[str, list[str]]]:
    for title, kind in _KINDS:
        names = sorted(name for name, each in schema.type_map.items() if isinstance(each, kind))
        yield title, [name for name in names if name not in _ROOTS and not name.startswith("__")]


def _members(schema: GraphQLSchema, found: GraphQLNamedType) -> list[Any]:
    if isinstance(found, GraphQLUnionType | GraphQLInterfaceType):
        return sorted(schema.get_possible_types(found), key=lambda each: each.name)
    return list(getattr(found, "interfaces", ()))
