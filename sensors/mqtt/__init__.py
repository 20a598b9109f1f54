"""MQTT payloads."""
