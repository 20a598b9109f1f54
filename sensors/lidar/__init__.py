"""Lidar scans."""
