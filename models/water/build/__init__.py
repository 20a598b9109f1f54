"""Building a groundwater model from a park: grid from strata, properties, edges, random fields."""
