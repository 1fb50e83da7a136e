"""A feature view by itself: units, scales, missing inputs, snapshots, versions, and several symbols.

Expected values are worked by hand: a sum of n closes, and an average that weighs the newest value by alpha.
"""

from typing import Any

import numpy as np
import pytest
from views import bars, summed, view

from tickloom.errors import ConfigError
from tickloom.features import Choice, Feature, Float, Int, feature
from tickloom.features.columns import BAR, book, stream
from tickloom.features.fused.build import default_folder, is_compiled
from tickloom.features.fused.fingerprint import fingerprint
from tickloom.features.plan import Scale, ViewPlan
from tickloom.features.view import BadRowError, FeatureView
from tickloom.testing.actors import average, nothing
from tickloom_kernels.indicators.window import at, get, give, put

#: Closes of the bars below.
CLOSES = [1.0, 2.0, 4.0, 8.0, 16.0]


@feature(inputs=("high", "low"), outputs=("top", "bottom"), power=1)
def both(k: int, high: float, low: float) -> tuple[float, float]:
    """High and low."""
    return high, low


@feature(inputs=("close",), parameters={"way": Choice("up", ("up", "down")), "by": Float(1.0, 0.0, 10.0)})
def moved(k: int, close: float, way: int, by: float) -> float:
    """Move the close."""
    return close - by if way == 1 else close + by


@feature(across=True, inputs=("close",), outputs=("rank",))
def rank(k: int, symbols: int, closes: Any, ranks: Any) -> None:
    """How many symbols are below; not a number where a symbol has no close yet."""
    for s in range(symbols):
        below = 0.0
        for other in range(symbols):
            below += at(closes, other) < at(closes, s)
        give(ranks, s, below if at(closes, s) == at(closes, s) else np.nan)


@feature(across=True, inputs=lambda: (summed(n=2),), memory=1)
def instants_so_far(k: int, memory: Any, symbols: int, sums: Any, counts: Any) -> None:
    """How many instants there were, by its own memory, plus the sum of each symbol."""
    put(memory, 0, get(memory, 0) + 1.0)
    for s in range(symbols):
        give(counts, s, get(memory, 0) + at(sums, s))


# --- values ----------------------------------------------------------------------------------------------------------


def test_columns_stand_in_the_order_of_the_features_and_begin_when_they_are_warm() -> None:
    one = view(summed(n=3), both(), average(alpha=0.5))
    out, ready = one.run(bars(CLOSES))
    assert one.plan.names == ["summed_3", "both.top", "both.bottom", "average_0p5"]
    assert out[:, 0].tolist()[2:] == [7.0, 14.0, 28.0]
    assert np.isnan(out[:2, 0]).all()
    assert out[:, 1].tolist() == [2.0, 3.0, 5.0, 9.0, 17.0]
    assert out[:, 3].tolist() == [1.0, 1.5, 2.75, 5.375, 10.6875]
    assert ready.tolist() == [False, False, True, True, True]


def test_one_output_may_be_chosen_and_a_feature_computed_from_another() -> None:
    one = view(both().bottom, summed(both().top, n=2), summed(average(alpha=0.5), n=2))
    out, _ = one.run(bars(CLOSES))
    assert one.plan.names == ["both.bottom", "summed_2_of_both_top", "summed_2_of_average_0p5"]
    assert out[-1].tolist() == [15.0, 26.0, 16.0625]


def test_what_two_features_share_is_computed_once() -> None:
    assert len(ViewPlan(BAR, [summed(average(alpha=0.5), n=2), average(alpha=0.5)]).graph.nodes) == 2


def test_a_choice_reaches_the_step_function_as_its_place() -> None:
    out, _ = view(moved(), moved(way="down", by=0.5)).run(bars([1.0]))
    assert out.tolist() == [[2.0, 0.5]]


def test_more_outputs_than_a_unit_holds_are_cut_into_several() -> None:
    one = view(*(summed(n=n) for n in range(1, 31)))
    assert [unit.columns for unit in one.plan.units] == [25, 5]
    out, _ = one.run(bars([1.0] * 40))
    assert out[-1].tolist() == [float(n) for n in range(1, 31)]


def test_symbols_have_a_state_each() -> None:
    rows = bars([1.0, 100.0, 2.0, 200.0])
    out, _ = view(summed(n=2), symbols=2).run(rows, [0, 1, 0, 1])
    assert out[2:, 0].tolist() == [3.0, 300.0]


def test_row_by_row_gives_what_all_at_once_gives() -> None:
    one, other, rows = view(summed(n=3), average()), view(summed(n=3), average()), bars(CLOSES)
    out, _ = one.run(rows)
    for k, row in enumerate(rows):
        other.row[:] = row
        assert np.array_equal(other.update(), out[k], equal_nan=True)
        assert other.is_ready == (k >= 2)


def test_a_look_at_a_bar_that_is_not_over_changes_nothing() -> None:
    one = view(summed(n=2))
    one.run(bars(CLOSES[:2]))
    for close in (7.0, 4.0):
        one.row[:] = bars([close])
        assert one.peek().tolist() == [2.0 + close]


# --- several symbols at an instant -----------------------------------------------------------------------------------


def test_a_cross_symbol_feature_sees_all_rows_of_an_instant() -> None:
    """Of the first instant symbol 2 has no close; of the second it has one, and symbol 0 keeps its last."""
    rows = bars([5.0, 3.0, 4.0, 9.0])
    out, ready = view(rank(), summed(n=1), symbols=3).run(rows, [0, 1, 2, 1], instants=[0, 0, 60, 60])
    assert out[:, 0].tolist() == [1.0, 0.0, 0.0, 2.0]
    assert out[:, 1].tolist() == [5.0, 3.0, 4.0, 9.0]
    assert ready.all()


def test_a_cross_symbol_feature_has_a_memory_and_looks_at_features() -> None:
    one = view(instants_so_far(), symbols=2)
    assert one.plan.hidden
    out, _ = one.run(bars([1.0, 10.0, 2.0, 20.0]), [0, 1, 0, 1], instants=[0, 0, 1, 1])
    assert out[2:, 0].tolist() == [5.0, 32.0]
    assert np.isnan(out[:2, 0]).all()


def test_a_cross_symbol_feature_is_not_computed_row_by_row() -> None:
    with pytest.raises(ValueError, match="takes all rows of an instant at once"):
        view(rank()).update()


# --- scales ----------------------------------------------------------------------------------------------------------


def test_a_scale_is_applied_inside_the_call_and_changes_no_code() -> None:
    plain, scaled = view(summed(n=1), nothing()), view(summed(n=1), nothing(), scales={"summed_1": Scale(2.0, -1.0)})
    other = ViewPlan(BAR, [summed(n=1), nothing()], scales={"summed_1": Scale(4.0, 0.5)})
    assert scaled.run(bars(CLOSES))[0].tolist() == [[2 * x - 1, x] for x in CLOSES]
    assert [unit.key for unit in other.units] == [unit.key for unit in scaled.plan.units]
    assert len({plain.plan.version, scaled.plan.version, other.version}) == 3


@pytest.mark.parametrize("name", ["sumed_1", "rank"])
def test_a_scale_of_no_column_or_of_several_symbols_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"a scale is of '{name}', which is"):
        ViewPlan(BAR, [summed(n=1), rank()], scales={name: Scale(1.0, 0.0)})


# --- missing and wrong inputs ----------------------------------------------------------------------------------------


def broken() -> np.ndarray:
    rows = bars(CLOSES)
    rows[2, BAR.column("close")] = np.nan
    return rows


def test_a_missing_input_is_refused_with_its_row_and_name() -> None:
    one = view(summed(n=2))
    with pytest.raises(BadRowError, match=r"row 2: close is nan; a view takes finite numbers, or set missing = 'skip'"):
        one.run(broken())
    # The rows before it were taken: the view goes on with the next.
    assert one.run(bars(CLOSES)[3:4])[0].tolist() == [[10.0]]


def test_a_row_with_a_missing_input_is_passed_over() -> None:
    out, ready = view(summed(n=2), policy="skip").run(broken())
    assert out[3:, 0].tolist() == [10.0, 24.0]
    assert ready.tolist() == [False, True, False, True, True]


def test_a_missing_input_is_held_and_the_row_is_not_ready() -> None:
    rows = broken()
    out, ready = view(summed(n=2), policy="hold").run(rows)
    assert out[1:, 0].tolist() == [3.0, 4.0, 10.0, 24.0]
    assert ready.tolist() == [False, True, False, True, True]
    assert np.isnan(rows[2, BAR.column("close")]), "the caller's rows are not changed"


def test_an_infinite_input_is_missing_and_one_that_no_feature_uses_is_not_looked_at() -> None:
    rows = bars(CLOSES)
    rows[1, BAR.column("volume")] = np.nan
    assert view(summed(n=1)).run(rows)[1].all()
    rows[1, BAR.column("close")] = np.inf
    with pytest.raises(BadRowError, match="close is inf"):
        view(summed(n=1)).run(rows)


@pytest.mark.parametrize(
    ("rows", "which", "said"),
    [
        (np.zeros((2, 3)), None, "rows have 3 columns, bar has 7"),
        (np.zeros((2, 7)), [0], "which names a symbol for each of 2 rows"),
        (np.zeros((2, 7)), [0, 1], "from 0 to 0"),
    ],
)
def test_rows_of_another_shape_are_refused(rows: np.ndarray, which: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        view(summed(n=1)).run(rows, which)


def test_a_place_to_write_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"out is a C-contiguous float64 array of shape \(5, 1\)"):
        view(summed(n=1)).run(bars(CLOSES), out=np.zeros((5, 2)))


def test_a_bar_before_the_bar_before_it_is_refused_and_those_before_it_are_taken() -> None:
    one, rows = view(summed(n=2), symbols=2), bars(CLOSES)
    one.run(rows[:2])
    with pytest.raises(BadRowError, match="row 1: time goes back; a view takes bars in the order of time") as caught:
        one.run(rows[[2, 1, 4]])
    assert (caught.value.taken, caught.value.out.tolist()) == (1, [[6.0]])
    assert one.run(rows[3:4])[0].tolist() == [[12.0]]
    # Another symbol has a time of its own.
    assert np.isnan(one.run(rows[:1], [1])[0]).all()


def test_a_view_that_is_put_back_may_see_the_same_bars_again() -> None:
    one, rows = view(summed(n=2)), bars(CLOSES)
    one.run(rows[:2])
    state, saved = one.snapshot(), one.save()
    first = one.run(rows[2:])[0]
    one.restore(state)
    assert np.array_equal(one.run(rows[2:])[0], first)
    one.load(saved)
    assert np.array_equal(one.run(rows[2:])[0], first)


# --- declarations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: summed(m=3), r"feature 'summed' has no parameter 'm'; .*known: n"),
        (lambda: summed(n=0), "feature 'summed': n is 0, it must be a whole number from 1 to 50"),
        (lambda: summed(n=True), "n is True"),
        (lambda: moved(by=11), "by is 11, it must be a number from 0 to 10"),
        (lambda: moved(way="left"), "way is 'left', it must be one of up, down"),
        (lambda: nothing(n=1), "feature 'nothing' has no parameter 'n'; it has no parameters"),
        (lambda: ViewPlan(stream("trade"), [both()]), "feature 'both' needs 'high', which a view on 'trade' does not"),
        (lambda: ViewPlan(BAR, [summed(both(), n=2)]), "takes one output of 'both'; name one of top, bottom"),
        (lambda: ViewPlan(BAR, [summed("close", "open")]), "feature 'summed' is made of close, 2 inputs are given"),
        (lambda: ViewPlan(BAR, [summed(rank(), n=2)]), "cannot be computed from 'rank', which is of several symbols"),
        (lambda: ViewPlan(BAR, [summed(n=2), summed(n=2)]), "feature 'summed_2' stands in the view twice"),
    ],
)  # fmt: skip
def test_what_is_declared_wrongly_is_one_clear_line(make: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make()


def test_an_output_that_a_feature_lacks_is_told_with_the_nearest_one() -> None:
    with pytest.raises(AttributeError, match="both has no output 'topp'; did you mean 'top'"):
        _ = both().topp


# --- state, versions, lineage ----------------------------------------------------------------------------------------


def test_a_view_goes_on_from_a_snapshot_of_another() -> None:
    rows = bars(CLOSES)
    one, other = view(summed(n=3)), view(summed(n=3))
    one.run(rows[:3])
    other.restore(one.snapshot())
    assert np.array_equal(one.run(rows[3:])[0], other.run(rows[3:])[0])


def test_a_snapshot_of_another_view_is_refused() -> None:
    with pytest.raises(ValueError, match="a snapshot of this view has"):
        view(summed(n=3)).restore(view(both()).snapshot())


def test_a_view_can_forget() -> None:
    one = view(summed(n=2), rank(), scales={"summed_2": Scale(2.0, 0.0)}, symbols=2)
    first = one.run(bars(CLOSES), instants=np.arange(5))[0]
    one.reset()
    assert np.array_equal(one.run(bars(CLOSES), instants=np.arange(5))[0], first, equal_nan=True)


def test_the_version_follows_code_parameters_inputs_and_policy() -> None:
    plans = [
        ViewPlan(BAR, [summed(n=2)]),
        ViewPlan(BAR, [summed(n=3)]),
        ViewPlan(BAR, [summed("open", n=2)]),
        ViewPlan(BAR, [summed(n=2)], "skip"),
        ViewPlan(book(5), [summed(n=2)]),
        ViewPlan(BAR, [summed(n=2), nothing()]),
    ]
    assert len({plan.version for plan in plans}) == len(plans)
    assert ViewPlan(BAR, [summed(n=2)]).version == plans[0].version


def made(by: float) -> Feature:
    def step(k: int, close: float) -> float:
        return close * by

    return feature(name="made", inputs=("close",))(step)


def test_code_that_differs_in_a_number_that_it_closes_over_has_another_version() -> None:
    one, other = made(2.0), made(3.0)
    assert fingerprint(one.step) != fingerprint(other.step)
    assert ViewPlan(BAR, [one()]).units[0].key != ViewPlan(BAR, [other()]).units[0].key
    assert view(one()).run(bars([5.0]))[0].tolist() == [[10.0]]
    assert view(other()).run(bars([5.0]))[0].tolist() == [[15.0]]


def test_an_edit_of_what_a_step_function_calls_changes_its_fingerprint(tmp_path: Any) -> None:
    text = "from helper import twice\ndef step(k, close):\n    return twice(close)\n"
    found: list[str] = []
    for body in ("    # a comment\n    return 2 * x", "    return 2 * x", "    return 3 * x"):
        names: dict[str, Any] = {"__name__": "helper"}
        path = tmp_path / f"{len(found)}.py"
        path.write_text(f"def twice(x):\n{body}\n")
        exec(compile(path.read_text(), str(path), "exec"), names)
        own: dict[str, Any] = {"__name__": "mine", "twice": names["twice"]}
        exec(compile(text.split("\n", 1)[1], str(tmp_path / "mine.py"), "exec"), own)
        found.append(fingerprint(own["step"]))
    # Without the source the bytecode speaks: a comment changes nothing, a number does.
    assert found[0] == found[1] != found[2]


def test_lineage_is_the_graph_of_inputs() -> None:
    first, second = ViewPlan(BAR, [summed(average(alpha=0.5), n=2)]).lineage
    assert (first["feature"], first["inputs"], first["parameters"]) == ("average", [["close", 0]], {"alpha": 0.5})
    assert (second["feature"], second["inputs"]) == ("summed", [[0, 0, 2]])


def test_a_unit_is_compiled_once_and_kept_on_disk() -> None:
    plan = ViewPlan(BAR, [summed(n=2)])
    FeatureView(plan)
    assert is_compiled(plan.units[0], default_folder())


def test_a_step_function_that_numba_cannot_compile_is_named() -> None:
    @feature(inputs=("close",))
    def impossible(k: int, close: float) -> Any:
        return {"a": object()}

    with pytest.raises(ConfigError, match="feature 'impossible' cannot be compiled: "):
        view(impossible())


# --- computed from something else ------------------------------------------------------------------------------------


@feature(inputs=lambda n: (summed(n=n), "close"), parameters={"n": Int(2)})
def share(k: int, total: float, close: float, n: int) -> float:
    """Divide the close by the sum of the last n closes."""
    return close / total


def test_what_a_feature_is_computed_from_stands_for_its_columns_however_deep_they_stand() -> None:
    rows = bars(CLOSES)
    rows[:, BAR.column("volume")] = [1.0, 3.0, 6.0, 2.0, 8.0]
    out, _ = view(share("volume", n=2), share(average(alpha=0.5), n=2)).run(rows)
    assert out[1:, 0].tolist() == [0.75, 6 / 9, 0.25, 0.8]
    assert out[1, 1] == 1.5 / 2.5


def test_inputs_may_be_wired_by_hand_whatever_they_are() -> None:
    one = view(share.wired("high", "low"))
    assert one.plan.names == ["share_2_of_high_low"]
    assert one.run(bars([3.0]))[0].tolist() == [[0.5]]
    with pytest.raises(ConfigError, match="feature 'share' has 2 inputs, 3 are given"):
        ViewPlan(BAR, [share.wired("high", "low", "open")])
