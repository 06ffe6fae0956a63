"""`python -m novita_mcp` is the same as `novita-mcp`."""

from novita_mcp.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
