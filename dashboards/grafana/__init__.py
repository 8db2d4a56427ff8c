"""Boards as classic Grafana JSON with InfluxQL text, alert rules, provisioning files, and the way into a server."""
