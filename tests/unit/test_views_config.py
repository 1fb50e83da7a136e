"""What a config may say of a view, and the one line that it gets for what it may not."""

from pathlib import Path

import pytest

from tickloom.config import load_config
from tickloom.errors import ConfigError
from tickloom.features.choose import plan_view
from tickloom.features.plan import ViewPlan
from tickloom.plugins import load_plugins

PLAIN = '[sources.main]\nkind = "synthetic"\n[views.v]\n'

OWN = '''
"""Two features of one's own."""
from tickloom.features import feature


@feature(inputs=("close",), power=1)
def twice(k, close):
    """Two closes."""
    return 2.0 * close


@feature(inputs=("close",), power=1)
def thrice(k, close):
    """Three closes."""
    return 3.0 * close
'''


def plan(folder: Path, text: str) -> ViewPlan:
    path = folder / "run.toml"
    path.write_text(PLAIN + text)
    config = load_config(path)
    return plan_view("v", config.views["v"], config, load_plugins())


def test_a_feature_may_be_computed_from_a_column_or_from_another_feature(tmp_path: Path) -> None:
    text = """on = "trade"
features = [
    { name = "sma", n = 5, of = "quantity" },
    { name = "sma", n = 3, of = { name = "ema", n = 9 } },
    { name = "moments", n = 4, output = "variance" },
]"""
    assert plan(tmp_path, text).names == ["sma_5_of_quantity", "sma_3_of_ema_9", "moments_4.variance"]


def test_a_preset_is_spread_out(tmp_path: Path) -> None:
    found = plan(tmp_path, 'on = "bar"\nbars = "1m"\nfeatures = [{ name = "alpha158" }]')
    assert len(found.columns) == 158


def test_features_of_a_file_are_chosen_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    features = '{ file = "own.py", name = "thrice" }, { file = "own.py", name = "twice" }'
    assert plan(tmp_path, f'on = "trade"\nfeatures = [{features}]').names == ["thrice", "twice"]


def test_a_book_has_the_depth_that_is_asked_for(tmp_path: Path) -> None:
    found = plan(tmp_path, 'on = "book"\ndepth = 3\nfeatures = [{ name = "queue_imbalance" }]')
    assert found.stream.depth == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('features = [{ name = "emma" }]', r"views.v.features\[0\].name: no feature 'emma'; did you mean 'ema'\?"),
        ('features = [{ name = "ema", m = 3 }]', r"features\[0\]: feature 'ema' has no parameter 'm'; .*known: n"),
        ('features = [{ name = "ema", n = 0 }]', r"feature 'ema': n is 0, it must be a whole number"),
        ('features = [{ name = "atr" }]', "feature 'true_range' needs 'high', which a view on 'trade' does not have"),
        ('features = [{ name = "queue_imbalance" }]', "needs"),
        ('features = [{ name = "sma", of = "tea" }]', "feature 'sma' needs 'tea'"),
        ('features = [{ name = "sma", of = 3 }]', r"features\[0\].of: must be the name of a column, or a feature"),
        ('features = [{ name = "sma", of = { name = "alpha158" } }]', "'alpha158' is a preset, not one feature"),
        ('features = [{ name = "alpha158", n = 3 }]', r"features\[0\].n: a preset takes no options"),
        ('features = [{ name = "moments", output = "men" }]', "moments has no output 'men'; did you mean 'mean'"),
        ('features = [{ name = "ema" }, { name = "ema" }]', "feature 'ema_20' stands in the view twice"),
        ('missing = "drop"\nfeatures = [{ name = "ema" }]', "views.v.missing"),
        ('depth = 0\nfeatures = [{ name = "ema" }]', "views.v.depth"),
        ('scales = "nowhere.json"\nfeatures = [{ name = "ema" }]', "nowhere.json"),
        ('features = [{ file = "own.py" }]', r"several features; add one of name = 'twice', name = 'thrice'"),
        ('features = [{ file = "own.py", name = "twise" }]', "no feature 'twise' in own.py; did you mean 'twice'"),
        ('features = [{ file = "none.py" }]', "none.py defines no feature"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_view_is_one_line_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "none.py").write_text('"""Nothing."""\n')
    with pytest.raises(ConfigError, match=said) as caught:
        plan(tmp_path, f'on = "trade"\n{text}')
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("run.toml: views.v")
