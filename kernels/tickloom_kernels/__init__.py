"""Pure numba functions over numpy arrays: they know nobody, and everybody may call them."""
