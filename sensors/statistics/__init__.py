"""Statistics of measured values: pure functions, each with its source. No store, no clock."""
