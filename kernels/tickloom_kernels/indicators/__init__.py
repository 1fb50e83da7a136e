"""Indicators as kernels: one step with carried state, so that stream and batch are bitwise equal."""
