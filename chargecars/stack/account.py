"""Whose processes the servers are: PostgreSQL refuses to run as root, so root lends them another user."""

import os
import pwd
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chargecars.stack.errors import StackError

_LENT = ("chargecars", "nobody", "daemon")
_ELSEWHERE = (Path("/var/lib/chargecars"), Path("/var/tmp"))  # noqa: S108  # mkdtemp makes a private directory there


@dataclass(frozen=True)
class Account:
    """User and group of the servers; -1 means: as the parent."""

    uid: int = -1
    gid: int = -1

    @property
    def lent(self) -> bool:
        return self.uid >= 0

    def can_reach(self, path: Path) -> bool:
        """Whether every directory on the way to `path`, and `path` itself, lets the account through."""
        return not self.lent or all(self._may_pass(step) for step in (path, *path.parents))

    def _may_pass(self, path: Path) -> bool:
        status = path.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & 0o100)
        return bool(status.st_mode & (0o010 if status.st_gid == self.gid else 0o001))


def choose_account(data: Path) -> Account:
    """The parent's own account, or under root the owner of existing data, else a user without rights.

    Raises: StackError when root has nobody to lend.
    """
    if os.geteuid() != 0:
        return Account()
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in _LENT:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if user.pw_uid != 0:
            return Account(user.pw_uid, user.pw_gid)
    raise StackError("PostgreSQL does not run as root and there is no user 'nobody' to run it as: use a normal user")


def find_home(data_dir: Path) -> Path:
    """Where the servers keep their files: `stack` in the data directory, which may be a link (see `make_home`)."""
    return (data_dir / "stack").resolve()


def make_home(data_dir: Path, account: Account) -> Path:
    """The servers' directory, made when missing.

    Root's own directories (a clone under /root) are closed to the servers' user: then the files live
    outside and `stack` is a link to them.
    """
    link = data_dir / "stack"
    if link.is_symlink() and not link.exists():
        link.unlink()
    if not link.exists():
        if account.can_reach(data_dir.resolve()):
            link.mkdir(mode=0o700)
            _give(link, account)
        else:
            link.symlink_to(_make_elsewhere(data_dir.resolve(), account))
    home = link.resolve()
    if not account.can_reach(home.parent):
        raise StackError(f"{home} is out of reach for the servers' user (uid {account.uid}): move the repository")
    return home


def _make_elsewhere(data_dir: Path, account: Account) -> Path:
    for base in _ELSEWHERE:
        if base.parent.is_dir() and account.can_reach(base.parent):
            base.mkdir(mode=0o755, exist_ok=True)
            home = Path(tempfile.mkdtemp(prefix=f"{data_dir.parent.name}-", dir=base))
            _give(home, account)
            return home
    raise StackError(
        f"{data_dir} is out of reach for the servers' user (uid {account.uid}) and so is every other place"
    )


def _give(path: Path, account: Account) -> None:
    if account.lent:
        os.chown(path, account.uid, account.gid)
