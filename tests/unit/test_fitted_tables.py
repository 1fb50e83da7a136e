"""Fitted tables as parameters of features: as data of a view, as files, in a config, and what is refused.

Expected values are worked by hand: the feature below adds what a table of 2 x 3 says to a close.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tickloom.config import load_config
from tickloom.errors import ConfigError, DataError
from tickloom.features import FittedTable, Table, Use, feature
from tickloom.features.choose import plan_view
from tickloom.features.columns import BAR
from tickloom.features.fitted.table import load_table
from tickloom.features.inspection.catalogue import described, details
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.plugins import load_plugins
from tickloom.testing import check_feature
from tickloom.testing.actors import average
from tickloom.testing.numbers import rows_of
from tickloom_kernels.indicators.window import entry

KIND = "table of steps"
ZEROS = FittedTable(kind=KIND, shape=(1, 1), numbers=(0.0,), constants=(("factor", 0.0),))
STEPS = Table(ZEROS, ("rows", "columns"), (1, 1), (4, 4))


@feature(inputs=("close",), parameters={"table": STEPS}, power=None, stability="path")
def raised(k: int, close: float, table: Any) -> float:
    """Add the factor times an entry to the close: row after row of the table, in turn."""
    return close + entry(table, 0) * entry(table, 1 + k % (table[2] * table[3]))


def fitted(*numbers: float, factor: float = 2.0, source: str = "bar") -> FittedTable:
    return FittedTable(
        kind=KIND,
        shape=(2, 3),
        numbers=numbers or (1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
        constants=(("factor", factor),),
        source=source,
        rows=((0, 10), (20, 30)),
        times=(5, 9),
        details=(("method", "by hand"), ("visited", 6)),
    )


def plan(*uses: Use) -> ViewPlan:
    return ViewPlan(BAR, uses)


# --- in a view -------------------------------------------------------------------------------------------------------


def test_a_step_function_reads_the_constants_and_then_the_numbers_row_by_row() -> None:
    rows = rows_of(BAR, 8)
    out, _ = FeatureView(plan(raised(table=fitted())), symbols=2).run(rows, np.ones(8, np.int64))
    assert (out[:, 0] - rows[:, 3]).tolist() == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 2.0, 4.0]


def test_a_feature_with_a_table_keeps_the_laws_of_features() -> None:
    check_feature(raised, table=fitted())


def test_tables_of_one_shape_share_compiled_code_and_those_of_another_do_not() -> None:
    one, other = plan(raised(table=fitted())), plan(raised(table=fitted(*[0.5] * 6)))
    assert one.units[0].key == other.units[0].key != plan(raised()).units[0].key


def test_what_is_computed_from_a_feature_with_a_table_shares_compiled_code_too() -> None:
    one, other = (
        plan(average(raised(table=fitted(factor=factor)), alpha=0.5), raised(table=fitted())) for factor in (1.0, 3.0)
    )
    assert one.units[0].key == other.units[0].key


def test_two_tables_in_one_view_are_two_features() -> None:
    both = plan(raised(table=fitted()), raised(table=fitted(factor=-2.0)))
    rows = rows_of(BAR, 3)
    assert len(both.graph.nodes) == 2
    assert (FeatureView(both).run(rows)[0] - rows[:, 3:4]).tolist() == [[2.0, -2.0], [4.0, -4.0], [6.0, -6.0]]


def test_a_view_that_forgets_its_rows_keeps_its_tables() -> None:
    view, rows = FeatureView(plan(raised(table=fitted()))), rows_of(BAR, 5)
    first = view.run(rows)[0]
    view.reset()
    assert view.run(rows)[0].tolist() == first.tolist()


def test_a_label_has_eight_digits_of_the_version_or_says_that_nothing_was_fitted() -> None:
    assert raised(table=fitted()).label == f"raised_{fitted().version[:8]}"
    assert raised().label == "raised_unfitted"
    assert average(raised(), alpha=0.5).label == "average_0p5_of_raised_unfitted"


def test_the_version_and_the_lineage_of_a_view_follow_the_table() -> None:
    tables = [fitted(), fitted(factor=3.0), fitted(source="trade"), fitted(1.0, 2.0, 3.0, 4.0, 5.0, 6.5)]
    plans = [plan(raised(table=table)) for table in tables]
    assert len({one.version for one in plans}) == len(plans)
    (node,) = plans[0].lineage
    assert node["parameters"]["table"]["version"] == fitted().version
    assert json.loads(json.dumps(node)) == node


def test_the_catalogue_says_what_a_table_must_be() -> None:
    told = described("raised", raised)
    valid = "a table of steps of 1 to 4 rows by 1 to 4 columns"
    assert told["parameters"]["table"] == {"default": "unfitted", "table": KIND, "valid": valid}
    assert f"parameter table: {valid}; table of steps of 1 x 1 (not fitted) by default" in details("raised", raised)


def test_a_table_must_have_as_many_numbers_as_its_shape_and_all_of_them_finite() -> None:
    with pytest.raises(ValueError, match="a table of 2 x 3 does not have 2 numbers"):
        fitted(1.0, 2.0)
    with pytest.raises(ValueError, match="finite"):
        fitted(factor=float("nan"))


def test_what_looks_at_several_symbols_can_have_no_table() -> None:
    with pytest.raises(ValueError, match="crossed: what looks at several symbols can have no fitted table"):
        feature(name="crossed", inputs=("close",), across=True, parameters={"table": STEPS})(raised.step)


# --- as a file -------------------------------------------------------------------------------------------------------


def test_a_table_is_read_with_the_bits_that_were_written(tmp_path: Path) -> None:
    table = fitted(0.1, -1e-300, 1 / 3, 4.0, 5.0, -0.0)
    table.save(tmp_path / "table.json")
    found = load_table(tmp_path / "table.json", KIND)
    assert found == table
    assert found.version == table.version
    assert found.array.tobytes() == table.array.tobytes()


OWN = '''
"""A feature of one's own."""
from tickloom.features import FittedTable, Table, feature
from tickloom_kernels.indicators.window import entry

ZEROS = FittedTable(kind="table of steps", shape=(1, 1), numbers=(0.0,), constants=(("factor", 0.0),))


@feature(inputs=("close",), parameters={"table": Table(ZEROS, ("rows", "columns"), (1, 1), (4, 4))})
def raised(k, close, table):
    """Add an entry."""
    return close + entry(table, 1)
'''


def in_config(folder: Path, text: str) -> ViewPlan:
    (folder / "own.py").write_text(OWN)
    path = folder / "run.toml"
    path.write_text(f'[sources.main]\nkind = "synthetic"\n[views.v]\non = "trade"\nfeatures = [{text}]\n')
    config = load_config(path)
    return plan_view("v", config.views["v"], config, load_plugins())


def test_a_config_names_the_file_of_a_table_relative_to_itself(tmp_path: Path) -> None:
    (tmp_path / "fitted").mkdir()
    fitted().save(tmp_path / "fitted" / "table.json")
    found = in_config(tmp_path, '{ file = "own.py", table = "fitted/table.json" }')
    assert found.names == [f"raised_{fitted().version[:8]}"]
    assert found.features[0].values["table"] == fitted()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('"nowhere.json"', r"nowhere.json cannot be read: No such file"),
        ('"edited.json"', r"edited.json has been changed since it was written"),
        ('"scales.json"', r"scales.json holds no table of steps; it holds scales"),
        ('"large.json"', r"large.json is a table of steps of 5 x 1, it must be a table of steps of 1 to 4 rows by"),
        ('"other.json"', r"other.json is a table of steps of 2 x 1, it must be"),
        ("3", r"must be a path \(text\), not 3"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line_that_names_it(tmp_path: Path, given: str, said: str) -> None:
    fitted().save(tmp_path / "edited.json")
    edited = (tmp_path / "edited.json").read_text().replace('"factor": 2.0', '"factor": 2.5')
    (tmp_path / "edited.json").write_text(edited)
    (tmp_path / "scales.json").write_text('{"kind": "scales"}')
    large = FittedTable(kind=KIND, shape=(5, 1), numbers=(1.0,) * 5, constants=(("factor", 1.0),), source="bar")
    large.save(tmp_path / "large.json")
    FittedTable(kind=KIND, shape=(2, 1), numbers=(1.0, 2.0), source="bar").save(tmp_path / "other.json")
    with pytest.raises(ConfigError, match=said) as caught:
        in_config(tmp_path, f'{{ file = "own.py", table = {given} }}')
    assert str(caught.value).startswith("run.toml: views.v.features[0].table: ")
    assert "\n" not in str(caught.value)


def test_a_path_is_no_table_in_python_and_the_message_says_what_reads_one() -> None:
    with pytest.raises(ConfigError, match=r"feature 'raised': table is 'x.json', it must be .*, as load_table reads"):
        raised(table="x.json")


def test_a_table_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        fitted().save(tmp_path / "nowhere" / "table.json")
