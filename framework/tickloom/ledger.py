"""Who owns what: cash, locks, positions, fees of every account, in whole units, by double entry.

Every booking takes from one account what it gives to another: a fill trades with ``market``, a fee goes to ``fees``,
a deposit comes from ``external``. So each asset always sums to zero over all accounts, and to what was deposited
without ``external``, whatever the fills were and however their values were rounded.

The same class is the run's ledger (as known) and a simulated venue's own truth. The books are one int64 array that
kernels change (`tickloom_kernels.money.ledger`); this gives it names and Python ints.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from tickloom.errors import ConfigError
from tickloom.instruments import Contract, Instrument, asset_precisions
from tickloom.money import positions
from tickloom.money.positions import Position
from tickloom.money.terms import terms_of

MARKET = "market"
FEES = "fees"
EXTERNAL = "external"

_MOST = 2**63 - 1


class Ledger:
    """Cash and positions of several accounts over several instruments.

    Money is in smallest units of its asset, prices in ticks, quantities in lots. Cash may become negative (a short
    sale of spot, a loss): what an account may do is for the gate and the venue to say. All of it fits into int64; a
    booking that would not is refused with an `OverflowError`, and changes nothing.

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
    state : ndarray of int64
        The books, laid out as `tickloom_kernels.money.ledger` says. A booking in an asset that no instrument has makes
        a longer array, so ask for it anew after one.
    assets_by_index : list of str
        What the books' indices of assets mean.

    Raises
    ------
    ConfigError
        Instruments disagree on an asset's precision, their terms do not fit into int64, or an account's name is taken.
    """

    state: NDArray[np.int64]

    def __init__(self, instruments: Sequence[Instrument], accounts: Sequence[str], venues: Sequence[str] = ()) -> None:
        # Only now: a record, and so a report, names this class without needing numba.
        from tickloom_kernels.money import ledger as kernels

        taken = {MARKET, FEES, EXTERNAL} & set(accounts)
        if taken or len(set(accounts)) < len(accounts):
            raise ConfigError(
                f"accounts {', '.join(accounts)}: names must differ, and {MARKET}, {FEES}, {EXTERNAL} are taken"
            )
        if venues and len(venues) != len(accounts):
            raise ConfigError(f"{len(venues)} venues were given for {len(accounts)} accounts")
        self._kernels = kernels
        self.instruments = tuple(instruments)
        self.accounts = tuple(accounts)
        self.venues = tuple(venues)
        self.precisions = asset_precisions(instruments)
        self.assets_by_index = list(self.precisions)
        self._index = {asset: i for i, asset in enumerate(self.assets_by_index)}
        names = list(dict.fromkeys((*venues, *(one.venue for one in instruments))))
        terms = np.zeros((len(self.instruments), kernels.TERMS_WORDS), np.int64)
        for row, one in zip(terms, self.instruments, strict=True):
            row[:] = terms_of(one, self._index, names.index(one.venue))
        at = [names.index(venue) for venue in venues] or [kernels.ANY_VENUE] * len(self.accounts)
        self.state = kernels.new_ledger(terms, np.array(at, np.int64), len(self._index))
        self._positions_at = self.state.item(kernels.POSITIONS_AT)
        self._assets_at = self.state.item(kernels.ASSETS_AT)
        self._asset_words = self.state.item(kernels.ASSET_WORDS)

    def charge(self, instrument: int, terms: Instrument) -> None:
        """Let the fees of an instrument be those of ``terms``, which is the same instrument otherwise."""
        kernels = self._kernels
        at = self.state.item(kernels.TERMS_AT) + instrument * kernels.TERMS_WORDS
        venue = self.state.item(at + kernels.VENUE)
        self.state[at : at + kernels.TERMS_WORDS] = terms_of(terms, self._index, venue)
        self.instruments = (*self.instruments[:instrument], terms, *self.instruments[instrument + 1 :])

    # --- bookings ----------------------------------------------------------------------------------------------------

    def deposit(self, account: int, asset: str, units: int) -> None:
        """Bring smallest units of an asset in from outside; a negative number takes them out.

        Raises
        ------
        ConfigError
            The account's cash would not fit into an int64.
        """
        kernels = self._kernels
        at = self._holding(account, self._asset(asset))
        outside = self._assets_at + self._index[asset] * self._asset_words + kernels.EXTERNAL
        if not self._moved((at + kernels.CASH, units), (at + kernels.DEPOSITED, units), (outside, -units)):
            raise ConfigError(
                f"{self.accounts[account]}: {units} smallest units of {asset} more do not fit into an int64, which "
                f"holds up to {_MOST}; deposit less, or lower the precision of {asset}"
            )
        self.state[at + kernels.BOOKED] = 1

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
        OverflowError
            A number would leave int64; nothing is booked then.
        """
        if price <= 0 or quantity <= 0 or side not in {1, -1}:
            raise ValueError(f"no fill: side {side}, price {price} ticks, quantity {quantity} lots")
        self._position(account, instrument)
        asset = self._asset(fee_asset) if fee and fee_asset else -1
        # A larger int, or a side that is an enum, would have numba compile the kernel anew, for another type.
        fits = price <= _MOST and quantity <= _MOST and -_MOST <= fee <= _MOST
        sign = 1 if side > 0 else -1
        if not fits or not self._kernels.fill(self.state, account, instrument, sign, price, quantity, fee, asset):
            self._overflow(
                account, instrument, f"a fill of side {side}, {quantity} lots at {price} ticks with a fee of {fee}"
            )

    def funding(self, account: int, instrument: int, units: int) -> None:
        """Book a funding payment in the instrument's settlement asset, positive when the account received it.

        Raises
        ------
        OverflowError
            A number would leave int64; nothing is booked then.
        """
        kernels = self._kernels
        held = self._position(account, instrument)
        asset = self._index[self.instruments[instrument].settle]
        at, others = self._holding(account, asset), self._assets_at + asset * self._asset_words
        moves = (held + kernels.FUNDING, units), (at + kernels.CASH, units), (others + kernels.MARKET, -units)
        if not self._moved(*moves):
            self._overflow(account, instrument, f"a funding payment of {units}")
        self.state[at + kernels.BOOKED] = 1

    def lock(self, account: int, asset: str, units: int) -> None:
        """Set cash aside for a working order (smallest units); `free` may become negative, `cash` stays."""
        if not 0 <= units <= _MOST or not self._locks(account, asset, units):
            raise ValueError(f"{self.accounts[account]}: cannot lock {units} units of {asset}")

    def unlock(self, account: int, asset: str, units: int) -> None:
        """Give back what was set aside (smallest units); more than is locked is a ValueError."""
        locked = self.locked(account, asset)
        if not 0 <= units <= locked:
            raise ValueError(f"{self.accounts[account]}: cannot unlock {units} units of {asset}, {locked} are locked")
        self._locks(account, asset, -units)

    def _locks(self, account: int, asset: str, change: int) -> bool:
        self._holding(account, 0)
        return bool(self._kernels.lock(self.state, account, self._asset(asset), change))

    def _moved(self, *moves: tuple[int, int]) -> bool:
        """Add to words of the books, if all of them then fit."""
        sums = [(at, self.state.item(at) + change) for at, change in moves]
        if any(abs(total) > _MOST for _, total in sums):
            return False
        for at, total in sums:
            self.state[at] = total
        return True

    def _overflow(self, account: int, instrument: int, what: str) -> NoReturn:
        raise OverflowError(
            f"{self.accounts[account]}, {self.instruments[instrument].name}: {what} does not fit into int64 beside "
            f"{self.position(account, instrument)}; raise the lot size or lower the precision of its assets"
        )

    # --- where things lie --------------------------------------------------------------------------------------------

    def _asset(self, asset: str) -> int:
        """Index of an asset, which the books get room for where they had none."""
        index = self._index.get(asset)
        if index is None:
            self._index[asset] = index = len(self._index)
            self.assets_by_index.append(asset)
            self.state = self._kernels.with_another_asset(self.state)
        return index

    def _holding(self, account: int, asset: int) -> int:
        """Offset of what an account has of an asset; kernels do not look whether there is such an account."""
        if not 0 <= account < len(self.accounts):
            raise IndexError(f"no account {account}; there are {len(self.accounts)}")
        kernels = self._kernels
        at: int = self._assets_at + asset * self._asset_words + kernels.OTHERS + account * kernels.HOLDING_WORDS
        return at

    def _position(self, account: int, instrument: int) -> int:
        """Offset of a position; kernels do not look whether there is such an account and such an instrument."""
        count = len(self.instruments)
        if not 0 <= account < len(self.accounts) or not 0 <= instrument < count:
            raise IndexError(
                f"no account {account} or instrument {instrument}; there are {len(self.accounts)} and {count}"
            )
        at: int = self._positions_at + (account * count + instrument) * self._kernels.POSITION_WORDS
        return at

    def _held(self, account: int, asset: str, word: int) -> int:
        """One of the numbers that an account has of an asset."""
        index = self._index.get(asset)
        return 0 if index is None else self.state.item(self._holding(account, index) + word)

    # --- what is in the books ----------------------------------------------------------------------------------------

    def cash(self, account: int, asset: str) -> int:
        """Cash of an account, locked or not (smallest units)."""
        return self._held(account, asset, self._kernels.CASH)

    def locked(self, account: int, asset: str) -> int:
        """Cash that working orders hold (smallest units)."""
        return self._held(account, asset, self._kernels.LOCKED)

    def free(self, account: int, asset: str) -> int:
        """Cash that no working order holds (smallest units); negative where orders hold more than there is."""
        return self.cash(account, asset) - self.locked(account, asset)

    def assets(self, account: int) -> list[str]:
        """Names of the assets in which an account has ever had a booking, sorted."""
        return sorted(asset for asset in self._index if self._held(account, asset, self._kernels.BOOKED))

    def position(self, account: int, instrument: int) -> Position:
        """Position of an account in an instrument; it does not change when the ledger does."""
        at = self._position(account, instrument)
        return Position._make(self.state[at : at + len(Position._fields)].tolist())

    def average_price(self, account: int, instrument: int) -> Decimal | None:
        """Average price (quote per base) of the open quantity, for display; None where nothing is held."""
        return positions.average_price(self.position(account, instrument), self.instruments[instrument])

    def unrealised(self, account: int, instrument: int, price: int) -> int:
        """Profit that closing the position at a price (ticks) would realise, before fees (settlement asset's units)."""
        self._position(account, instrument)
        fits = 0 < price <= _MOST
        profit = int(self._kernels.unrealised(self.state, account, instrument, price)) if fits else -_MOST - 1
        if profit < -_MOST:
            self._overflow(account, instrument, f"the value at {price} ticks")
        return profit

    def fees_paid(self, account: int, asset: str) -> int:
        """Fees paid less rebates received in one asset (smallest units)."""
        return self._held(account, asset, self._kernels.FEES_PAID)

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

        Raises
        ------
        OverflowError
            It does not fit into an int64.
        """
        index = self._index.get(asset)
        if index is None:
            return 0
        self._holding(account, index)
        ticks = np.zeros(len(self.instruments), np.int64)
        for instrument, price in prices.items():
            ticks[instrument] = price
        total = int(self._kernels.equity(self.state, account, index, ticks))
        if total < -_MOST:
            raise OverflowError(f"{self.accounts[account]}: its value in units of {asset} does not fit into int64")
        return total

    def balances(self) -> dict[str, dict[str, int]]:
        """Cash by account and asset (smallest units): every account's own, where it had a booking.

        ``market``, ``fees`` and ``external`` are there too, with what they have or owe.
        """
        kernels = self._kernels
        made = {
            name: {asset: self.cash(account, asset) for asset in self.assets(account)}
            for account, name in enumerate(self.accounts)
        }
        for name, word in ((MARKET, kernels.MARKET), (FEES, kernels.FEES), (EXTERNAL, kernels.EXTERNAL)):
            sums = {asset: self._others(asset, word) for asset in self._index}
            made[name] = {asset: units for asset, units in sums.items() if units}
        return made

    def _others(self, asset: str, word: int) -> int:
        """Balance of ``market``, ``fees`` or ``external`` in an asset."""
        return self.state.item(self._assets_at + self._index[asset] * self._asset_words + word)

    # --- proof -------------------------------------------------------------------------------------------------------

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
            deposited = -self._others(asset, self._kernels.EXTERNAL)
            if total != deposited:
                raise AssertionError(f"{asset}: accounts sum to {total}, {deposited} were deposited")
        for account, name in enumerate(self.accounts):
            expected = self._explained(account)
            for asset in self._index:
                if self.cash(account, asset) != expected[asset]:
                    raise AssertionError(
                        f"{name}: {self.cash(account, asset)} units of {asset}, its bookings make {expected[asset]}"
                    )

    def _explained(self, account: int) -> defaultdict[str, int]:
        """Cash that follows from deposits, fees and positions: a second way to the same numbers."""
        cash: defaultdict[str, int] = defaultdict(int)
        for asset in self._index:
            cash[asset] += self._held(account, asset, self._kernels.DEPOSITED) - self.fees_paid(account, asset)
        for index, terms in enumerate(self.instruments):
            held = self.position(account, index)
            cash[terms.settle] += held.realised + held.funding
            if terms.contract is Contract.SPOT:
                cash[terms.settle] -= held.cost
                cash[terms.base] += terms.base_units(held.quantity)
        return cash
