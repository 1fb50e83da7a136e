"""From a config to a wired run: plugins are built, tables are numbered, listeners are compiled. Nothing runs yet."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import attrs

from tickloom.config import Config
from tickloom.engine.ahead.plan import Planner
from tickloom.engine.commands.road import Road
from tickloom.engine.commands.sessions import Session
from tickloom.engine.context import Moment, PluginContext
from tickloom.engine.loop import Loop
from tickloom.engine.market import Market
from tickloom.engine.run import Run
from tickloom.engine.seats import ModelSeat, Seat
from tickloom.engine.stream import Observer, OutcomeStream
from tickloom.engine.subscriptions import Subscriptions
from tickloom.engine.wiring.collect import Collector
from tickloom.engine.wiring.desk import desk
from tickloom.engine.wiring.strategies import emitters, order_kernel
from tickloom.engine.wiring.tables import build_accounts, build_series, build_views, feeds_of, number_tables
from tickloom.engine.wiring.warm import warm_up
from tickloom.errors import ConfigError, nearest
from tickloom.events import Bar, BookDelta, Event, Features, PluginFault, Quote, Trade
from tickloom.interfaces import RiskCheck
from tickloom.orders.gate import Gate, GateContext
from tickloom.orders.table import OrderTable
from tickloom.plugins import Registry
from tickloom.record import RunRecord, RunTables

if TYPE_CHECKING:
    from tickloom.bus.publisher import Publisher

_LISTENS: tuple[type[Event], ...] = (Trade, Quote, BookDelta, Bar)


def run_config(
    config: Config,
    registry: Registry,
    progress: Callable[[float], None] | None = None,
    observers: Sequence[Observer] = (),
) -> RunRecord:
    """Run a config from its first row to its last event.

    Parameters
    ----------
    config : Config
    registry : Registry
        The plugins that may be named in it.
    progress : callable, optional
        Called now and then with the part of the input that has been read (0 to 1).
    observers : sequence of Observer
        They see what is committed.

    Returns
    -------
    RunRecord
        What is left when the run has ended, for whatever reason; ``status`` says which.

    Raises
    ------
    ConfigError
        Where the run cannot be wired. Nothing has run then.
    """
    registry.configure(config)
    # Last, so that the journal has what listeners are told.
    publishers = _publishers(config, observers)
    wiring = Wiring(config, registry, (*observers, *publishers))
    run = wiring.run
    with ExitStack() as closing:
        for publisher in publishers:
            publisher.bind()
            closing.callback(publisher.close)
        failed = registry.call("tickloom_startup", run=run)
        if failed:
            raise ConfigError(f"{config.path.name}: {failed[0]} failed to start: {failed[0].fault}")
        try:
            run.execute(progress)
        finally:
            late = registry.call("tickloom_shutdown", run=run)
    return wiring.record([f"{plugin} failed to shut down: {plugin.fault}" for plugin in late])


def _publishers(config: Config, observers: Sequence[Observer]) -> "list[Publisher]":
    """Make the publisher that the config asks for; ZeroMQ is imported only then."""
    if config.bus is None:
        return []
    from tickloom.bus.publisher import Publisher
    from tickloom.storage.journal import Journal

    bus = config.bus
    past = next((one.entries for one in observers if isinstance(one, Journal)), None)
    return [Publisher(bus.publish, replay=bus.replay, keys=bus.keys, retain=bus.retain, past=past)]


class Wiring:
    """Builds a `Run`, part by part; keeps what the record of the run is made from.

    Attributes
    ----------
    run : Run
        Wired, not run.
    """

    def __init__(self, config: Config, registry: Registry, observers: Sequence[Observer] = (), block: int = 1 << 16):
        self._config = config
        self._registry = registry
        self._tables = tables = number_tables(config, registry)
        self._accounts = accounts = build_accounts(tables)
        self._series = build_series(tables)
        self._views = build_views(tables, registry, self._series)
        self._moment = Moment()
        self._market = Market(len(tables.instruments), self._moment)
        self._orders = OrderTable(len(accounts.names), len(tables.instruments))
        self._ledger = accounts.open(tables.instruments)
        self._sessions = self._open_sessions()
        self._collector = Collector(len(tables.instruments), list(tables.sources))
        self._newest: dict[str, dict[int, Features]] = {}
        self._planner = Planner(self._series, self._views)
        self._subscriptions = Subscriptions(len(tables.instruments), len(tables.series), self._planner)
        self._gate_context = GateContext(tables.instruments, self._moment, self._market, self._orders, self._ledger)
        self.run = self._wire(tuple(observers), block)

    def _open_sessions(self) -> dict[str, Session]:
        """Build the venues, each with a ledger of its own: the truth that we hear of later."""
        tables, sessions = self._tables, {}
        for name, section in self._config.venues.items():
            venue = self._registry.make("venue", section, self._config)
            own = [one if one.venue == name else None for one in tables.instruments]
            ledger = self._accounts.open(tables.instruments, name)
            lines = venue.open(name, own, ledger, self._config.run.seed, self._orders)
            sessions[name] = Session(name, venue, lines)
        return sessions

    def _wire(self, observers: tuple[Observer, ...], block: int) -> Run:
        tables, config = self._tables, self._config
        feeds = feeds_of(tables)
        self._cold = warm_up(tables, feeds, self._views)
        stream = OutcomeStream((self._collector, *observers), self._detached)
        longest = max((session.venue.longest() for session in self._sessions.values()), default=0)
        self.run = run = Run(
            seed=config.run.seed,
            tail=longest if config.run.tail is None else config.run.tail,
            on_fault=config.run.on_fault,
            moment=self._moment,
            market=self._market,
            stream=stream,
            orders=self._orders,
            seats=(),
            sessions=tuple(self._sessions.values()),
            subscriptions=self._subscriptions,
            tables=self._run_tables(),
            feeds=feeds,
            progress_of=[source.progress for source in tables.sources.values()],
            newest=self._newest,
            notify=self._notify,
            views=tuple(config.views),
            instrument_names=[one.name for one in tables.instruments],
        )
        run.seats = self._models() + self._strategies()
        run.road = self._road(run, stream)
        run.loop = Loop(
            self._moment,
            self._market,
            stream,
            self._planner,
            run.road,
            run.sessions,
            run.caught,
            run.circling,
            block,
        )
        self._listen(run)
        return run

    # --- plugins -----------------------------------------------------------------------------------------------------

    def _context(self, name: str, index: int, accounts: Sequence[int]) -> PluginContext:
        return PluginContext(
            name,
            index,
            self._config.run.seed,
            self._moment,
            self._market,
            self._orders,
            self._ledger,
            self._tables.instruments,
            accounts,
            self._tables.precisions,
            self._newest,
            self.run,
        )

    def _models(self) -> list[Seat]:
        nowhere = [-1] * len(self._tables.instruments)
        seats: list[Seat] = []
        for index, (name, section) in enumerate(self._config.models.items()):
            plugin = self._registry.make("model", section.plugin, self._config)
            context = self._context(name, -1, nowhere)
            seats.append(ModelSeat(name, plugin, context, (0, name, index), index=index, publish=self.run.publish))
        return seats

    def _strategies(self) -> list[Seat]:
        seats: list[Seat] = []
        for index, (name, section) in enumerate(self._config.strategies.items()):
            plugin = self._registry.make("strategy", section.plugin, self._config)
            where = f"{self._tables.file}: strategies.{name}"
            accounts = self._accounts.by_instrument(self._tables.instruments, section.accounts, where)
            plugin.ctx = context = self._context(name, index, accounts)
            context.model = len(self._config.models) + index
            seats.append(Seat(name, plugin, context, (section.priority, name, len(self._config.models) + index)))
        return seats

    def _road(self, run: Run, stream: OutcomeStream) -> Road:
        """Build the stations of the order road."""
        config, registry = self._config, self._registry
        nowhere = [-1] * len(self._tables.instruments)
        algorithms = {name: registry.make("algo", section, config) for name, section in config.algorithms.items()}
        router = registry.make("router", config.router, config)
        for name, plugin in {**algorithms, "router": router}.items():
            plugin.ctx = self._context(name, -1, nowhere)
        on_lines = [self._sessions[one.venue] for one in self._tables.instruments] if self._sessions else []
        road = Road(
            self._moment,
            self._market,
            stream,
            self._orders,
            self._ledger,
            Gate(self._checks()),
            algorithms,
            router,
            on_lines,
            lambda handler, event: run.loop.call(handler, event),  # noqa: PLW0108 - the loop is wired after its road
            run.fault,
            len(config.strategies),
        )
        road.desk = desk(road, run, on_lines, algorithms, router)
        for seat in run.seats:
            if seat.ctx.index >= 0:
                road.listen(seat.ctx.index, seat.handler("on_order"), seat.handler("on_fill"))
        return road

    def _checks(self) -> dict[str, RiskCheck]:
        config = self._config
        checks: dict[str, RiskCheck] = {"risk": self._registry.make("risk_check", config.risk, config)}
        for name, section in config.risk_checks.items():
            checks[name] = self._registry.make("risk_check", section, config)
        for check in checks.values():
            check.ctx = self._gate_context
        return checks

    # --- listeners ---------------------------------------------------------------------------------------------------

    def _listen(self, run: Run) -> None:
        """Connect every seat with what its config and its handlers ask for."""
        config, subscriptions = self._config, self._subscriptions
        subscriptions.connect(run.loop.announce, run.announce_features, run.refuse, self._views)
        subscriptions.on_kill(run.switch)
        self._planner.emitters = emitters(run, len(self._tables.instruments), self._tables.file)
        views, models = list(config.views), list(config.models)
        # By place and not by name: a model and a strategy may have the same one.
        modelling, trading = run.seats[: len(models)], run.seats[len(models) :]
        for seat, model in zip(modelling, config.models.values(), strict=True):
            subscriptions.watch_view(seat, views.index(model.view))
        for seat, (name, section) in zip(trading, config.strategies.items(), strict=True):
            where = f"strategies.{name}"
            for i in self._tables.chosen(section.instruments, f"{where}.instruments"):
                for kind in _LISTENS:
                    subscriptions.listen(seat, kind, i)
            if section.bars is not None:
                subscriptions.watch_bars(seat, frozenset(self._series_index(one, where) for one in section.bars))
            for view in section.views if section.views is not None else views:
                if section.views is not None or seat.handler("on_features"):
                    subscriptions.watch_view(seat, views.index(view))
            for one in section.models if section.models is not None else models:
                subscriptions.watch_model(seat, models.index(one))
            subscriptions.watch_model(seat, seat.ctx.model)
        for index in subscriptions.announced:
            self._newest[views[index]] = {}
        subscriptions.compile()
        run.loop.compiled = order_kernel(trading, run, self._tables.file)

    def _series_index(self, name: str, where: str) -> int:
        series = self._tables.series
        if name not in series:
            raise ConfigError(f"{self._tables.file}: {where}.bars: no series {name!r}; {nearest(name, series)}")
        return series.index(name)

    def _run_tables(self) -> RunTables:
        tables, config = self._tables, self._config
        venues = list(config.venues)
        return RunTables(
            name=config.name,
            config=config.raw,
            seed=config.run.seed,
            versions=self._registry.versions,
            instruments=tables.instruments,
            accounts=self._accounts.names,
            account_venues=[venues.index(venue) for venue in self._accounts.venues],
            strategies=tuple(config.strategies),
            models=(*config.models, *config.strategies),
            views=tuple(config.views),
            sources=tuple(config.sources),
            venues=venues,
            series=tables.series,
            deposits=self._accounts.deposits,
            view_versions={
                name: view.features.plan.version for name, view in zip(config.views, self._views, strict=True)
            },
        )

    # --- afterwards --------------------------------------------------------------------------------------------------

    def _detached(self, observer: Observer, method: str, error: Exception) -> None:
        self.run.detached(observer, method, error)

    def _notify(self, fault: PluginFault) -> None:
        self._registry.call("tickloom_plugin_fault", fault=fault)

    def record(self, notes: Sequence[str] = ()) -> RunRecord:
        """Return what is left of the run, with further ``notes`` for the reader of its report."""
        run, seen = self.run, self._collector
        return RunRecord(
            **attrs.asdict(run.tables, recurse=False),
            entries=seen.entries,
            arrivals=self._orders.arrivals(),
            marks=seen.marks,
            cell=seen.cell,
            ledger=self._ledger,
            rows=seen.counts,
            bad_inputs=seen.bad_inputs,
            first=seen.first,
            last=seen.last,
            notes=[note for session in run.sessions for note in session.venue.notes()]
            + [*seen.doubts, *self._late_trades(), *self._cold, *notes],
            status=run.status,
        )

    def _late_trades(self) -> list[str]:
        return [
            f"bars {series.name} of {self._tables.instruments[series.instrument].name}: "
            f"{series.late} trades came after their bar had closed, and are in no bar"
            for series in self._series
            if series.late
        ]
