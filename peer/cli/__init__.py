"""The library from a command line: `python -m peer`.

What a command needs is imported when it runs: `--help` and a wrong argument cost no network library.
"""
