"""python3 tests/bench: what `dragoman bench` runs (loader/bench.c)."""
import os
import sys

sys.dont_write_bytecode = True
HOME = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HOME)
from bench import cli  # noqa: E402

sys.exit(cli.main(sys.argv[1:], HOME))
