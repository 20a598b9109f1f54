"""The unsaturated column from the ground to the water table: Richards and what the water carries."""
