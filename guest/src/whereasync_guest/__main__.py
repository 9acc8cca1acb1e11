"""``python -m whereasync_guest COMMAND``: does what the order says, and writes the answer.

An exception of the project's becomes a fault in the answer, never a traceback for the user.
"""

from __future__ import annotations

import sys
from typing import Callable

from whereasync_guest import answer
from whereasync_guest.entering import enter, find_started
from whereasync_guest.leaving import leave
from whereasync_guest.order import Order, read_order


def _inventory(order: Order, arguments: list[str]) -> None:  # noqa: ARG001 # every command's shape
    entered = enter(order)
    from whereasync_guest.inventory import take_inventory
    from whereasync_guest.model_names import name_models

    taken = {**take_inventory(entered, order), "models": name_models()}
    answer.write(order.answer, inventory=taken)


def _migrate(order: Order, aliases: list[str]) -> None:
    entered = enter(order)
    from whereasync_guest.managing import migrate

    migrate(aliases)
    answer.write(order.answer, prepared={"said": entered.said})


def _manage(order: Order, arguments: list[str]) -> None:
    entered = enter(order)
    from whereasync_guest.managing import manage

    manage(arguments)
    answer.write(order.answer, prepared={"said": entered.said})


def _prepare(order: Order, arguments: list[str]) -> None:  # noqa: ARG001 # every command's shape
    entered = enter(order)
    from whereasync_guest.preparing import prepare

    answer.write(order.answer, prepared=prepare(entered, order))


COMMANDS: dict[str, Callable[[Order, list[str]], None]] = {
    "inventory": _inventory,
    "migrate": _migrate,
    "manage": _manage,
    "prepare": _prepare,
}


def main(argv: list[str]) -> int:
    """Carry out one command; 1, and the fault in the answer, where the project raises."""
    order = read_order()
    try:
        COMMANDS[argv[0]](order, argv[1:])
    except KeyboardInterrupt:
        return 130
    except BaseException as error:  # noqa: BLE001 # a project may raise anything, SystemExit too
        answer.write(order.answer, fault=answer.describe(error))
        return 1
    return 0


if __name__ == "__main__":
    leave(main(sys.argv[1:]), find_started())
