"""The config of a run: TOML into checked sections, and a plugin's options into its constructor."""

from tickloom.config.reader import SECTIONS, Config, config_from, load_config

__all__ = ["SECTIONS", "Config", "config_from", "load_config"]
