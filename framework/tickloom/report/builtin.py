"""Registers the sections of our own report, in the order in which they stand on the page.

First what was run and what came of it, then the pictures, then what they are made from, last what to doubt.
"""

from typing import TYPE_CHECKING

from tickloom import hookimpl

if TYPE_CHECKING:
    from tickloom.plugins import Register


@hookimpl
def tickloom_register(register: "Register") -> None:
    """Announce the sections."""
    register.report_section("run_card", "tickloom.report.sections.run_card:RunCard")
    register.report_section("numbers", "tickloom.report.sections.numbers:Numbers")
    register.report_section("equity", "tickloom.report.sections.equity:Equity")
    register.report_section("returns", "tickloom.report.sections.returns:Returns")
    register.report_section("price", "tickloom.report.sections.price:Price")
    register.report_section("inventory", "tickloom.report.sections.inventory:Inventory")
    register.report_section("trades", "tickloom.report.sections.trades:Trades")
    register.report_section("orders", "tickloom.report.sections.orders:Orders")
    register.report_section("costs", "tickloom.report.sections.costs:Costs")
    register.report_section("doubts", "tickloom.report.sections.doubts:Doubts")
