"""Benchmarks of fastguard: one question a file, every result checked before it is timed."""
