"""The report of a run: a summary in the terminal, one page that opens offline, and the metrics as JSON."""
