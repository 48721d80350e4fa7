"""Answers whose time must not tell how much work was behind them."""

import asyncio
import time


async def till_the_next_step(began: float, step: float) -> None:
    """Wait for a whole number of steps (seconds) after `began` (`time.monotonic`).

    What is within a step tells nothing of the work behind it.
    """
    taken = time.monotonic() - began
    await asyncio.sleep(step - taken % step)
