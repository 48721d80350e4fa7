"""Money that comes in and goes out: payment links, providers, receiving, allocating, refunding."""
