"""An MCP server that lets an agent rent GPUs on Novita AI, under a person's control."""

__version__ = "0.1.0"
