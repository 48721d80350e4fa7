"""What must stay in order does, and waits for nobody else."""

import asyncio

from workers.mqtt.lanes import Lanes, Work


async def test_what_is_in_order_waits_for_everything_before_it_of_the_same_charger() -> None:
    lanes, happened, gates = Lanes(), list[str](), {name: asyncio.Event() for name in "abcd"}

    def work(name: str) -> Work:
        async def run() -> None:
            happened.append(f"{name} begins")
            if name in gates:
                await gates[name].wait()
            happened.append(f"{name} ends")

        return run

    lanes.beside("one", work("a"))
    lanes.beside("one", work("b"))
    status = lanes.in_order("one", work("c"))
    later = lanes.beside("one", work("e"))
    other = lanes.beside("two", work("f"))
    await other
    assert happened == ["a begins", "b begins", "f begins", "f ends"]
    gates["b"].set()
    gates["a"].set()
    gates["c"].set()
    await status
    await later
    assert happened[-4:] == ["c begins", "c ends", "e begins", "e ends"]
    assert len(lanes) == 0
    lanes.in_order("one", work("d"))
    await lanes.finish(0.01)
    assert len(lanes) == 0
