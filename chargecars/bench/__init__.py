"""Benchmarks: each sets itself up, checks the answers it times, prints a table and, last, one line of JSON."""
