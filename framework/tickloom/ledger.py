"""Who owns what: cash, locks, positions, fees of every account, in Python ints, by double entry.

Every booking takes from one account what it gives to another: a fill trades with ``market``, a fee goes to ``fees``,
a deposit comes from ``external``. So each asset always sums to zero over all accounts, and to what was deposited
without ``external``, whatever the fills were and however their values were rounded.

The same class is the run's ledger (as known) and a simulated venue's own truth.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from tickloom.errors import ConfigError
from tickloom.instruments import Contract, Instrument, asset_precisions
from tickloom.money import positions
from tickloom.money.exact import half_even
from tickloom.money.positions import Position

MARKET = "market"
FEES = "fees"
EXTERNAL = "external"

_FLAT = Position()


class Ledger:
    """Cash and positions of several accounts over several instruments.

    Money is in smallest units of its asset, prices in ticks, quantities in lots. Cash may become negative (a short
    sale of spot, a loss): what an account may do is for the gate and the venue to say.

    Parameters
    ----------
    instruments : sequence of Instrument
        By index, as in events.
    accounts : sequence of str
        Names by index; ``market``, ``fees`` and ``external`` are taken.
    venues : sequence of str
        Venue of each account. Where given, an account's spot holdings are valued at its own venue's prices only.

    Attributes
    ----------
    instruments, accounts, venues
        As given.
    precisions : dict
        Asset to decimals of its smallest unit.

    Raises
    ------
    ConfigError
        Instruments disagree on an asset's precision, or an account's name is taken.
    """

    def __init__(self, instruments: Sequence[Instrument], accounts: Sequence[str], venues: Sequence[str] = ()) -> None:
        taken = {MARKET, FEES, EXTERNAL} & set(accounts)
        if taken or len(set(accounts)) < len(accounts):
            raise ConfigError(
                f"accounts {', '.join(accounts)}: names must differ, and {MARKET}, {FEES}, {EXTERNAL} are taken"
            )
        if venues and len(venues) != len(accounts):
            raise ConfigError(f"{len(venues)} venues were given for {len(accounts)} accounts")
        self.instruments = tuple(instruments)
        self.accounts = tuple(accounts)
        self.venues = tuple(venues)
        self.precisions = asset_precisions(instruments)
        self._settling: defaultdict[str, list[int]] = defaultdict(list)
        for index, one in enumerate(self.instruments):
            self._settling[one.settle].append(index)
        self._cash: list[defaultdict[str, int]] = [defaultdict(int) for _ in accounts]
        self._deposited: list[defaultdict[str, int]] = [defaultdict(int) for _ in accounts]
        self._fees_paid: list[defaultdict[str, int]] = [defaultdict(int) for _ in accounts]
        self._locked: list[defaultdict[str, int]] = [defaultdict(int) for _ in accounts]
        self._positions: list[list[Position]] = [[_FLAT] * len(self.instruments) for _ in accounts]
        self._market: defaultdict[str, int] = defaultdict(int)
        self._fees: defaultdict[str, int] = defaultdict(int)
        self._external: defaultdict[str, int] = defaultdict(int)

    def deposit(self, account: int, asset: str, units: int) -> None:
        """Bring smallest units of an asset in from outside; a negative number takes them out."""
        self._cash[account][asset] += units
        self._deposited[account][asset] += units
        self._external[asset] -= units

    def fill(
        self, account: int, instrument: int, side: int, price: int, quantity: int, fee: int, fee_asset: str = ""
    ) -> None:
        """Book an execution and its fee.

        Spot moves base and quote; a contract moves cash only by what it realised.

        Parameters
        ----------
        account, instrument : int
            Indices.
        side : int
            +1 bought, -1 sold.
        price : int
            Price (ticks), above 0.
        quantity : int
            Quantity (lots), above 0.
        fee : int
            Smallest units of the fee's asset; negative: a rebate.
        fee_asset : str
            Asset of the fee, where it is not the instrument's settlement asset.

        Raises
        ------
        ValueError
            Side, price or quantity is none.
        """
        if price <= 0 or quantity <= 0 or side not in {1, -1}:
            raise ValueError(f"no fill: side {side}, price {price} ticks, quantity {quantity} lots")
        terms = self.instruments[instrument]
        held = self._positions[account][instrument]
        now = positions.after_fill(held, terms, side, price, quantity)
        self._positions[account][instrument] = now
        if terms.contract is Contract.SPOT:
            self._pay(account, terms.settle, side * (held.turnover - now.turnover))
            self._pay(account, terms.base, side * quantity * terms.lot_units)
        elif now.realised != held.realised:
            self._pay(account, terms.settle, now.realised - held.realised)
        if fee:
            asset = fee_asset or terms.settle
            self._cash[account][asset] -= fee
            self._fees_paid[account][asset] += fee
            self._fees[asset] += fee

    def _pay(self, account: int, asset: str, units: int) -> None:
        """Move smallest units from the market to an account."""
        self._cash[account][asset] += units
        self._market[asset] -= units

    def funding(self, account: int, instrument: int, units: int) -> None:
        """Book a funding payment in the instrument's settlement asset, positive when the account received it."""
        held = self._positions[account][instrument]
        self._positions[account][instrument] = held._replace(funding=held.funding + units)
        self._pay(account, self.instruments[instrument].settle, units)

    def lock(self, account: int, asset: str, units: int) -> None:
        """Set cash aside for a working order (smallest units); `free` may become negative, `cash` stays."""
        if units < 0:
            raise ValueError(f"{self.accounts[account]}: cannot lock {units} units of {asset}")
        self._locked[account][asset] += units

    def unlock(self, account: int, asset: str, units: int) -> None:
        """Give back what was set aside (smallest units); more than is locked is a ValueError."""
        locked = self._locked[account][asset]
        if not 0 <= units <= locked:
            raise ValueError(f"{self.accounts[account]}: cannot unlock {units} units of {asset}, {locked} are locked")
        self._locked[account][asset] = locked - units

    def cash(self, account: int, asset: str) -> int:
        """Cash of an account, locked or not (smallest units)."""
        return self._cash[account].get(asset, 0)

    def locked(self, account: int, asset: str) -> int:
        """Cash that working orders hold (smallest units)."""
        return self._locked[account].get(asset, 0)

    def free(self, account: int, asset: str) -> int:
        """Cash that no working order holds (smallest units); negative where orders hold more than there is."""
        return self._cash[account].get(asset, 0) - self._locked[account].get(asset, 0)

    def assets(self, account: int) -> list[str]:
        """Names of the assets in which an account has ever had a booking, sorted."""
        return sorted(self._cash[account])

    def position(self, account: int, instrument: int) -> Position:
        """Position of an account in an instrument; it does not change when the ledger does."""
        return self._positions[account][instrument]

    def average_price(self, account: int, instrument: int) -> Decimal | None:
        """Average price (quote per base) of the open quantity, for display; None where nothing is held."""
        return positions.average_price(self._positions[account][instrument], self.instruments[instrument])

    def unrealised(self, account: int, instrument: int, price: int) -> int:
        """Profit that closing the position at a price (ticks) would realise, before fees (settlement asset's units)."""
        return positions.unrealised(self._positions[account][instrument], self.instruments[instrument], price)

    def fees_paid(self, account: int, asset: str) -> int:
        """Fees paid less rebates received in one asset (smallest units)."""
        return self._fees_paid[account].get(asset, 0)

    def equity(self, account: int, asset: str, prices: Mapping[int, int]) -> int:
        """Value an account in one asset.

        Parameters
        ----------
        account : int
            Index.
        asset : str
            Its cash counts as it is. So do the cash of every base asset that a spot instrument prices in it, deposits
            included and each once (by the first such instrument), and the unrealised profit of contracts that settle
            in it. Nothing else does: there is no conversion by two steps.
        prices : mapping
            Instrument index to price (ticks). What has no price yet counts nothing.

        Returns
        -------
        int
            Smallest units of ``asset``.
        """
        total = self.cash(account, asset)
        valued: set[str] = set()
        for instrument in self._settling.get(asset, ()):
            if instrument not in prices:
                continue
            terms = self.instruments[instrument]
            if terms.contract is not Contract.SPOT:
                total += self.unrealised(account, instrument, prices[instrument])
            elif terms.base not in valued and (not self.venues or self.venues[account] == terms.venue):
                valued.add(terms.base)
                total += _worth(terms, self.cash(account, terms.base), prices[instrument])
        return total

    def balances(self) -> dict[str, dict[str, int]]:
        """Cash of every account by name, ``market``, ``fees`` and ``external`` included: asset to smallest units."""
        ours = {name: dict(cash) for name, cash in zip(self.accounts, self._cash, strict=True)}
        return ours | {MARKET: dict(self._market), FEES: dict(self._fees), EXTERNAL: dict(self._external)}

    def totals(self) -> dict[str, int]:
        """Sum of each asset over all accounts but ``external``, which is what was deposited (smallest units)."""
        sums: defaultdict[str, int] = defaultdict(int)
        for name, cash in self.balances().items():
            for asset, units in cash.items():
                sums[asset] += 0 if name == EXTERNAL else units
        return dict(sums)

    def check(self) -> None:
        """Prove the books.

        Raises
        ------
        AssertionError
            An asset does not sum to what was deposited, or a balance is not what deposits, fees and positions of
            its account make it. Either is a defect of the program; the text has the asset and the difference.
        """
        for asset, total in self.totals().items():
            deposited = -self._external[asset]
            if total != deposited:
                raise AssertionError(f"{asset}: accounts sum to {total}, {deposited} were deposited")
        for account, name in enumerate(self.accounts):
            expected = self._explained(account)
            for asset in expected.keys() | self._cash[account].keys():
                if self.cash(account, asset) != expected[asset]:
                    raise AssertionError(
                        f"{name}: {self.cash(account, asset)} units of {asset}, its bookings make {expected[asset]}"
                    )

    def _explained(self, account: int) -> defaultdict[str, int]:
        """Cash that follows from deposits, fees and positions: a second way to the same numbers."""
        cash = self._deposited[account].copy()
        for asset, fees in self._fees_paid[account].items():
            cash[asset] -= fees
        for terms, held in zip(self.instruments, self._positions[account], strict=True):
            cash[terms.settle] += held.realised + held.funding
            if terms.contract is Contract.SPOT:
                cash[terms.settle] -= held.cost
                cash[terms.base] += terms.base_units(held.quantity)
        return cash


def _worth(terms: Instrument, units: int, price: int) -> int:
    """Value of smallest units of a spot instrument's base asset, which need not be whole lots."""
    numerator, denominator = terms.value_ratio
    return half_even(units * price * numerator, terms.lot_units * denominator)
