"""What a run was worth: equity, returns, round trips, orders, costs and metrics, with numpy only.

`tickloom.record.RunRecord.evaluation` holds all of it for one run; the functions behind it stand alone.
"""
