"""Multiply-adds of layers and functions, from shapes alone."""
