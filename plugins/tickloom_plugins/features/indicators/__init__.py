"""The declarations of our features, by family; their step functions are kernels."""
