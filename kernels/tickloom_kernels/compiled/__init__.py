"""Strategies that decide without Python: kernels that speak up, and kernels that place their own orders."""
