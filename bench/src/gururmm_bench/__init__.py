"""The fleet simulator and the benchmarks.

Owns believable machines that speak the real protocol, and the figures that the product promises, each measured on
real processes. Refuses to fake a figure: what could not be measured is reported as missing, with the reason.
"""
