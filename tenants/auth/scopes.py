"""What an API key or an application may be granted, in OAuth's spelling: `orders:read` is Permission.ORDERS_READ."""

from collections.abc import Iterable

from tenants.permissions import PERMISSIONS_OF, Permission, Role

_ALWAYS = frozenset({Permission.PUBLIC, Permission.SIGNED_IN})
_PERSONS_ONLY = frozenset(
    {
        Permission.API_KEYS_MANAGE,
        Permission.USERS_INVITE,
        Permission.IDENTITY_PROVIDERS_MANAGE,
        Permission.ENTITIES_CREATE,
        Permission.WEBHOOKS_MANAGE,
    }
)
"""An application that holds one of these could give itself the others."""
_WITH_A_PERSON = frozenset({Permission.QUOTES_SIGN})
"""A signature is a person's; a key or an application on its own has none."""


def _scope(permission: Permission) -> str:
    resource, action = permission.value.lower().rsplit("_", 1)
    return f"{resource.replace('_', '-')}:{action}"


SCOPE_OF: dict[Permission, str] = {
    permission: _scope(permission) for permission in Permission if permission not in _ALWAYS | _PERSONS_ONLY
}
PERMISSION_OF: dict[str, Permission] = {scope: permission for permission, scope in SCOPE_OF.items()}


def permissions_within(role: Role, scopes: Iterable[str] | None) -> frozenset[Permission]:
    """The permissions of `role`, less what `scopes` leave out; None leaves nothing out."""
    if scopes is None:
        return PERMISSIONS_OF[role]
    named = {PERMISSION_OF[scope] for scope in scopes if scope in PERMISSION_OF}
    return PERMISSIONS_OF[role] & (named | _ALWAYS)


def scopes_of(role: Role, *, person: bool = True) -> tuple[str, ...]:
    """Every scope that can be granted of `role`, in order: to an application with a person, or on its own."""
    left_out = frozenset() if person else _WITH_A_PERSON
    return tuple(sorted(SCOPE_OF[p] for p in PERMISSIONS_OF[role] - left_out if p in SCOPE_OF))
