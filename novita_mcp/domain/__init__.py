"""PURE: the rules and the arithmetic. No I/O, no clock, no mcp, no httpx."""
