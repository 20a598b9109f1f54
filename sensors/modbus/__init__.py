"""Modbus: factor codes, canonical polls."""
