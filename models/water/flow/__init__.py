"""Groundwater flow: heads and flows between cells, steady and in time, confined and with a water table."""
