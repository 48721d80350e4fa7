"""One question at a time, whoever asks it and whoever leaves."""

import asyncio

import pytest

from tenants.auth.memory import Memory
from tenants.engine import Database


async def test_who_asks_meanwhile_waits_for_the_same_answer(database: Database) -> None:
    memory: Memory[str, int] = Memory()
    gate, asked = asyncio.Event(), 0

    async def read() -> int:
        nonlocal asked
        asked += 1
        await gate.wait()
        return asked

    asking = [asyncio.ensure_future(memory.get(database, "a", read)) for _ in range(5)]
    await asyncio.sleep(0)
    asking.pop(0).cancel()  # it was the first
    gate.set()
    assert await asyncio.gather(*asking) == [1] * 4
    assert await memory.get(database, "a", read) == 1
    memory.forget(database)
    assert await memory.get(database, "a", read) == 2


async def test_what_is_forgotten_is_asked_anew_at_once(database: Database) -> None:
    memory: Memory[str, str] = Memory()
    gate = asyncio.Event()

    async def old() -> str:
        await gate.wait()
        return "old"

    async def new() -> str:
        return "new"

    asking = asyncio.ensure_future(memory.get(database, "a", old))
    await asyncio.sleep(0)
    memory.forget(database)
    assert await memory.get(database, "a", new) == "new"
    gate.set()
    assert await asking == "old"
    assert await memory.get(database, "a", old) == "new"


async def test_a_failure_is_not_remembered(database: Database) -> None:
    memory: Memory[str, int] = Memory()
    answers: list[int | Exception] = [ZeroDivisionError(), 1]

    async def read() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(ZeroDivisionError):
        await memory.get(database, "a", read)
    assert await memory.get(database, "a", read) == 1
