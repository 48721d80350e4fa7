"""Processes that solve parts of a plan, each with its own copy of the world."""

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.planning.solver.around import Task
from domain.planning.solver.board import Board
from domain.planning.solver.duals import Duals
from domain.planning.solver.part import Part, Routes


@dataclass(frozen=True)
class Order:
    """A part of the plan `rows` to be solved until `until`, from these prices of jobs and team-days."""

    task: Task
    rows: NDArray[Any]
    jobs: NDArray[Any]
    days: NDArray[Any]
    temperatures: tuple[float, ...]
    until: float
    seed: int
    most: int
    below: float


@dataclass(frozen=True)
class Answer:
    routes: Routes
    jobs: NDArray[Any]
    """Positions in the world."""
    prices: NDArray[Any]
    days: NDArray[Any]
    """Prices of the task's team-days."""


def answer(board: Board, order: Order) -> Answer | None:
    """The part solved; None if time ended before there was anything."""
    board.show(order.rows)
    part = Part(board, order.task.team_days, order.task.jobs.tolist())
    duals = Duals(order.jobs[part.ids], np.zeros((len(part.problem.pairs), len(board.world.days))))
    days = np.array([order.days[list(day.members)].mean() for day in part.days])
    relaxation = part.relax(order.until, lambda: False, order.temperatures, duals, days, legs=100)
    routes = part.choose(order.until, order.seed, most=order.most, below=order.below)
    prices = np.zeros(len(board.rows))
    for day, price in zip(part.days, relaxation.days, strict=True):
        prices[list(day.members)] = price
    return Answer(routes or [], part.ids, relaxation.duals.jobs, prices[order.task.team_days])


class Crew:
    """Workers by fork, so that the world is shared and their memory is given back; one at hand where forking is not
    allowed."""

    def __init__(self, board: Board, workers: int):
        self.board = board
        self.idle: list[Connection] = []
        self._busy: dict[Connection, Order] = {}
        self._processes: list[ForkProcess] = []
        self._done: list[tuple[Order, Answer | None]] = []
        self.alone = workers < 2 or bool(multiprocessing.current_process().daemon)
        if not self.alone:
            for _ in range(workers):
                self._hire()

    def _hire(self) -> None:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, [*self.idle, ours], self.board), daemon=True)
        process.start()
        theirs.close()
        self.idle.append(ours)
        self._processes.append(process)

    def wants(self) -> bool:
        return not self._done if self.alone else bool(self.idle)

    def orders(self) -> list[Order]:
        return list(self._busy.values())

    def give(self, order: Order) -> None:
        if self.alone:
            self._done.append((order, answer(self.board, order)))
            return
        connection = self.idle.pop()
        connection.send(order)
        self._busy[connection] = order

    def finished(self, until: float) -> Iterator[tuple[Order, Answer | None]]:
        """What has come back; waits for something until then."""
        done, self._done = self._done, []
        yield from done
        if done or not self._busy:
            return
        for connection in wait(list(self._busy), max(until - monotonic(), 0)):
            assert isinstance(connection, Connection)
            order = self._busy.pop(connection)
            try:
                found = connection.recv()
            except EOFError:
                continue
            self.idle.append(connection)
            yield order, found

    def is_gone(self) -> bool:
        return not self.alone and not self.idle and not self._busy

    def dismiss(self) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()


def _serve(connection: Connection, others: list[Connection], board: Board) -> None:
    for other in others:
        other.close()
    while True:
        try:
            order = connection.recv()
        except EOFError:
            return
        connection.send(answer(board, order))
