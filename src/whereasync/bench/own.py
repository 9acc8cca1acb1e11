"""The user's own project on the bench: entered through the guest, on databases of ours.

Whom a request comes from and what stands in its path is known only once the databases are there:
``complete`` puts both into the experiment. A newcomer would log in through the project's own login
page, and need a password for it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from whereasync.bench.stage import RACE
from whereasync.guard import Guard
from whereasync.guard.outcalls import find_way_on, read_outcalls
from whereasync.model import Caveat, Fault, Order, Prepared
from whereasync.model.configuration import PARAMETER
from whereasync.project import settle_in
from whereasync.project.data import make_ready, provide
from whereasync.servers import App
from whereasync.upstreams.company import keep_company

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from whereasync.bench.stage import Service
    from whereasync.model import Config, DatabaseFacts, Experiment, Inventory, Recipe, Request
    from whereasync.processes import Supervisor
    from whereasync.project import Guest, Home
    from whereasync.project.data import Data
    from whereasync.upstreams.company import Company, Wanted
    from whereasync.upstreams.surroundings import Surroundings

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")  # Django asks no CSRF token for these
DJANGO = "django"  # in place of an application's name
# A masked token wherever a page may have it: a form's field, a meta tag, a script's variable.
CSRF = r"(?i)csrf[^<>\n]{0,60}[a-z0-9]{64}\b"
LOCALHOST = "localhost"
DEBUG = "DEBUG is on, in both arms: every query is kept in memory; a site in use has it off"
LAUNCHER = ("-m", "whereasync_guest.serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSetting:
    """A project of the user's, and how it is to be brought up."""

    home: Home
    config: Config
    recipes: tuple[Recipe, ...] = ()  # that the experiment asks for
    users: tuple[str, ...] = ()  # … and by whom, as the project calls them
    swaps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # role → dotted names
    overlay: tuple[str, ...] = ()  # servers that the project lacks
    database: str | None = None  # as ``databases.provision`` takes it
    guard: Guard = field(default_factory=lambda: Guard(is_on=False))
    stand_ins: Wanted | None = None
    apps: Mapping[str, App] = field(default_factory=dict)
    real: Service | None = None

    @property
    def app(self) -> App:
        """What is served: the guest's application, which enters the project."""
        return App(
            python=self.home.python,
            directory=self.home.directory,
            wsgi="whereasync_guest.wsgi:application",
            asgi="whereasync_guest.asgi:application",
            call=LAUNCHER,
            overlay=self.overlay,
        )

    @contextlib.contextmanager
    def bring_up(self, supervisor: Supervisor) -> Iterator[OwnProject]:
        """Enter the project and provide its databases and stand-ins while the context lasts."""
        with contextlib.ExitStack() as up:
            home, company = self.home, None
            if self.stand_ins is not None:
                company = up.enter_context(keep_company(self.stand_ins, supervisor))
                home = self.surround(company.surroundings)
            guest = settle_in(home, supervisor)
            inventory = guest.ask("inventory").inventory
            assert inventory is not None  # an answer without a fault has it
            data = up.enter_context(
                provide(
                    inventory.databases,
                    supervisor,
                    url=self.database,
                    template=self.config.template,
                )
            )
            order = self._order(inventory)
            yield OwnProject(
                setting=self,
                guest=guest,
                data=data,
                order=order,
                company=company,
                inventory=inventory,
            )

    def surround(self, surroundings: Surroundings) -> Home:
        """Lay the stand-ins' files over the project's; return the home whose clients trust them."""
        if self.guard.is_on:  # the mounts are this namespace's alone
            from whereasync.guard import kernel

            for theirs, ours in surroundings.mounts.items():
                kernel.bind(Path(ours), Path(theirs))
        environment = {**self.home.environment, **surroundings.environment}
        return replace(self.home, environment=environment)

    def _order(self, inventory: Inventory) -> Order:
        new = self.config.new_users
        return Order(
            overlay=self.overlay,
            wsgi=_choose_entry(self.config.wsgi, inventory.wsgi),
            asgi=_choose_entry(self.config.asgi, inventory.asgi),
            tasks=self.config.tasks,
            users=self.users,
            new_users={name: new[name] for name in self.users if name in new},
            fills={each.name: each.fill for each in self.recipes if each.fill},
        )


def _choose_entry(said: str, found: str) -> str:
    """Return what a server is to be given; empty: Django's own."""
    return "" if said == DJANGO else said or found


@dataclass(slots=True, kw_only=True)
class OwnProject:
    """A ``Project`` that the guest enters."""

    setting: OwnSetting
    guest: Guest
    data: Data
    order: Order  # beside the databases and the swaps of a role
    company: Company | None
    inventory: Inventory
    prepared: Prepared = field(default_factory=Prepared)
    first: dict[str, str] = field(default_factory=dict)  # role → a path that it is asked for

    @property
    def app(self) -> App:
        """What is served."""
        return self.setting.app

    @property
    def title(self) -> str:
        """What a reader calls it."""
        return self.setting.home.settings

    @property
    def catalogue(self) -> str:
        """The command that shows what can be asked for."""
        return "whereasync init"

    @property
    def facts(self) -> DatabaseFacts | None:
        """The database that answers; None where the project has none."""
        return self.data.facts

    @property
    def pids(self) -> tuple[int, ...]:
        """Roots of the database's process trees, where they are ours."""
        return self.data.pids

    @property
    def said(self) -> tuple[str, ...]:
        """What was replaced, to be said aloud."""
        swapped = (
            f"in {role.upper()}, {new} answers in place of {old}"
            for role, swaps in self.setting.swaps.items()
            for old, new in swaps.items()
        )
        others = (*self.prepared.said, *self._say_stand_ins())
        debug = (DEBUG,) if self.inventory.is_debug else ()
        return (*debug, *swapped, *others, self.setting.guard.sentence)

    def _say_stand_ins(self) -> Iterator[str]:
        wanted = self.setting.stand_ins
        for each in wanted.stand_ins.declared if wanted else ():
            waits = ", ".join(dict.fromkeys(route.latency for route in each.routes))
            yield f"{each.origin}: answered by a stand-in, after {waits}"
        if wanted and wanted.recording:
            yield f"other services: replayed from the recording {wanted.recording.name}"

    def app_of(self, role: str) -> App:
        """Return what is served: the same in every role."""
        del role
        return self.app

    def prepare(self, patience: float | None = None) -> None:
        """Make the database that all copies are made of: migrated, seeded, logged in to.

        WhereAsyncError where it isn't within ``patience`` seconds.
        """
        seed = self.setting.config.seed
        # What is swapped is swapped here too, so that a wrong name is said before any server.
        first, *others = [each for each in self.setting.swaps.values() if each] or [{}]
        order = replace(self.order, swaps=dict(first))
        ready = make_ready(self.data, self.guest, RACE, order=order, seed=seed, patience=patience)
        self.prepared = ready.prepared
        for swaps in others:  # whole once more: caches are written anew, sessions among them
            again = replace(order, databases=ready.databases, swaps=dict(swaps))
            prepared = self.guest.ask("prepare", order=again).prepared or Prepared()
            said = tuple(dict.fromkeys((*self.prepared.said, *prepared.said)))
            self.prepared = replace(prepared, said=said)

    def dismiss_company(self) -> None:
        """Stop the stand-ins and take their files away: others are to have their place."""
        if self.company is None:
            return
        self.company.child.stop()
        if self.setting.guard.is_on:
            from whereasync.guard import kernel

            for theirs in self.company.surroundings.mounts:
                kernel.uncover(Path(theirs))

    def first_path(self, role: str) -> str:
        """Return the path whose answer tells that a server is ready."""
        return self.first.get(role, "/")

    @property
    def is_trusted(self) -> bool:
        """No: a view that fails is the user's to mend, and the dry run says how."""
        return False

    def load_race(self, objects: int) -> None:
        """Nothing: the data are what the project's own seed makes them."""

    def complete_request(self, request: Request) -> Request:
        """Return a request as it is sent, once prepared."""
        directed = direct_request(request, self.setting.config.host)
        return complete_request(directed, self.prepared)

    def complete(self, experiment: Experiment) -> Experiment:
        """Return the experiment with sessions, tokens and what fills the paths put in."""
        cells = tuple(
            replace(
                cell,
                a=replace(cell.a, request=self.complete_request(cell.a.request)),
                b=replace(cell.b, request=self.complete_request(cell.b.request)),
            )
            for cell in experiment.cells
        )
        self.first = {side.role: side.request.path for cell in cells for side in (cell.a, cell.b)}
        return replace(experiment, cells=cells, sweep=cells if experiment.sweep else ())

    def copy(self, role: str, name: str) -> dict[str, str]:
        """Copy the databases; return the environment that leads a server there."""
        databases = self.data.create(name, template=RACE)
        swaps = dict(self.setting.swaps.get(role, {}))
        return self.guest.environment(name, replace(self.order, databases=databases, swaps=swaps))

    def drop(self, name: str) -> None:
        """Drop the copy of that name."""
        self.data.drop(name)

    def counting(
        self,
    ) -> contextlib.AbstractContextManager[Callable[[], Mapping[str, int] | None]]:
        """Give a function that counts the connections to each copy by its name."""
        return self.data.counting()

    def reach(self, service: Service | None) -> dict[str, str]:
        """Return nothing: the project calls its services by their own names."""
        del service
        return {}

    def find_caveats(self) -> tuple[Fault, ...]:
        """Return who called out of the project's network, and what no stand-in could answer."""
        refused = (
            Fault(
                kind=Caveat.CALLED_OUT,
                detail=f"{each.where or 'somebody'} calls {each.named}"
                + (", and was refused" if each.is_refused else ", for real"),
                hint=find_way_on(each),
            )
            for each in read_outcalls(self.guest.directory)
        )
        return (*refused, *(_explain(self.company) if self.company else ()))


def _explain(company: Company) -> Iterator[Fault]:
    account = company.account()
    for each in account.unanswered:
        often = "once" if each.count == 1 else f"{each.count:,} times"
        yield Fault(
            kind=Caveat.NO_STAND_IN,
            detail=f"{each.method} {each.url} got {each.reason or 'a 501'}, {often}",
            hint="declare that route in [stand-ins], or record it: whereasync record",
        )
    for client in account.refusals:
        yield Fault(
            kind=Caveat.NO_STAND_IN,
            detail=f"a client doesn't trust the stand-in of {client.host}: {client.reason}",
            hint="have it read SSL_CERT_FILE, or swap the call for one that waits as long",
        )


def direct_request(request: Request, host: str) -> Request:
    """Return a request for that host, or for localhost: few projects know 127.0.0.1.

    Its answer may bear Django's CSRF tokens, which are others each time.
    """
    is_said = any(name.lower() == "host" for name, _ in request.headers)
    headers = request.headers if is_said else (("Host", host or LOCALHOST), *request.headers)
    return replace(request, headers=headers, volatile=(*request.volatile, CSRF))


def complete_request(request: Request, prepared: Prepared) -> Request:
    """Return a request with its user's session, its token, and its path's places filled."""
    values = prepared.filled.get(request.recipe, {})
    path = PARAMETER.sub(
        lambda found: quote(values[found[1]], safe="/") if found[1] in values else found[0],
        request.path,
    )
    return replace(request, path=path, headers=tuple(_identify(request, prepared)))


def _identify(request: Request, prepared: Prepared) -> Iterator[tuple[str, str]]:
    """Yield a request's headers with those that say whom it comes from; its own come first."""
    is_safe, named = request.method in SAFE, {name.lower() for name, _ in request.headers}
    cookies = prepared.cookies.get(request.user, {}) if request.user or not is_safe else {}
    ours = "; ".join(f"{name}={value}" for name, value in cookies.items())
    for name, value in request.headers:
        if ours and name.lower() == "cookie":
            yield name, "; ".join(filter(None, [value, ours]))
            ours = ""
        else:
            yield name, value
    if ours:
        yield "Cookie", ours
    token = "" if is_safe else prepared.tokens.get(request.user, "")
    if token and prepared.csrf_header.lower() not in named:
        yield prepared.csrf_header, token
