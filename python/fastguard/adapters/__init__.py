"""Adapters: the guard inside frameworks that others wrote. One module each; importing this package imports none of them."""
