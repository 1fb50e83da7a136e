"""The report's files: same run, same bytes; nothing foreign read as HTML; extremes survive. Oracle: the run itself."""

import json
import os
import re
import subprocess
import sys
from hashlib import sha256
from html import unescape
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import numpy as np
import pytest
from records import SECTIONS, Story, busy_story
from rich.console import Console

from tickloom.codes import OrderStatus, Report
from tickloom.errors import TickloomError
from tickloom.evaluation.metrics import Metric
from tickloom.evaluation.returns import drawdowns
from tickloom.record import RunRecord
from tickloom.report import markup
from tickloom.report.page import write_report
from tickloom.report.section import Section, Table
from tickloom.report.sections.doubts import Doubts
from tickloom.report.sections.equity import Equity
from tickloom.report.sections.numbers import Numbers
from tickloom.report.sections.orders import Orders
from tickloom.report.sections.price import Price
from tickloom.report.sections.returns import Returns
from tickloom.report.sections.run_card import RunCard, config_hash
from tickloom.report.summary import metrics, print_summary

HASHES = """
import hashlib, sys, pathlib
from records import SECTIONS, busy_story
from tickloom.report.page import write_report
page = write_report(busy_story(9_000, 60).record(), SECTIONS, pathlib.Path(sys.argv[1]))
print(hashlib.sha256(page.read_bytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def record() -> RunRecord:
    return busy_story(9_000, 60).record()


@pytest.fixture(scope="module")
def report(record: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(record, SECTIONS, tmp_path_factory.mktemp("report"))


def terminal(record: RunRecord) -> str:
    """Write the summary as on a terminal of 200 columns."""
    written = StringIO()
    print_summary(record, Console(file=written, width=200))
    return written.getvalue()


class Fixed:
    """A section that is always the same."""

    def __init__(self, part: Section) -> None:
        self.part = part

    def section(self, record: RunRecord) -> Section:
        return self.part


def sources(part: Section) -> list[dict[str, Any]]:
    """Columns of all data sources in a section's figure."""
    from bokeh.models import ColumnDataSource

    assert part.figure is not None
    found = part.figure.select({"type": ColumnDataSource})
    return [dict(one.data) for one in found if isinstance(one, ColumnDataSource)]


def test_the_same_run_gives_the_same_bytes_in_one_process(record: RunRecord, tmp_path: Path) -> None:
    # Bokeh numbers its models on and on: the second page has other numbers inside, and must not show it.
    first, second = (write_report(record, [Equity(), Numbers()], tmp_path / name) for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
    assert (first.parent / "metrics.json").read_bytes() == (second.parent / "metrics.json").read_bytes()


def test_a_report_is_two_files(report: Path) -> None:
    assert sorted(path.name for path in report.parent.iterdir()) == ["metrics.json", "report.html"]


def test_the_same_run_gives_the_same_bytes_in_a_process_that_hashes_otherwise(report: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "1"}
    run = subprocess.run(
        [sys.executable, "-c", HASHES, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == sha256(report.read_bytes()).hexdigest()


def test_the_page_fits_into_three_megabytes(report: Path) -> None:
    assert report.stat().st_size <= 3_000_000


def test_metrics_json_holds_what_the_terminal_shows(record: RunRecord, report: Path) -> None:
    written = json.loads((report.parent / "metrics.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(metrics(record)))
    shown = terminal(record)
    for key in ("total_return", "sharpe", "sortino", "max_drawdown", "turnover", "fees", "fill_ratio", "slippage"):
        assert re.search(rf"{re.escape(written[key]['label'])} +{re.escape(written[key]['text'])} ", shown)
    assert re.search(rf"Mean exposure +{re.escape(written['mean_exposure']['text'])} ", shown)


def test_the_page_shows_the_numbers_of_metrics_json(report: Path) -> None:
    found = re.findall(r'data-metric="(\w+)">(.*?)</span>', report.read_text("utf-8"))
    shown = {key: unescape(re.sub(r"<[^>]*>", "", text)) for key, text in found}
    written = json.loads((report.parent / "metrics.json").read_text("utf-8"))
    assert shown == {key: metric["text"] for key, metric in written.items()}


def test_foreign_texts_are_never_read_as_html(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>$title"
    story = Story()
    story.mark(1, "100")
    order = story.submit(1, 1, "1", "100.00", tag=evil)
    story.update(1, order, Report.DENIED, OrderStatus.DENIED, evil)
    filled = story.submit(2, 1, "1", arrival="100", tag=evil)
    story.fill(2, filled, "100.00", "1")
    record = story.record(
        name=evil,
        notes=[evil],
        status=evil,
        models=[evil],
        strategies=[evil],
        config={evil: evil},
        bad_inputs={(evil, evil): 1},
    )
    page = write_report(record, [RunCard(), Price(), Orders(), Doubts()], tmp_path).read_text("utf-8")
    assert "<script>alert" not in page
    assert "<img" not in page.partition("<script>")[0]
    # As text it is there: in the heading, and in the data of the tables.
    assert "&lt;script&gt;alert(1)" in page
    assert "\\u003cscript\\u003ealert(1)" in page


def test_brackets_in_a_note_are_no_markup_in_the_terminal() -> None:
    shown = terminal(Story().record(notes=["[bold]no book"]))
    assert "[bold]no book" in shown


def test_the_deepest_drawdown_and_the_peak_of_equity_survive_downsampling(record: RunRecord) -> None:
    run = record.evaluation
    assert len(run.equity) > 9_000
    lines = [np.asarray(one["value"]) for one in sources(Equity().section(record)) if "value" in one]
    drawdown, equity = sorted(lines, key=lambda values: values.max())
    assert len(equity) <= 4_000
    assert equity.max() == run.equity.max()
    assert equity.min() == run.equity.min()
    assert drawdown.min() == 100 * drawdowns(run.equity).min()


def test_every_fill_and_signal_is_drawn(record: RunRecord) -> None:
    columns = sources(Price().section(record))
    fills = sum(len(one["price"]) for one in columns if "price" in one)
    assert fills == len(record.evaluation.fills)
    assert any(len(one["value"]) == 60 for one in columns if "value" in one)


def test_equity_and_drawdown_share_their_time_axis(record: RunRecord) -> None:
    figure = Equity().section(record).figure
    assert figure is not None
    above, below = figure.children  # type: ignore[attr-defined]
    assert above.x_range is below.x_range


def test_months_compound_to_the_return_of_the_run() -> None:
    # Worked by hand: 100 -> 110 in March, 110 -> 99 in April, 99 -> 121 until the 2nd of May.
    story = Story(deposits=("1 BTC", "0.00000001 USDT"), cell=86_400)
    for day in range(62):
        story.mark((day + 1) * 86_400, "110" if day == 30 else "99" if day == 60 else "121" if day == 61 else "100")
    story.cells[0][0][1] = 100 * 200
    (table,) = Equity().section(story.record()).tables
    assert [row[0] for row in table.rows] == ["2024-03", "2024-04", "2024-05"]
    assert [row[2] for row in table.rows] == pytest.approx([10.0, -10.0, 100 * (121 / 99 - 1)], rel=1e-6)
    growth = np.prod([1 + float(row[2]) / 100 for row in table.rows])  # type: ignore[arg-type]
    total = float(story.record().evaluation.metrics["total_return"].value or 0)
    assert growth - 1 == pytest.approx(total / 100, rel=1e-12)


def test_years_compound_to_the_return_of_the_run() -> None:
    # Worked by hand: 100 until December, 150 at the end of 2024, 75 after 31 days of 2025; March to January.
    story = Story(deposits=("1 BTC", "0.00000001 USDT"), cell=86_400)
    for day in range(337):
        story.mark((day + 1) * 86_400, "75" if day == 336 else "150" if day == 305 else "100")
    story.cells[0][0][1] = 100 * 200
    years, months = Equity().section(story.record()).tables
    assert [row[0] for row in years.rows] == ["2024", "2025"]
    assert [row[2] for row in years.rows] == pytest.approx([50.0, -50.0], rel=1e-6)
    assert [row[0] for row in months.rows][-3:] == ["2024-11", "2024-12", "2025-01"]


def test_the_distribution_of_returns_is_that_of_the_equity() -> None:
    # By hand: a day of nothing, and then -1 %, 0, +1 % in turn, of one coin that is all there is.
    story, price = Story(deposits=("1 BTC", "0.00000001 USDT"), cell=86_400), 1000.0
    for day in range(100):
        price *= (1.01, 0.99, 1.0)[day % 3]
        story.mark((day + 1) * 86_400, f"{price:.2f}")
    part = Returns().section(story.record())
    assert part.sentence == "100 returns over 1d, 34 % of them 0; skewness -0.00, excess kurtosis -1.48."
    (table,) = part.tables
    found = {row[0]: float(row[1]) for row in table.rows}  # type: ignore[arg-type]
    assert [found[share] for share in (0, 50, 100)] == pytest.approx([-1.0, 0.0, 1.0], abs=2e-3)
    (drawn,) = [one["value"] for one in sources(part) if "value" in one]
    (counted,) = [one["count"] for one in sources(part) if "count" in one]
    assert sum(counted) == 100
    # Whole turns of three: from the second one on, each window of 60 has the same returns.
    assert len(drawn) == 41
    assert np.ptp(drawn[1:]) < 0.05


def test_too_few_returns_say_how_many_there_are() -> None:
    story = Story(deposits=("1 BTC",), cell=86_400)
    for day in range(40):
        story.mark((day + 1) * 86_400, "100" if day % 2 else "101")
    assert Returns().section(story.record()).empty == "There are 40 returns over 1d, and a distribution needs 60."


def test_returns_that_are_not_defined_leave_gaps_and_equal_ones_have_no_distribution() -> None:
    run = busy_story(9_000, 60).record().evaluation

    def part(returns: np.ndarray) -> Section:
        # The section looks at nothing else of a record.
        return Returns().section(SimpleNamespace(evaluation=attrs.evolve(run, returns=returns)))  # type: ignore[arg-type]

    returns = np.tile([0.01, -0.01, 0.0, 0.02], 50)
    returns[100] = np.nan
    (drawn,) = [one["value"] for one in sources(part(returns)) if "value" in one]
    # By hand: 60 of the 141 windows hold the one that is not defined.
    assert (len(drawn), int(np.isnan(drawn).sum())) == (141, 60)
    assert part(np.full(100, 0.01)).empty == "All returns are equal."


def test_an_empty_run_says_why_each_part_is_empty(tmp_path: Path) -> None:
    record = Story(deposits=()).record(rows={})
    parts = {part.id: part for part in (one.section(record) for one in SECTIONS)}
    assert {name for name, part in parts.items() if part.empty} == {
        "equity", "returns", "price", "trades", "orders", "costs", "doubts",
    }  # fmt: skip
    page = write_report(record, SECTIONS, tmp_path).read_text("utf-8")
    assert all(markup.text(part.empty) in page for part in parts.values())
    assert "Bokeh" not in page.partition("<script>\n")[0]


def test_a_section_without_content_must_say_why() -> None:
    with pytest.raises(TickloomError, match="'mine' is empty and does not say why"):
        Section(id="mine", title="Mine", sentence="Nothing.")


def test_ids_that_no_link_could_name_are_refused() -> None:
    with pytest.raises(TickloomError, match="report section id 'My part' must be lower-case"):
        Section(id="My part", title="Mine", sentence="Nothing.", empty="No.")


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(TickloomError, match="'mine': row 1 has 1 cells for 2 columns"):
        Table(id="mine", title="Mine", columns=("a", "b"), rows=[(1, 2), (3,)])


def test_two_parts_with_one_id_are_refused(record: RunRecord, tmp_path: Path) -> None:
    twin = Fixed(Section(id="equity", title="Mine", sentence="Mine.", empty="No."))
    with pytest.raises(TickloomError, match="more than once: equity"):
        write_report(record, [Equity(), twin], tmp_path)


def test_a_section_may_add_numbers_but_not_change_one(record: RunRecord, tmp_path: Path) -> None:
    mine = Metric(key="luck", label="Luck", group="Mine", value=0.5, definition="A coin.")
    part = Section(id="mine", title="Mine", sentence="Mine.", metrics=[mine])
    write_report(record, [Fixed(part)], tmp_path)
    assert json.loads((tmp_path / "metrics.json").read_text("utf-8"))["luck"]["value"] == 0.5
    other = Metric(key="sharpe", label="Sharpe", group="Mine", value=9.0, definition="Better.")
    with pytest.raises(TickloomError, match="'mine': there is another metric 'sharpe' already"):
        write_report(record, [Fixed(Section(id="mine", title="M", sentence="M.", metrics=[other]))], tmp_path)


def test_long_tables_are_cut_with_a_note(record: RunRecord, tmp_path: Path) -> None:
    table = Table(id="long", title="Long", columns=("n",), rows=[(number,) for number in range(12_345)])
    part = Section(id="mine", title="Mine", sentence="Mine.", tables=[table])
    page = write_report(record, [Fixed(part)], tmp_path).read_text("utf-8")
    assert "first 10,000 of 12,345 rows" in page
    assert page.count("<tr><td") == markup.ROWS_SHOWN


def test_a_folder_that_cannot_be_made_is_one_clear_line(record: RunRecord, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TickloomError, match=r"cannot write the report to .*file/run: "):
        write_report(record, [Numbers()], tmp_path / "file" / "run")


def test_config_hash_does_not_depend_on_the_order_of_keys() -> None:
    one = Story().record(config={"run": {"seed": 7, "tail": "1s"}, "a": 1})
    other = Story().record(config={"a": 1, "run": {"tail": "1s", "seed": 7}})
    assert config_hash(one) == config_hash(other)
    assert config_hash(one) != config_hash(Story().record(config={"a": 2}))


def test_looking_up_sections_costs_neither_bokeh_nor_numba() -> None:
    modules = ", ".join(sorted({type(one).__module__ for one in SECTIONS}))
    program = f"import sys, {modules}; print(sorted({{'bokeh', 'numba', 'rich'}} & set(sys.modules)))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
