"""HJ 212: the line protocol of Chinese environmental monitoring."""
