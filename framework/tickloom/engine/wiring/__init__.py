"""From a config to a run: tables are numbered, plugins built, listeners connected, results collected."""
