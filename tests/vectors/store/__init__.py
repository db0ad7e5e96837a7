"""Folders as older versions left them."""
