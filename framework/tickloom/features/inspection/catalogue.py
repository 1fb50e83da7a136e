"""The catalogue of installed features, for people and for programs: made from their records and from nothing else."""

from collections.abc import Iterator, Mapping
from typing import Any

from tickloom.errors import ConfigError
from tickloom.features.columns import stream
from tickloom.features.declare import Choice, Feature, Use, Window
from tickloom.features.fitted.table import Table
from tickloom.features.fused.fingerprint import fingerprint
from tickloom.features.plan import ViewPlan
from tickloom.plugins import Registry

STREAMS = ("bar", "trade", "quote", "book")


def installed(registry: Registry) -> dict[str, Feature]:
    """Return all registered features by name, presets left out."""
    found = {name: registry.lookup("feature", name, "features") for name in registry.names("feature")}
    return {name: one for name, one in found.items() if isinstance(one, Feature)}


def runs_on(feature: Feature) -> list[str]:
    """Names of the streams that have what a feature needs."""
    return [name for name in STREAMS if _fits(feature, name)]


def _fits(feature: Feature, name: str) -> bool:
    try:
        ViewPlan(stream(name), [feature()])
    except ConfigError:
        return False
    return True


def whole(registry: Registry) -> list[ViewPlan]:
    """Make plans of all registered features with their defaults: one per stream, each feature on the first it fits."""
    chosen: dict[str, list[Use]] = {}
    for feature in installed(registry).values():
        for name in runs_on(feature)[:1]:
            chosen.setdefault(name, []).append(feature())
    return [ViewPlan(stream(name), uses) for name, uses in chosen.items()]


def described(name: str, feature: Feature) -> dict[str, Any]:
    """Return what a feature says of itself, as plain values."""
    use = feature()
    streams = runs_on(feature)
    plan = ViewPlan(stream(streams[0]), [use]) if streams else None
    return {
        "name": name,
        "about": feature.about,
        "text": feature.text,
        "convention": feature.convention,
        "version": feature.version,
        "code": fingerprint(feature.step),
        "parameters": {key: _parameter(one) for key, one in feature.parameters.items()},
        "inputs": [_input(one) for one in feature.inputs_of(use)],
        "on": streams,
        "outputs": list(feature.outputs),
        "unit": list(feature.units),
        "power": list(feature.powers),
        "lookback": plan.lookback if plan else None,
        "converged": plan.converged if plan else None,
        "stability": feature.stability,
        "across": feature.across,
        "oracle": feature.oracle,
        "reference": feature.reference,
    }


def _parameter(declared: Any) -> dict[str, Any]:
    if isinstance(declared, Choice):
        return {"default": declared.default, "options": list(declared.options)}
    if isinstance(declared, Table):
        return {"default": declared.default.word, "table": declared.default.kind, "valid": str(declared)}
    return {"default": declared.default, "least": declared.least, "most": declared.most}


def _input(one: Any) -> str:
    if isinstance(one, Window):
        return f"{_input(one.of)}, {one.depth} back"
    if isinstance(one, Use):
        return f"{one.label}.{one.output}" if one.output else one.label
    return one if isinstance(one, str) else f"levels of {one.side}"


def details(name: str, feature: Feature) -> Iterator[str]:
    """Yield the lines that ``tickloom features show`` prints."""
    told: Mapping[str, Any] = described(name, feature)
    yield name
    yield ""
    yield from feature.text.splitlines()
    yield ""
    for key, declared in feature.parameters.items():
        yield f"parameter {key}: {declared}; {declared.default} by default"
    yield f"inputs: {'; '.join(told['inputs'])}"
    yield f"runs on: {', '.join(told['on'])}"
    powers = ", ".join(map(str, told["power"]))
    units = ", ".join(dict.fromkeys(told["unit"]))
    yield f"outputs: {', '.join(told['outputs'])} (unit: {units}; power of the price scale: {powers})"
    yield f"first value after {told['lookback']} rows"
    yield f"after {told['converged']} rows it no longer matters (by 1e-6) where the stream began"
    yield f"stability: {told['stability']}; compared with: {told['oracle'] or 'a literal reference'}"
    if told["convention"]:
        yield f"convention: {told['convention']}"
    if told["reference"]:
        yield f"source: {told['reference']}"
    yield f"version {told['version']}, code {told['code']}"


def page(registry: Registry) -> str:
    """Return the catalogue as a page of MyST Markdown, features by name."""
    found = [described(name, one) for name, one in sorted(installed(registry).items())]
    lines = [
        "# Features",
        "",
        f"{len(found)} features, as their records describe them; `tickloom features show NAME` prints the same. How to",
        "name them in a config: [config](config.md). What the words mean: [feature](kinds/feature.md).",
        "",
        "| feature | on | what it is |",
        "|---|---|---|",
        *(
            f"| [`{one['name']}`](#{one['name'].replace('_', '-')}) | {' '.join(one['on'])} | {_cell(one['about'])} |"
            for one in found
        ),
        "",
    ]
    for one in found:
        lines += [f"## {one['name'].replace('_', '-')}", "", *_facts(one), ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _facts(one: Mapping[str, Any]) -> Iterator[str]:
    """Yield the section of one feature."""
    yield f"`{one['name']}`: " + one["text"].replace("``", "`").replace("|", "\\|")
    yield ""
    for key, declared in one["parameters"].items():
        if "options" in declared:
            valid = "one of " + ", ".join(declared["options"])
        elif "table" in declared:
            valid = f"the file of {declared['valid']}"
        else:
            valid = f"{declared['least']:g} to {declared['most']:g}"
        yield f"- `{key}` = {declared['default']} ({valid})"
    units = ", ".join(dict.fromkeys(one["unit"]))
    yield f"- Inputs: {'; '.join(one['inputs'])}. Outputs: {', '.join(one['outputs'])}, in {units}."
    yield f"- First value after {one['lookback']} rows; after {one['converged']} the start no longer matters (1e-6)."
    yield f"- Stability: {one['stability']}. Compared with: {one['oracle'] or 'a literal reference'}."
    if one["convention"]:
        yield f"- Convention: {one['convention']}."
    if one["reference"]:
        yield f"- Source: {one['reference']}."
