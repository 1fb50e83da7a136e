"""Views as compiled code: what code is, as text; the source of fused units; compiling and keeping them."""
