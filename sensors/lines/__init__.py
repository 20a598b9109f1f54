"""Drivers of lines: serial ports, streams, pollers, brokers."""
