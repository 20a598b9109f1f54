"""Source terms: from a hole, a pipe, a pool or a vent to what enters the air in time."""
