"""The protocols of others, one module each, all of them thin: read, judge, write in their shape."""
