"""The second channel: a page on this computer that the person's browser shows.

How the secret travels: the browser is started with the path of a file that only its owner can read, so
nothing worth stealing is on a command line. The file posts a launch token, which works once, and gets a
cookie back that is limited to one unguessable path. No secret is ever part of an address, a page or a log.
"""

from novita_mcp.approval.page.approval_page import ApprovalPage

__all__ = ["ApprovalPage"]
