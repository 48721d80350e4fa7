"""Parts of the benchmark of telemetry."""
