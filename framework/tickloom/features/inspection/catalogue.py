"""The catalogue of installed features, for people and for programs: made from their records and from nothing else."""

from collections.abc import Iterator, Mapping
from typing import Any

from tickloom.errors import ConfigError
from tickloom.features.columns import stream
from tickloom.features.declare import Choice, Feature, Use, Window
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
        "unit": feature.unit,
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
    yield f"outputs: {', '.join(told['outputs'])} (unit: {told['unit']}; power of the price scale: {powers})"
    yield f"first value after {told['lookback']} rows; {told['converged']} rows until the start no longer matters (by 1e-6)"
    yield f"stability: {told['stability']}; compared with: {told['oracle'] or 'a literal reference'}"
    if told["convention"]:
        yield f"convention: {told['convention']}"
    if told["reference"]:
        yield f"source: {told['reference']}"
    yield f"version {told['version']}, code {told['code']}"
