"""Readings over time: samples on their way to the table, roll-ups, history on a grid, and what counts as a problem.

Owns core.agent_metrics and agent_metrics_hourly. Refuses to draw a line across what was not measured.
"""
